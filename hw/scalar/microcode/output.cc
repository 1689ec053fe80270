#include "output.h"

#include "config.h"
#include "report.h"

namespace {

constexpr uint32_t ADDRESS_MASK = (1u << WEFT_ADDRESS_BITS) - 1;

// Looks for the first byte of a block that is beyond the scratchpad.
bool search_beyond(const Output &output) {
    uint32_t row_base = output.base;
    for (uint32_t rows = config.array.tile_h; rows; rows--, row_base += output.row_step) {
        uint32_t pixel = row_base;
        for (uint32_t n = config.array.tile_w; n; n--, pixel += output.results.pixel_step) {
            const uint32_t first = pixel & ADDRESS_MASK;
            if (first + output.results.n_cols > WEFT_SCRATCHPAD_BYTES)
                return fail(WEFT_CAUSE_RANGE,
                            first > WEFT_SCRATCHPAD_BYTES ? first : WEFT_SCRATCHPAD_BYTES);
        }
    }
    return true;
}

// quant: byte offset of the parameters behind a block's tiles.
void set_columns(uint32_t quant, Column *columns) {
    const bool per_channel = config.array.per_channel;
    uint32_t shifts = machine::weight(quant + 8 * WEFT_COLS);
    for (uint32_t c = 0; c < WEFT_COLS; c++, quant += 4, shifts >>= 8) {
        columns[c].bias = machine::weight(quant);
        columns[c].scale = per_channel ? Scale::of(machine::weight(quant + 4 * WEFT_COLS),
                                                   static_cast<int8_t>(shifts))
                                       : scale_of();
    }
}

}  // namespace

Scale scale_of() {
    return Scale::of(config.array.multiplier,
                     config.array.shift);
}

bool output_of(uint32_t block, Output *output) {
    Results &results = output->results;
    const uint32_t tile_w = config.array.tile_w;
    const uint32_t tile_h = config.array.tile_h;
    const uint32_t wide = config.array.wide;
    results.right = wide == WEFT_WIDE_HIGH ? 8 : 0;
    results.range = {config.array.zero_point, INT16_MIN, INT16_MAX};
    if (wide == WEFT_WIDE_NONE) {
        results.range.low = config.array.low;
        results.range.high = config.array.high;
    }
    results.table = config.array.table_out ? table(0) : nullptr;
    results.pixel_step = config.array.out_pixel_step;
    results.n_cols = block == config.array.blocks - 1
                         ? config.array.last_cols
                         : WEFT_COLS;
    output->base = (config.array.out_base +
                    block * config.array.out_block_step) &
                   ADDRESS_MASK;
    output->row_step = config.array.out_row_step;
    // Steps are not negative: without a wrap the last byte is the highest.
    const uint64_t end = static_cast<uint64_t>(tile_h - 1) * output->row_step +
                         static_cast<uint64_t>(tile_w - 1) * results.pixel_step + output->base +
                         results.n_cols;
    const bool inside = end <= WEFT_SCRATCHPAD_BYTES;
    output->overlaps = !inside || results.pixel_step < results.n_cols;
    return inside || search_beyond(*output);
}

void write_row(const Output &output, const int32_t *sums, uint32_t to, uint32_t n_pixels) {
    const uint32_t n = output.overlaps ? 1 : n_pixels;
    for (; n_pixels; n_pixels -= n) {
        write_results(output.results, sums, to, n);
        sums += WEFT_COLS;
        to += output.results.pixel_step;
    }
}

bool write_sums(uint32_t block, uint32_t quant) {
    Output output;
    if (!output_of(block, &output)) return false;
    set_columns(quant, output.results.columns);
    const int32_t *sums = machine::sums_of(0);
    const uint32_t tile_w = config.array.tile_w;
    uint32_t to = output.base;
    for (uint32_t rows = config.array.tile_h; rows; rows--) {
        write_row(output, sums, to, tile_w);
        sums += tile_w * WEFT_COLS;
        to += output.row_step;
    }
    return true;
}
