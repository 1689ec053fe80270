// Pixels that need no checks: the innermost loops, in which nearly all time goes.
#include "pixel.h"

namespace {

inline void tile_of_products(uint32_t activations, const uint32_t *weights) {
    machine::mac_broadcast<0>(activations, weights[0]);
    machine::mac_broadcast<1>(activations, weights[1]);
    machine::mac_broadcast<2>(activations, weights[2]);
    machine::mac_broadcast<3>(activations, weights[3]);
}

}  // namespace

void convolve_whole(const Tap *tap, const Tap *end, const uint8_t *base, uint32_t step,
                    uint32_t n_tiles, const uint32_t *weights) {
    for (; tap != end; tap++) {
        const uint32_t *activations = reinterpret_cast<const uint32_t *>(base + tap->offset);
        uint32_t n = n_tiles;
        if (step == 1) {
            for (; n >= 4; n -= 4) {
                tile_of_products(activations[0], weights);
                tile_of_products(activations[1], weights + TILE_WORDS);
                tile_of_products(activations[2], weights + 2 * TILE_WORDS);
                tile_of_products(activations[3], weights + 3 * TILE_WORDS);
                activations += 4;
                weights += 4 * TILE_WORDS;
            }
        }
        for (; n; n--) {
            tile_of_products(*activations, weights);
            activations += step;
            weights += TILE_WORDS;
        }
    }
}

void convolve_depthwise_whole(const Tap *tap, const Tap *end, const uint8_t *base,
                              const uint32_t *weights) {
    for (; tap != end; tap++)
        machine::mac_each(*reinterpret_cast<const uint32_t *>(base + tap->offset), *weights++);
}
