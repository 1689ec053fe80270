#include "elementwise.h"

#include "config.h"
#include "output.h"
#include "scratchpad.h"

namespace {

constexpr uint32_t MOST_PIXELS = 8;  // that are read before their results are written

int32_t values[MOST_PIXELS * WEFT_COLS];

struct Operands {
    uint32_t a, b;                     // addresses
    const int32_t *table_a, *table_b;  // null: a as it is, no b
    uint32_t pixel_step;
};

int32_t code(uint32_t bytes) { return static_cast<int8_t>(bytes); }

void read_values(Operands &from, uint32_t n_pixels) {
    int32_t *to = values;
    for (; n_pixels; n_pixels--) {
        uint32_t a = window(from.a), b = from.table_b ? window(from.b) : 0;
        for (uint32_t c = 0; c < WEFT_COLS; c++, a >>= 8, b >>= 8) {
            uint32_t value = from.table_a ? looked_up(from.table_a, code(a)) : code(a);
            if (from.table_b) value += looked_up(from.table_b, code(b));
            *to++ = value;
        }
        from.a += from.pixel_step;
        from.b += from.pixel_step;
    }
}

void run_row(const Output &output, Operands from, uint32_t to, uint32_t n_pixels) {
    while (n_pixels) {
        const uint32_t n = n_pixels < MOST_PIXELS ? n_pixels : MOST_PIXELS;
        read_values(from, n);
        write_row(output, values, to, n);
        to += n * output.results.pixel_step;
        n_pixels -= n;
    }
}

}  // namespace

bool run_elementwise() {
    Operands from;
    from.table_a = config.array.table_a ? table(0) : nullptr;
    from.table_b = config.array.binary ? table(1) : nullptr;
    from.pixel_step = config.array.pixel_step;
    const uint32_t in_base = config.array.in_base;
    const uint32_t b_from_a = config.array.b_base - in_base;
    const uint32_t row_step = config.array.row_step;
    const uint32_t n_blocks = config.array.blocks;
    Output output;
    for (Column &column : output.results.columns) column = {0, scale_of()};
    for (uint32_t block = 0; block < n_blocks; block++) {
        if (!output_of(block, &output)) return false;
        from.a = in_base + block * config.array.in_block_step;
        uint32_t to = output.base;
        for (uint32_t rows = config.array.tile_h; rows; rows--) {
            from.b = from.a + b_from_a;
            run_row(output, from, to, config.array.tile_w);
            from.a += row_step;
            to += output.row_step;
        }
    }
    return true;
}
