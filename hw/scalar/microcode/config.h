// What a program leaves from command to command: the fields of configuration words, and sums.
#ifndef WEFT_CONFIG_FIELDS_H
#define WEFT_CONFIG_FIELDS_H

#include "machine.h"

struct Config {
    weft_load_t load, store;
    weft_array_t array;
    weft_core_t core;         // of commands that are refused
    uint32_t kept_w, kept_h;  // tile of the sums that the last array command kept; 0 for none
};

extern Config config;  // zero when a program starts

inline bool is_depthwise() { return config.array.mode == WEFT_MODE_DEPTHWISE; }

// Fields of a 64-bit word from the lowest bit on; widths: their bits, up to one of 0, with
// WEFT_SIGNED where they are signed.
void unpack(const uint32_t *word, const uint8_t *widths, uint32_t *fields);

uint32_t n_ones(uint32_t mask);

#endif  // WEFT_CONFIG_FIELDS_H
