#include "results.h"

#include "scratchpad.h"

// Column by column: what belongs to one stays in registers.
void write_results(const Results &results, const int32_t *sums, uint32_t to, uint32_t n_pixels) {
    uint8_t *const first = machine::chip(WEFT_CHIP_SCRATCHPAD + in_scratchpad(to));
    const Range range = results.range;
    const int32_t *const table = results.table;
    const uint32_t right = results.right, pixel_step = results.pixel_step;
    const int32_t *const end = sums + n_pixels * WEFT_COLS;
    for (uint32_t c = 0; c < results.n_cols; c++) {
        const Column column = results.columns[c];
        uint8_t *byte = first + c;
        for (const int32_t *sum = sums + c; sum < end; sum += WEFT_COLS) {
            int32_t y = range(
                column.scale(static_cast<int32_t>(static_cast<uint32_t>(*sum) + column.bias)));
            if (__builtin_expect(table != nullptr, 0)) y = looked_up(table, y);
            *byte = static_cast<uint8_t>(y >> right);
            byte += pixel_step;
        }
    }
}
