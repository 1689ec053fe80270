// Operators: runs them, and does for them what the processor leaves. For C++ and assembly.
#ifndef WEFT_GUEST_H
#define WEFT_GUEST_H

// What an operator came to.
#define GUEST_FAILED 0    // with the error noted
#define GUEST_COMPLETE 1  // its command is
#define GUEST_WORD 2      // it gives a word of a command

// Byte offsets in Config.
#define CONFIG_FUNCTION 0
#define CONFIG_ARGUMENT 4
#define CONFIG_BOOT 8
#define CONFIG_ACCEPT 12
#define CONFIG_DISPATCHED 16

#ifndef __ASSEMBLER__
#include "machine.h"

// Begins the CORE command of `config`; false where that fails, with the error noted.
bool begin_guest();

extern "C" {
// Goes on with it, and returns one of the above. Behind the end of a command an operator goes on
// with the next one.
uint32_t run_guest();

extern uint32_t guest_pc;
extern uint32_t guest_trap_cycles;  // what the operator asks for, for its handler of exceptions
extern uint32_t guest_trapped;      // not 0 while that runs
extern uint32_t guest_word[2];      // that the operator gives
}
#endif

#endif  // WEFT_GUEST_H
