// Pixels at the border of the image, at odd addresses, or with weights that wrap: with every check.
#include "config.h"
#include "pixel.h"
#include "scratchpad.h"

namespace {

// Rows in use in a block of input channels.
uint32_t rows_of(uint32_t cb) {
    return cb == config.array.cb_count - 1 ? plan.last_rows : ALL_ROWS;
}

template <int column>
void fold_column(int32_t *sums) {
    const int32_t sum = machine::mac_read<column>();
    if (sum > sums[column]) sums[column] = sum;
    machine::mac_write<column>(0);
}

// If the maximum is asked for: puts the greater of the sums and what is there in their place, and
// begins anew.
[[gnu::noinline]] void end_pass(int32_t *sums) {
    if (!config.array.maximum) return;
    fold_column<0>(sums);
    fold_column<1>(sums);
    fold_column<2>(sums);
    fold_column<3>(sums);
}

// As much of a tap in convolution mode as can be done without further checks; returns the blocks
// of input channels.
uint32_t convolve_aligned(const Pixel &pixel, const Tap &tap, uint32_t offset) {
    if (tap.merges || config.array.maximum || tap.rows != ALL_ROWS ||
        offset + plan.n_whole * TILE_BYTES > WEFT_WEIGHT_MEMORY_BYTES)
        return 0;
    const uint32_t *weights = weights_at(offset);
    // Padding is a word that is read again and again.
    const uint32_t *from = &plan.pad;
    uint32_t step = 0;
    if (is_inside(pixel, tap)) {
        const uint32_t first = in_scratchpad(pixel.address + tap.stream.offset);
        step = config.array.cb_step;
        if ((first | step) % 4 || first + plan.n_whole * step > WEFT_SCRATCHPAD_BYTES) return 0;
        from = &machine::chip_word(WEFT_CHIP_SCRATCHPAD + first);
    }
    for (uint32_t n = plan.n_whole; n; n--) {
        tile_of_products(*from, weights);
        from += step / 4;
        weights += TILE_WORDS;
    }
    return plan.n_whole;
}

// A block of input channels of a descriptor in convolution mode; returns the offset of the next
// weights.
uint32_t convolve(const Pixel &pixel, const Tap &own, uint32_t cb, uint32_t weights, bool inside) {
    uint32_t word = window_of(pixel, own, cb, inside);
    if (own.merges) {
        const uint32_t own_bytes = (1u << 8 * own.stream.first) - 1;
        word = (word & own_bytes) | (window_of(pixel, (&own)[1], cb, inside) & ~own_bytes);
    }
    const uint32_t rows = own.rows & rows_of(cb);
    weights &= WEFT_WEIGHT_MEMORY_BYTES - 1;
    if (rows == ALL_ROWS && weights + TILE_BYTES <= WEFT_WEIGHT_MEMORY_BYTES) {
        tile_of_products(word, weights_at(weights));
        return weights + TILE_BYTES;
    }
    for (uint32_t left = rows; left; left >>= 1, word >>= 8) {
        if (!(left & 1)) continue;
        machine::mac_broadcast<0>(word, machine::weight(weights));
        weights += WEFT_WEIGHT_WORD_BYTES;
    }
    return weights;
}

}  // namespace

void run_taps(const Pixel &pixel, uint32_t weights, int32_t *sums, bool inside) {
    const bool depthwise = is_depthwise();
    for (const Tap *first = plan.taps, *next; first != plan.taps + plan.n_taps; first = next) {
        next = first;
        while (!next++->ends) {}
        weights &= WEFT_WEIGHT_MEMORY_BYTES - 1;
        uint32_t cb = 0;
        if (!depthwise) cb = convolve_aligned(pixel, *first, weights);
        weights += cb * TILE_BYTES;
        for (; cb < config.array.cb_count; cb++) {
            if (!depthwise) weights = convolve(pixel, *first, cb, weights, inside);
            for (const Tap *tap = first; depthwise && tap != next; tap++) {
                if (!(tap->rows & rows_of(cb))) continue;
                machine::mac_each(window_of(pixel, *tap, cb, inside), machine::weight(weights));
                weights += WEFT_WEIGHT_WORD_BYTES;
            }
            end_pass(sums);
        }
    }
}
