// One pixel of a tile: how its sums come about.
#ifndef WEFT_PIXEL_H
#define WEFT_PIXEL_H

#include "plan.h"


constexpr uint32_t TILE_WORDS = WEFT_ROWS;

struct Pixel {
    uint32_t address;  // of the tap at Plan::offset, before it wraps
    int32_t y, x, slot;
};

inline const uint32_t *weights_at(uint32_t offset) {
    return &machine::chip_word(WEFT_CHIP_WEIGHTS + offset);
}

// Convolution: taps whose rows all take part. n_tiles words of activations for each tap, from
// base + Tap::offset on, `step` words apart.
void convolve_whole(const Tap *tap, const Tap *end, const uint8_t *base, uint32_t step,
                    uint32_t n_tiles, const uint32_t *weights);

// Depthwise: a word of activations for each tap.
void convolve_depthwise_whole(const Tap *tap, const Tap *end, const uint8_t *base,
                              const uint32_t *weights);

// All taps of the plan, with every check; from the tile at byte offset `weights` on. `sums`: where
// the maximum is kept.
void convolve(const Pixel &pixel, uint32_t weights, int32_t *sums);
void convolve_depthwise(const Pixel &pixel, uint32_t weights, int32_t *sums);

#endif  // WEFT_PIXEL_H
