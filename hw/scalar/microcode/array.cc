#include "array.h"

#include "elementwise.h"
#include "config.h"
#include "output.h"
#include "passes.h"
#include "plan.h"
#include "report.h"

namespace {

// What is wrong with a command, or 0.
uint32_t cause_of() {
    const uint32_t mode = config.array.mode, run = config.array.run;
    const uint32_t tile_w = config.array.tile_w, blocks = config.array.blocks;
    const uint32_t most_lead =
        mode != WEFT_MODE_DEPTHWISE ? 0 : run < WEFT_MAX_LEAD ? run : WEFT_MAX_LEAD;
    const int32_t shift = config.array.shift;
    const uint32_t table_out = config.array.table_out, wide = config.array.wide;
    const bool elementwise = mode == WEFT_MODE_ELEMENTWISE;
    if (mode > WEFT_MODE_ELEMENTWISE || !tile_w || !config.array.tile_h || !blocks ||
        run < tile_w || config.array.lead > most_lead ||
        config.array.last_cols - 1 >= WEFT_COLS || shift < -31 || shift > 30 ||
        config.array.multiplier >> 31 || wide > WEFT_WIDE_HIGH ||
        (wide && table_out))
        return WEFT_CAUSE_CONFIG;
    if (elementwise) {
        if (run != tile_w || table_out) return WEFT_CAUSE_CONFIG;
    } else {
        const bool keeps = config.array.keep_in || config.array.keep_out;
        if (!config.array.entries || !config.array.cb_count ||
            config.array.last_rows - 1 >= WEFT_ROWS || (keeps && blocks != 1))
            return WEFT_CAUSE_CONFIG;
    }
    if (!WEFT_HAS_ELEMENTWISE && (elementwise || table_out)) return WEFT_CAUSE_ABSENT;
    if (WEFT_STREAMS < 2 && elementwise && config.array.binary) return WEFT_CAUSE_ABSENT;
    return WEFT_CAUSE_NONE;
}

// All pass descriptors of a block, as many at a time as a plan holds.
// weights: byte offset of the first tile; returns that of what is behind the last one.
[[gnu::noinline]] uint32_t sum_block(uint32_t block, uint32_t weights) {
    const uint32_t n_entries = config.array.entries;
    const uint32_t table = config.array.table * WEFT_WEIGHT_WORD_BYTES;
    bool resumes = config.array.keep_in;
    for (uint32_t entry = 0; entry < n_entries;) {
        if (block == 0 || plan.n_entries != n_entries)
            make_plan(table + entry * WEFT_DESCRIPTOR_WORDS * WEFT_WEIGHT_WORD_BYTES,
                      n_entries - entry);
        run_passes(block * config.array.in_block_step, weights, resumes);
        weights += plan.weight_bytes;
        entry += plan.n_entries;
        resumes = true;
    }
    return weights;
}

bool run_sums() {
    const bool keeps = config.array.keep_out;
    if (config.array.tile_w * config.array.tile_h > WEFT_ACCUMULATOR_DEPTH ||
        (config.array.keep_in && (config.array.tile_w != config.kept_w ||
                                  config.array.tile_h != config.kept_h)))
        return refuse(WEFT_CAUSE_CONFIG);
    const uint32_t first = config.array.weights * WEFT_WEIGHT_WORD_BYTES;
    const uint32_t n_blocks = config.array.blocks;
    const uint32_t n_passes = config.array.entries * config.array.cb_count;
    count(WEFT_REG_COUNTER_ARRAY_SLOT,
          config.array.tile_w * config.array.tile_h * n_blocks * n_passes);
    uint32_t weights = first;
    for (uint32_t block = 0; block < n_blocks; block++) {
        if (config.array.shared) weights = first;
        weights = sum_block(block, weights);
        if (keeps) continue;
        if (!write_sums(block, weights)) return false;
        weights += quant_bytes();
    }
    config.kept_w = keeps ? config.array.tile_w : 0;
    config.kept_h = config.array.tile_h;
    return true;
}

}  // namespace

bool run_array() {
    const uint32_t cause = cause_of();
    if (cause != WEFT_CAUSE_NONE) return refuse(cause);
    if (WEFT_HAS_ELEMENTWISE && config.array.mode == WEFT_MODE_ELEMENTWISE)
        return run_elementwise();
    return run_sums();
}
