// What a program leaves from command to command: the fields of configuration words, sums, counts.
#ifndef WEFT_CONFIG_FIELDS_H
#define WEFT_CONFIG_FIELDS_H

#include "machine.h"

constexpr uint32_t N_ENGINES = WEFT_ENGINE_STORE + 1;

struct Config {
    weft_core_t core;                // without a core, of commands that are refused
    uint32_t dispatched[N_ENGINES];  // commands
    weft_load_t load, store;
    weft_array_t array;
    uint32_t kept_w, kept_h;  // tile of the sums that the last array command kept; 0 for none
#if WEFT_HAS_CORE
    bool booted;
    // The core runs a command: since which cycle, and what was dispatched before.
    bool on_core;
    uint32_t began, dispatched_before[N_ENGINES];
#endif
};

extern Config config;  // zero when a program starts

inline bool is_depthwise() { return config.array.mode == WEFT_MODE_DEPTHWISE; }

// Fields of a 64-bit word from the lowest bit on; widths: their bits, up to one of 0, with
// WEFT_SIGNED where they are signed.
void unpack(const uint32_t *word, const uint8_t *widths, uint32_t *fields);

uint32_t n_ones(uint32_t mask);

#endif  // WEFT_CONFIG_FIELDS_H
