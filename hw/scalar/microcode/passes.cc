#include "passes.h"

#include "config.h"
#include "pixel.h"
#include "scratchpad.h"

namespace {

bool is_regular(const Pixel &pixel) {
    return static_cast<uint32_t>(pixel.x + plan.low_x) < plan.n_x &&
           static_cast<uint32_t>(pixel.slot) < plan.n_slots &&
           pixel.address % 4 == 0 &&
           in_scratchpad(pixel.address) + plan.n_bytes <= WEFT_SCRATCHPAD_BYTES;
}

void begin(int32_t *sums, bool resumes) {
    if (config.array.maximum && !resumes) {
        for (int c = 0; c < WEFT_COLS; c++) sums[c] = INT32_MIN;
    }
    if (config.array.maximum || !resumes) {
        machine::mac_write<0>(0);
        machine::mac_write<1>(0);
        machine::mac_write<2>(0);
        machine::mac_write<3>(0);
    } else {
        machine::mac_write<0>(sums[0]);
        machine::mac_write<1>(sums[1]);
        machine::mac_write<2>(sums[2]);
        machine::mac_write<3>(sums[3]);
    }
}

void end(int32_t *sums) {
    sums[0] = machine::mac_read<0>();
    sums[1] = machine::mac_read<1>();
    sums[2] = machine::mac_read<2>();
    sums[3] = machine::mac_read<3>();
}

}  // namespace

void run_passes(uint32_t input, uint32_t weights, bool resumes) {
    static_assert(WEFT_COLS == 4 && WEFT_ROWS == 4, "of the processor's MAC");
    weights &= WEFT_WEIGHT_MEMORY_BYTES - 1;
    const bool weights_wrap = weights + plan.weight_bytes > WEFT_WEIGHT_MEMORY_BYTES;
    int32_t *sums = machine::sums_of(0);
    uint32_t row_address = config.array.in_base + input + plan.offset - config.array.lead * config.array.pixel_step;
    int32_t y = config.array.y0;
    for (uint32_t row = 0; row < config.array.tile_h; row++, y += config.array.y_step, row_address += config.array.row_step) {
        const bool row_regular =
            static_cast<uint32_t>(y + plan.low_y) < plan.n_y && !weights_wrap && plan.n_slots;
        Pixel pixel{row_address, y, config.array.x0, 0};
        pixel.x -= config.array.lead * config.array.x_step;
        pixel.slot -= config.array.lead;
        for (uint32_t column = 0; column < config.array.tile_w; column++) {
            begin(sums, resumes);
            if (row_regular && is_regular(pixel)) {
                const uint8_t *const base =
                    machine::chip(WEFT_CHIP_SCRATCHPAD + in_scratchpad(pixel.address));
                const Tap *const end = plan.taps + plan.n_taps;
                if (is_depthwise())
                    convolve_depthwise_whole(plan.taps, end, base, weights_at(weights));
                else
                    convolve_whole(plan.taps, end, base, config.array.cb_step / 4,
                                   config.array.cb_count, weights_at(weights));
            } else if (is_depthwise()) convolve_depthwise(pixel, weights, sums);
            else convolve(pixel, weights, sums);
            if (!config.array.maximum) end(sums);
            sums += WEFT_COLS;
            pixel.address += config.array.pixel_step;
            pixel.x += config.array.x_step;
            pixel.slot++;
        }
    }
}
