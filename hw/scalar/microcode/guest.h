// Operators: runs them, and does for them what the processor leaves.
#ifndef WEFT_GUEST_H
#define WEFT_GUEST_H

#include "machine.h"

enum class GuestEvent {
    NONE,      // the next instruction follows
    FAULT,     // of an access
    FAILED,    // with the error noted
    COMPLETE,  // the command is
    WORD,      // the operator gives a word of a command
};

struct Guest {
    uint32_t pc;
    uint32_t instruction;  // at pc, which the processor left
    uint32_t address, n_bytes, value;  // of the access that it is
    uint32_t csrs[5];      // mscratch, mepc, mcause, mtval, mtvec
    uint32_t trap_cycles;  // what the operator asks for, for its handler of exceptions
    uint32_t word[2];      // that it gives
    bool booted, trapped;  // trapped: its handler runs
};

extern Guest guest;

// Begins the CORE command of `config`; false where that fails, with the error noted.
bool begin_guest();

// Goes on with it: FAILED, COMPLETE or WORD. Behind the end of a command an operator goes on with
// the next one.
GuestEvent run_guest();

// Loads or stores in the mailbox or in external memory.
GuestEvent access_for_guest(bool stores);

#endif  // WEFT_GUEST_H
