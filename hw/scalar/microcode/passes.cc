#include "passes.h"

#include "config.h"
#include "pixel.h"
#include "scratchpad.h"

namespace {

bool is_inside(const Pixel &pixel) {
    return static_cast<uint32_t>(pixel.x + plan.low_x) < plan.n_x &&
           static_cast<uint32_t>(pixel.slot) < plan.n_slots &&
           in_scratchpad(pixel.address) + plan.n_bytes <= WEFT_SCRATCHPAD_BYTES;
}

// A pixel that needs checks.
void run_irregular(const Pixel &pixel, int32_t *sums, uint32_t weights, bool resumes, bool inside) {
    if (config.array.maximum && !resumes) {
        for (int c = 0; c < WEFT_COLS; c++) sums[c] = INT32_MIN;
    }
    if (config.array.maximum || !resumes) begin_sums();
    else resume_sums(sums);
    run_taps(pixel, weights, sums, inside);
    if (!config.array.maximum) end_sums(sums);
}

}  // namespace

void run_passes(uint32_t input, uint32_t weights, bool resumes) {
    static_assert(WEFT_COLS == 4 && WEFT_ROWS == 4, "of the processor's MAC");
    weights &= WEFT_WEIGHT_MEMORY_BYTES - 1;
    const bool regular =
        plan.aligned && weights + plan.weight_bytes <= WEFT_WEIGHT_MEMORY_BYTES;
    int32_t *sums = machine::sums_of(0);
    Pixel first{config.array.in_base + input + plan.offset, config.array.y0, config.array.x0, 0};
    first.address -= config.array.lead * config.array.pixel_step;
    first.x -= config.array.lead * config.array.x_step;
    first.slot -= config.array.lead;
    for (uint32_t rows = config.array.tile_h; rows; rows--) {
        const bool row_inside = static_cast<uint32_t>(first.y + plan.low_y) < plan.n_y;
        Pixel pixel = first;
        for (uint32_t left = config.array.tile_w; left;) {
            if (row_inside && regular) {
                const uint32_t n =
                    run_regular(&pixel, sums, left, weights_at(weights), resumes);
                sums += n * WEFT_COLS;
                left -= n;
                if (!left) break;
            }
            run_irregular(pixel, sums, weights, resumes, row_inside && is_inside(pixel));
            sums += WEFT_COLS;
            left--;
            pixel.address += config.array.pixel_step;
            pixel.x += config.array.x_step;
            pixel.slot++;
        }
        first.y += config.array.y_step;
        first.address += config.array.row_step;
    }
}
