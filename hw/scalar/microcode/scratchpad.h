// Reads of the scratchpad that need not be aligned.
#ifndef WEFT_SCRATCHPAD_H
#define WEFT_SCRATCHPAD_H

#include "machine.h"

inline uint32_t in_scratchpad(uint32_t address) { return address & (WEFT_SCRATCHPAD_BYTES - 1); }

// Four bytes at any address, which wraps.
uint32_t window(uint32_t address);

#endif  // WEFT_SCRATCHPAD_H
