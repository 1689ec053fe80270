// Pixels at the border of the image, at odd addresses, or with weights that wrap: with every check.
#include "config.h"
#include "pixel.h"
#include "scratchpad.h"

namespace {

// Whether a tap's window lies in the image.
bool is_inside(const Pixel &pixel, const Tap &tap) {
    const int32_t x = pixel.x + tap.dx + tap.shift * config.array.x_step;
    return tap.flags & TAP_READS && static_cast<uint32_t>(pixel.y + tap.dy) < config.array.height &&
           static_cast<uint32_t>(x) < config.array.width &&
           static_cast<uint32_t>(pixel.slot + tap.shift) < config.array.run;
}

// A tap's window of a block of input channels.
[[gnu::noinline]] uint32_t window_of(const Pixel &pixel, const Tap &tap, uint32_t cb) {
    if (!is_inside(pixel, tap)) return plan.pad;
    return window(pixel.address + tap.offset + cb * config.array.cb_step);
}

// Rows in use in a block of input channels.
uint32_t rows_of(uint32_t cb) { return cb == config.array.cb_count - 1 ? plan.last_rows : ALL_ROWS; }

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

// As much as can be done without checks of a tap whose rows all take part; returns the blocks of
// input channels.
uint32_t convolve_aligned(const Pixel &pixel, const Tap &tap, uint32_t weights) {
    const uint32_t n = plan.n_whole, n_bytes = n * TILE_WORDS * WEFT_WEIGHT_WORD_BYTES;
    if (weights + n_bytes > WEFT_WEIGHT_MEMORY_BYTES) return 0;
    // Padding is a word that is read again and again.
    const uint8_t *from = reinterpret_cast<const uint8_t *>(&plan.pad);
    uint32_t step = 0;
    if (is_inside(pixel, tap)) {
        const uint32_t first = in_scratchpad(pixel.address + tap.offset);
        step = config.array.cb_step;
        if ((first | step) % 4 || first + n * step > WEFT_SCRATCHPAD_BYTES) return 0;
        from = machine::chip(WEFT_CHIP_SCRATCHPAD + first);
    }
    convolve_whole(&tap, &tap + 1, from - tap.offset, step / 4, n, weights_at(weights));
    return n;
}

}  // namespace

void convolve(const Pixel &pixel, uint32_t weights, int32_t *sums) {
    const Tap *const end = plan.taps + plan.n_taps;
    for (const Tap *tap = plan.taps; tap != end; tap++) {
        const Tap &own = *tap;
        const bool merges = own.flags & TAP_MERGES;
        uint32_t cb = 0;
        if (!merges && !config.array.maximum && own.rows == ALL_ROWS) {
            weights &= WEFT_WEIGHT_MEMORY_BYTES - 1;
            cb = convolve_aligned(pixel, own, weights);
            weights += cb * TILE_WORDS * WEFT_WEIGHT_WORD_BYTES;
        }
        if (merges) tap++;
        for (; cb < config.array.cb_count; cb++) {
            uint32_t word = window_of(pixel, own, cb);
            if (merges) {
                const uint32_t own_bytes = (1u << 8 * own.first) - 1;
                word = (word & own_bytes) | (window_of(pixel, *tap, cb) & ~own_bytes);
            }
            for (uint32_t rows = own.rows & rows_of(cb); rows; rows >>= 1, word >>= 8) {
                if (!(rows & 1)) continue;
                machine::mac_broadcast<0>(word, machine::weight(weights));
                weights += WEFT_WEIGHT_WORD_BYTES;
            }
            end_pass(sums);
        }
    }
}

void convolve_depthwise(const Pixel &pixel, uint32_t weights, int32_t *sums) {
    const Tap *first = plan.taps;
    while (first != plan.taps + plan.n_taps) {
        const Tap *tap = first;
        for (uint32_t cb = 0; cb < config.array.cb_count; cb++) {
            tap = first;
            do {
                if (!(tap->rows & rows_of(cb))) continue;
                machine::mac_each(window_of(pixel, *tap, cb), machine::weight(weights));
                weights += WEFT_WEIGHT_WORD_BYTES;
            } while (!(tap++->flags & TAP_ENDS));
            end_pass(sums);
        }
        first = tap;
    }
}
