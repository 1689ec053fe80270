// Runs a board's design in Verilator with its serial line at a pseudo-terminal.
//
// pty_bench CYCLES_PER_BIT: the first line of the output is the path of the terminal; the design
// runs until standard input closes. With a damage rate (second argument, one in so many bytes in
// each direction) bits of bytes are flipped, from a seed (third argument).
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "Vtop.h"
#include "verilated.h"

namespace {

constexpr int kCyclesPerPoll = 256;

class Noise {
 public:
  Noise(uint32_t one_in, uint64_t seed) : one_in_(one_in), state_(seed * 2 + 1) {}

  uint8_t Damage(uint8_t octet) {
    if (one_in_ == 0 || Next() % one_in_ != 0) return octet;
    ++n_damaged_;
    return octet ^ (1u << (Next() % 8));
  }

  unsigned n_damaged() const { return n_damaged_; }

 private:
  uint32_t Next() {  // PCG-XSH-RR of O'Neill
    const uint64_t old = state_;
    state_ = old * 6364136223846793005ull + 1442695040888963407ull;
    const uint32_t shifted = static_cast<uint32_t>(((old >> 18) ^ old) >> 27);
    const uint32_t rotation = static_cast<uint32_t>(old >> 59);
    return (shifted >> rotation) | (shifted << ((32 - rotation) & 31));
  }

  uint32_t one_in_;
  uint64_t state_;
  unsigned n_damaged_ = 0;
};

// The host's end of the line: bytes to bits and bits to bytes, a cycle at a time.
class Line {
 public:
  Line(int cycles_per_bit, int terminal, Noise *noise)
      : cycles_per_bit_(cycles_per_bit), terminal_(terminal), noise_(noise) {}

  bool Send() {  // the bit towards the board
    if (send_left_ == 0) {
      if (at_ == filled_) return true;
      send_bits_ = 0x200u | static_cast<uint32_t>(noise_->Damage(buffer_[at_++])) << 1;
      send_left_ = 10 * cycles_per_bit_;
    }
    const int bit = 9 - (send_left_ - 1) / cycles_per_bit_;
    --send_left_;
    return send_bits_ >> bit & 1;
  }

  void Receive(bool bit) {
    if (receive_at_ < 0) {
      if (!bit) receive_at_ = 0, received_ = 0;
    } else if (++receive_at_ % cycles_per_bit_ == cycles_per_bit_ / 2) {
      const int index = receive_at_ / cycles_per_bit_;
      if (index >= 1 && index <= 8) received_ |= static_cast<unsigned>(bit) << (index - 1);
      if (index == 9) {
        const uint8_t octet = noise_->Damage(static_cast<uint8_t>(received_));
        if (write(terminal_, &octet, 1) < 0) perror("pty_bench: write");
        receive_at_ = -1;
      }
    }
  }

  void Fill() {
    if (at_ != filled_) return;
    const ssize_t n = read(terminal_, buffer_, sizeof buffer_);
    at_ = 0;
    filled_ = n > 0 ? static_cast<int>(n) : 0;
  }

 private:
  const int cycles_per_bit_, terminal_;
  Noise *const noise_;
  uint8_t buffer_[4096];
  int at_ = 0, filled_ = 0;
  uint32_t send_bits_ = 0;
  int send_left_ = 0, receive_at_ = -1;
  unsigned received_ = 0;
};

int OpenTerminal() {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0 || grantpt(terminal) || unlockpt(terminal)) {
    perror("pty_bench: no pseudo-terminal");
    exit(1);
  }
  const int held_open = open(ptsname(terminal), O_RDWR | O_NOCTTY);  // or reads fail between hosts
  termios raw;
  tcgetattr(held_open, &raw);
  cfmakeraw(&raw);
  tcsetattr(held_open, TCSANOW, &raw);
  fcntl(terminal, F_SETFL, O_NONBLOCK);
  printf("%s\n", ptsname(terminal));
  fflush(stdout);
  return terminal;
}

// An edge of the clock; that of a memory chip is twice as fast and rises behind each of them.
template <typename Top>
void Edge(Top *top, int clk) {
  top->clk = clk;
  if constexpr (requires { top->chip_clk; }) {
    top->chip_clk = 0;
    top->eval();
    top->chip_clk = 1;
  }
  top->eval();
}

bool InputClosed() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  char ignored;
  return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &ignored, 1) <= 0;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  const int cycles_per_bit = atoi(argv[1]);
  Noise noise(argc > 2 ? atoi(argv[2]) : 0, argc > 3 ? atoi(argv[3]) : 1);
  Line line(cycles_per_bit, OpenTerminal(), &noise);
  VerilatedContext context;
  context.commandArgs(argc, argv);
  const auto top = std::make_unique<Vtop>(&context);
  top->clk = 0;
  top->rst = 1;
  top->rx = 1;
  for (uint64_t cycle = 0; !context.gotFinish(); ++cycle) {
    if (cycle == 16) top->rst = 0;
    Edge(top.get(), 1);
    line.Receive(top->tx);
    top->rx = line.Send();
    Edge(top.get(), 0);
    if (cycle % kCyclesPerPoll == kCyclesPerPoll - 1) {  // not while the board is in reset
      if (InputClosed()) break;
      line.Fill();
    }
  }
  top->final();
  fprintf(stderr, "damaged bytes: %u\n", noise.n_damaged());
  return 0;
}
