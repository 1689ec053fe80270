// The processor's life: answer a reset, then one doorbell after the other.
#include "main.h"

#include "report.h"
#include "sequencer.h"

namespace {

// Zeros registers of the host from one on, as far as the error's, and the counters.
void clear_from(uint32_t first) {
    clear(&machine::host(first), WEFT_REG_ERROR_INFO + 4 - first);
    clear(&machine::host(WEFT_REG_COUNTER_TOTAL),
          WEFT_REG_COUNTER_BEATS_WRITTEN + 4 - WEFT_REG_COUNTER_TOTAL);
}

// `raised`: bits of the register INTERRUPT.
void come_to_rest(uint32_t state, uint32_t raised) {
    constexpr uint32_t state_bits = __builtin_popcount(WEFT_REG_STATUS_STATE_MASK);
    machine::write_control(WEFT_CONTROL_STATE, state | raised << state_bits);
}

}  // namespace

void answer_start() {
    const uint32_t request = machine::read_control(WEFT_CONTROL_REQUEST);
    if (!(request & WEFT_REQUEST_RESET)) return;
    clear_from(WEFT_REG_PROGRAM_REGION);
    const bool aborted = request & WEFT_REQUEST_ABORTED;
    if (aborted) {
        refuse(WEFT_CAUSE_ABORTED);
        name_source(WEFT_SEQUENCER, n_dispatched());
    }
    come_to_rest(WEFT_STATE_IDLE, aborted ? WEFT_REG_INTERRUPT_ERROR_MASK : 0);
}

bool answer_doorbell() {
    if (!(machine::read_control(WEFT_CONTROL_REQUEST) & WEFT_REQUEST_DOORBELL)) return false;
    clear_from(WEFT_REG_ERROR_CAUSE);
    const bool good = run_program();
    machine::host(WEFT_REG_COUNTER_TOTAL) = machine::read_control(WEFT_CONTROL_CYCLES);
    if (good) come_to_rest(WEFT_STATE_DONE, WEFT_REG_INTERRUPT_DONE_MASK);
    else come_to_rest(WEFT_STATE_ERROR, WEFT_REG_INTERRUPT_ERROR_MASK);
    return true;
}

#ifndef WEFT_HOST
extern "C" [[noreturn]] void weft_main() {
    answer_start();
    for (;;) answer_doorbell();
}
#endif
