// Runs one program on the Verilated core with memories, wait states and interrupts.
//
// harness IMAGE TRACE MAX_CYCLES SEED WAIT_PERCENT IRQ_PERCENT
// IMAGE: records of u32 address, u32 bytes, data. TRACE: file for the records below, or "-".
// The first memory holds code and is not written by stores; the second one is data, and code too.
// A store to EXIT ends the run, one to PRINT prints the word, one to IRQ sets the interrupt line.
// The last line of the output is "end <exit word or -1> <cycles> <instructions>".
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

// Verilator writes a double underscore of Verilog as ___05F.
#define PORT(bus, name) top->bus##___05F##name

namespace {

constexpr uint32_t kImemBase = 0, kDmemBase = 0x10000000, kMemoryBytes = 1 << 18;
constexpr uint32_t kExit = 0xf0000000, kPrint = 0xf0000004, kIrq = 0xf0000008;
constexpr uint32_t kDeviceBytes = 12;

struct Record {  // 12 words, little-endian; tests/core/lockstep.py reads them
  uint32_t flags, pc, insn, rd, rd_data, pc_next, address, masks, rdata, wdata, rs1_data, rs2_data;
};

class Memory {
 public:
  Memory() : imem_(kMemoryBytes), dmem_(kMemoryBytes) {}

  uint8_t *At(uint32_t address) {
    if (address - kImemBase < kMemoryBytes) return &imem_[address - kImemBase];
    if (address - kDmemBase < kMemoryBytes) return &dmem_[address - kDmemBase];
    return nullptr;
  }

  uint8_t *ForStore(uint32_t address) {
    return address - kDmemBase < kMemoryBytes ? At(address) : nullptr;
  }

  bool Load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    uint32_t header[2];
    while (fread(header, 4, 2, file) == 2) {
      uint8_t *to = At(header[0]);
      if (!to || fread(to, 1, header[1], file) != header[1]) return false;
    }
    fclose(file);
    return true;
  }

 private:
  std::vector<uint8_t> imem_, dmem_;
};

uint64_t random_state;

bool Chance(int percent) {
  if (percent == 0) return false;
  random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
  return (random_state >> 33) % 100 < static_cast<uint64_t>(percent);
}

uint32_t Word(const uint8_t *bytes) {
  uint32_t word;
  memcpy(&word, bytes, 4);
  return word;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  auto context = std::make_unique<VerilatedContext>();
  auto top = std::make_unique<Vtop>(context.get());
  Memory memory;
  if (!memory.Load(argv[1])) return 3;
  FILE *trace = strcmp(argv[2], "-") ? fopen(argv[2], "wb") : nullptr;
  const uint64_t max_cycles = strtoull(argv[3], nullptr, 0);
  random_state = strtoull(argv[4], nullptr, 0);
  const int wait_percent = atoi(argv[5]), irq_percent = atoi(argv[6]);

  bool fetching = false, pending = false, pending_write = false;
  uint32_t fetch_address = 0, address = 0;
  uint64_t cycle = 0, instructions = 0;
  int64_t exit_word = -1;
  top->reset_vector = kImemBase;
  for (; cycle < max_cycles && exit_word < 0; cycle++) {
    top->rst = cycle < 2;
    const uint8_t *fetched = fetching ? memory.At(fetch_address) : nullptr;
    PORT(ibus, rdata) = fetched ? Word(fetched) : 0xdeadbeef;
    PORT(ibus, error) = fetching && !fetched;
    const bool answer = pending && !Chance(wait_percent);
    const uint8_t *source = pending_write ? memory.ForStore(address & ~3u) : memory.At(address & ~3u);
    const bool device = pending_write && address - kExit < kDeviceBytes;
    PORT(dbus, rvalid) = answer;
    PORT(dbus, error) = answer && !source && !device;
    PORT(dbus, rdata) = answer && source && !pending_write ? Word(source) : 0xbaddcafe;
    PORT(dbus, ready) = !Chance(wait_percent);
    if (irq_percent && Chance(irq_percent)) top->irq = 1;
    top->clk = 0;
    top->eval();

    if (answer) pending = false;
    fetching = PORT(ibus, valid);
    fetch_address = PORT(ibus, address);
    if (PORT(dbus, valid) && PORT(dbus, ready) && !top->rst) {
      if (pending) return 4;  // a second access without the first one's answer
      pending = true;
      pending_write = PORT(dbus, write);
      address = PORT(dbus, address);
      const uint32_t data = PORT(dbus, wdata);
      if (pending_write) {
        uint8_t *target = memory.ForStore(address & ~3u);
        for (int i = 0; target && i < 4; i++)
          if (PORT(dbus, strobe) >> i & 1) target[i] = data >> (8 * i);
        if (address == kExit) exit_word = data;
        if (address == kPrint) printf("print %u\n", data);
        if (address == kIrq) top->irq = data & 1;
      }
    }
#ifdef RVFI
    if (PORT(rvfi, valid)) {
      instructions++;
      const Record record = {
          static_cast<uint32_t>(PORT(rvfi, trap) | PORT(rvfi, intr) << 1),
          PORT(rvfi, pc_rdata), PORT(rvfi, insn), PORT(rvfi, rd_addr), PORT(rvfi, rd_wdata),
          PORT(rvfi, pc_wdata), PORT(rvfi, mem_addr),
          static_cast<uint32_t>(PORT(rvfi, mem_rmask) | PORT(rvfi, mem_wmask) << 4),
          PORT(rvfi, mem_rdata), PORT(rvfi, mem_wdata), PORT(rvfi, rs1_rdata), PORT(rvfi, rs2_rdata)};
      if (trace) fwrite(&record, sizeof record, 1, trace);
    }
#endif
    top->clk = 1;
    top->eval();
  }
  if (trace) fclose(trace);
  printf("end %lld %llu %llu\n", static_cast<long long>(exit_word),
         static_cast<unsigned long long>(cycle), static_cast<unsigned long long>(instructions));
  return 0;
}
