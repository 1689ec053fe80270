#include "results.h"

#include "scratchpad.h"

void write_results(const Results &results, const int32_t *sums, uint32_t to, uint32_t n_pixels) {
    uint8_t *const scratchpad = machine::chip(WEFT_CHIP_SCRATCHPAD);
    const Range range = results.range;
    const int32_t *const table = results.table;
    const uint32_t right = results.right;
    const Column *const end = results.columns + results.n_cols;
    for (; n_pixels; n_pixels--) {
        const int32_t *sum = sums;
        uint32_t byte = to;
#pragma clang loop unroll(disable)
        for (const Column *column = results.columns; column != end; column++) {
            int32_t y = range(column->scale(
                static_cast<int32_t>(static_cast<uint32_t>(*sum++) + column->bias)));
            if (table) y = looked_up(table, y);
            scratchpad[in_scratchpad(byte++)] = static_cast<uint8_t>(y >> right);
        }
        sums += WEFT_COLS;
        to += results.pixel_step;
    }
}
