// The last step of every command: sums or operands become codes in the scratchpad.
#ifndef WEFT_RESULTS_H
#define WEFT_RESULTS_H

#include "machine.h"
#include "requantize.h"

struct Column {
    uint32_t bias;
    Scale scale;
};

struct Results {
    Column columns[WEFT_COLS];
    Range range;
    uint32_t right;        // bits that are shifted out: all but the byte that is written
    const int32_t *table;  // codes are looked up there; null: they are not
    uint32_t n_cols;       // that are written
    uint32_t pixel_step;
};

// Pixels one after the other that do not overlap, from an address on that wraps; sums: a word for
// each column, by pixel.
void write_results(const Results &results, const int32_t *sums, uint32_t to, uint32_t n_pixels);

// Byte code of a table of 256.
inline int32_t looked_up(const int32_t *table, int32_t code) { return table[code + 128]; }

#endif  // WEFT_RESULTS_H
