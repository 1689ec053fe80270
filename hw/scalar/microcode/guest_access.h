// Loads and stores of operators that the processor leaves: the mailbox, and external memory.
#ifndef WEFT_GUEST_ACCESS_H
#define WEFT_GUEST_ACCESS_H

#include "machine.h"

enum class GuestEvent {
    NONE,
    WAIT,      // the instruction has to be tried again
    FAULT,     // of the access
    FAILED,    // with the error noted
    COMPLETE,  // the command is
    WORD,      // the operator gives a word of a command
};

struct GuestAccess {
    uint32_t address, n_bytes;  // aligned
    bool stores;
    uint32_t value;  // to be stored; or the word with the bytes that are loaded, in their lanes
};

struct Mailbox {
    uint32_t trap_cycles;  // that the operator asks for, for the handler of its exceptions
    uint32_t word[2];
};

extern Mailbox mailbox;

GuestEvent access_for_guest(GuestAccess *access);

#endif  // WEFT_GUEST_ACCESS_H
