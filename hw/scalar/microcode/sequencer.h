// Takes a program's commands and has them executed, one after the other.
#ifndef WEFT_SEQUENCER_H
#define WEFT_SEQUENCER_H

#include "machine.h"

// Runs the program that the host's registers name; false where it is stopped, with the error noted.
bool run_program();

// Commands that the last program had dispatched; outlives a reset.
uint32_t n_dispatched();

#endif  // WEFT_SEQUENCER_H
