// One pixel of a tile: how its sums come about.
#ifndef WEFT_PIXEL_H
#define WEFT_PIXEL_H

#include "plan.h"

constexpr uint32_t TILE_WORDS = WEFT_ROWS, TILE_BYTES = TILE_WORDS * WEFT_WEIGHT_WORD_BYTES;

struct Pixel {
    uint32_t address;  // of the tap at Plan::offset, before it wraps
    int32_t y, x, slot;
};

inline const uint32_t *weights_at(uint32_t offset) {
    return &machine::chip_word(WEFT_CHIP_WEIGHTS + offset);
}

inline void begin_sums() {
    machine::mac_write<0>(0);
    machine::mac_write<1>(0);
    machine::mac_write<2>(0);
    machine::mac_write<3>(0);
}

inline void resume_sums(const int32_t *sums) {
    machine::mac_write<0>(sums[0]);
    machine::mac_write<1>(sums[1]);
    machine::mac_write<2>(sums[2]);
    machine::mac_write<3>(sums[3]);
}

inline void end_sums(int32_t *sums) {
    sums[0] = machine::mac_read<0>();
    sums[1] = machine::mac_read<1>();
    sums[2] = machine::mac_read<2>();
    sums[3] = machine::mac_read<3>();
}

inline void tile_of_products(uint32_t activations, const uint32_t *weights) {
    machine::mac_broadcast<0>(activations, weights[0]);
    machine::mac_broadcast<1>(activations, weights[1]);
    machine::mac_broadcast<2>(activations, weights[2]);
    machine::mac_broadcast<3>(activations, weights[3]);
}

// Whether a tap's window lies in the image.
bool is_inside(const Pixel &pixel, const Tap &tap);

// A tap's window of a block of input channels; inside: it surely lies in the image.
uint32_t window_of(const Pixel &pixel, const Tap &tap, uint32_t cb, bool inside);

// Pixels of a row for as long as they are regular; returns how many, with `pixel` behind them.
uint32_t run_regular(Pixel *pixel, int32_t *sums, uint32_t n_pixels, const uint32_t *weights,
                     bool resumes);

// All taps of the plan at any pixel, from the tile at byte offset `weights` on. inside: none of
// them reads padding or wraps. sums: where the maximum is kept.
void run_taps(const Pixel &pixel, uint32_t weights, int32_t *sums, bool inside);

#endif  // WEFT_PIXEL_H
