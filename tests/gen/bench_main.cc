// Runs a bench in Verilog that makes its own clock until $finish.
#include <memory>

#include "Vtop.h"
#include "verilated.h"

int main() {
  auto context = std::make_unique<VerilatedContext>();
  auto top = std::make_unique<Vtop>(context.get());
  while (!context->gotFinish()) {
    top->eval();
    if (!top->eventsPending()) break;
    context->time(top->nextTimeSlot());
  }
  top->final();
  return 0;
}
