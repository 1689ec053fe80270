// Pixels that need no checks: the innermost loops, in which nearly all time goes.
#include "config.h"
#include "pixel.h"
#include "scratchpad.h"

namespace {

inline void convolve_whole(const uint8_t *base, uint32_t step, const uint32_t *weights) {
    const Tap *const end = plan.taps + plan.n_taps;
    for (const Tap *tap = plan.taps; tap != end; tap++) {
        const uint32_t *activations = reinterpret_cast<const uint32_t *>(base + tap->stream.offset);
        uint32_t n = plan.n_whole;
        if (step == 1) {
            for (; n >= 2; n -= 2) {
                tile_of_products(activations[0], weights);
                tile_of_products(activations[1], weights + TILE_WORDS);
                activations += 2;
                weights += 2 * TILE_WORDS;
            }
        }
        for (; n; n--) {
            tile_of_products(*activations, weights);
            activations += step;
            weights += TILE_WORDS;
        }
    }
}

inline void convolve_depthwise_whole(const uint8_t *base, const uint32_t *weights) {
    const Tap *const end = plan.taps + plan.n_taps;
    for (const Tap *tap = plan.taps; tap != end; tap++) {
        const uint8_t *from = base + tap->stream.offset;
        machine::mac_each(*reinterpret_cast<const uint32_t *>(from), *weights++);
    }
}

}  // namespace

uint32_t run_regular(Pixel *pixel, int32_t *sums, uint32_t n_pixels, const uint32_t *weights,
                     bool resumes) {
    Pixel at = *pixel;
    const uint32_t last = WEFT_SCRATCHPAD_BYTES - plan.n_bytes, step = config.array.cb_step / 4;
    const bool depthwise = is_depthwise();
    uint32_t n = 0;
    for (; n < n_pixels; n++) {
        const uint32_t address = in_scratchpad(at.address);
        if (static_cast<uint32_t>(at.x + plan.low_x) >= plan.n_x ||
            static_cast<uint32_t>(at.slot) >= plan.n_slots || address > last || address % 4)
            break;
        const uint8_t *const base = machine::chip(WEFT_CHIP_SCRATCHPAD + address);
        if (resumes) resume_sums(sums);
        else begin_sums();
        if (depthwise) convolve_depthwise_whole(base, weights);
        else convolve_whole(base, step, weights);
        end_sums(sums);
        sums += WEFT_COLS;
        at.address += config.array.pixel_step;
        at.x += config.array.x_step;
        at.slot++;
    }
    *pixel = at;
    return n;
}
