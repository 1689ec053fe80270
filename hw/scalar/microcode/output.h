// Results of a command on their way to the scratchpad.
#ifndef WEFT_OUTPUT_H
#define WEFT_OUTPUT_H

#include "config.h"
#include "results.h"

// Where the results of a block go, and how they are made.
struct Output {
    Results results;
    uint32_t base, row_step;
    bool overlaps;  // pixels of a row may, and the later ones must win
};

// Of a block, but for the columns' scales and biases; false where one of its bytes is beyond the
// scratchpad, with the error noted.
bool output_of(uint32_t block, Output *output);

// Pixels of a row, from an address on.
void write_row(const Output &output, const int32_t *sums, uint32_t to, uint32_t n_pixels);

inline const int32_t *table(uint32_t which) {
    return reinterpret_cast<const int32_t *>(machine::chip(WEFT_CHIP_TABLES)) + 256 * which;
}

// Scale of all columns.
Scale scale_of();

// Bytes of the parameters that stand behind a block's tiles.
inline uint32_t quant_bytes() {
    return config.array.per_channel
               ? WEFT_QUANT_WORDS_PER_CHANNEL * WEFT_WEIGHT_WORD_BYTES
               : WEFT_QUANT_WORDS_SHARED * WEFT_WEIGHT_WORD_BYTES;
}

// The sums of a block as codes; quant: byte offset of its parameters in the weight memory.
// Returns false where a byte would be written beyond the scratchpad, with the error noted.
bool write_sums(uint32_t block, uint32_t quant);

#endif  // WEFT_OUTPUT_H
