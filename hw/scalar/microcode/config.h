// What the engines' configuration words say, field by field.
#ifndef WEFT_CONFIG_FIELDS_H
#define WEFT_CONFIG_FIELDS_H

#include "machine.h"

struct Config {
    weft_load_t load, store;
    weft_array_t array;
};

extern Config config;

inline bool is_depthwise() { return config.array.mode == WEFT_MODE_DEPTHWISE; }

// Fields of a 64-bit word from the lowest bit on; widths: their bits, up to one of 0, with
// WEFT_SIGNED where they are signed.
void unpack(const uint32_t *word, const uint8_t *widths, uint32_t *fields);

uint32_t n_ones(uint32_t mask);

#endif  // WEFT_CONFIG_FIELDS_H
