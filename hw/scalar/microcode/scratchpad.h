// Reads of the scratchpad that need not be aligned.
#ifndef WEFT_SCRATCHPAD_H
#define WEFT_SCRATCHPAD_H

#include "machine.h"

inline uint32_t in_scratchpad(uint32_t address) { return address & (WEFT_SCRATCHPAD_BYTES - 1); }

// Four bytes at any address, which wraps.
inline uint32_t window_at(uint32_t address) {
    const uint32_t mask = (WEFT_SCRATCHPAD_BYTES - 1) & ~3u, shift = 8 * (address & 3);
    const uint32_t low = machine::chip_word(WEFT_CHIP_SCRATCHPAD + (address & mask));
    if (shift == 0) return low;
    const uint32_t high = machine::chip_word(WEFT_CHIP_SCRATCHPAD + ((address + 4) & mask));
    return low >> shift | high << (32 - shift);
}

// The same as a function.
uint32_t window(uint32_t address);

#endif  // WEFT_SCRATCHPAD_H
