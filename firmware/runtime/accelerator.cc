// Commands for the DMA engines and the array, put together on the core.
#include "weft_accelerator.h"

#include <string.h>

#ifdef WEFT_HOST
#include <memory>
#include <vector>
#endif

#include "accelerator_port.h"
#include "weft_commands.h"
#include "weft_fixed_point.h"

#define FIELD(name, value) \
    ((static_cast<uint64_t>(static_cast<int64_t>(value)) << name##_SHIFT) & name##_MASK)

namespace {

constexpr uint32_t kUnit = 8;           // bytes of a word of commands and descriptors
constexpr uint32_t kTableEntries = 256;
constexpr int32_t kIdentity = 1 << 30;  // with a shift of 1, a multiplier that changes nothing
constexpr int32_t kMaxExtent = 0xFFFF;
constexpr uint32_t kDmaWords = 4, kArrayWords = 10;

int32_t ceil_div(int32_t n, int32_t by) { return (n + by - 1) / by; }
int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

// ---- giving commands ----------------------------------------------------------------------------
struct Waits {
    uint32_t of[4] = {};

    void add(weft_ticket_t ticket) {
        uint32_t &number = of[ticket >> 16];
        if (number < (ticket & 0xFFFF)) number = ticket & 0xFFFF;
    }
};

weft_ticket_t last_of(const weft_queue_t *queue, uint32_t engine) {
    return engine << 16 | queue->given[engine];
}

weft_ticket_t give(weft_queue_t *queue, uint32_t opcode, const Waits &waits, const uint64_t *words,
                   uint32_t n) {
    const uint32_t engine = opcode & 3;
    weft_port_give(FIELD(WEFT_HEADER_OPCODE, opcode) | FIELD(WEFT_HEADER_WORDS, n) |
                   FIELD(WEFT_HEADER_MASK, (1u << n) - 1));
    weft_port_give(FIELD(WEFT_WAITS_LOAD, waits.of[WEFT_ENGINE_LOAD]) |
                   FIELD(WEFT_WAITS_ARRAY, waits.of[WEFT_ENGINE_ARRAY]) |
                   FIELD(WEFT_WAITS_STORE, waits.of[WEFT_ENGINE_STORE]));
    for (uint32_t i = 0; i < n; i++) weft_port_give(words[i]);
    queue->given[engine]++;
    return last_of(queue, engine);
}

// ---- places -------------------------------------------------------------------------------------
bool in_scratchpad(uint32_t address) {
    return address >= WEFT_PORT_SCRATCHPAD && address < WEFT_PORT_SCRATCHPAD_END;
}

uint32_t chip(const void *data) {
    const uint32_t address = weft_port_address(data);
    if (!in_scratchpad(address)) weft_fail(WEFT_STATUS_PARAMS);
    return address - WEFT_PORT_SCRATCHPAD;
}

// ---- load and store -----------------------------------------------------------------------------
// Rows, and planes of them; steps in bytes.
struct Rows {
    uint32_t length;
    int32_t n1 = 1, n2 = 1;
    int32_t external_step1 = 0, external_step2 = 0, chip_step1 = 0, chip_step2 = 0;
};

weft_ticket_t transfer(weft_queue_t *queue, uint32_t opcode, uint32_t space, uint32_t at,
                       uint32_t address, const Rows &rows, const Waits &waits) {
    if (address < WEFT_PORT_WINDOW) weft_fail(WEFT_STATUS_PARAMS);
    const uint64_t words[kDmaWords] = {
        FIELD(WEFT_LOAD_EXTERNAL_EXT_OFFSET, address % WEFT_PORT_WINDOW_BYTES) |
            FIELD(WEFT_LOAD_EXTERNAL_REGION,
                  (address - WEFT_PORT_WINDOW) / WEFT_PORT_WINDOW_BYTES) |
            FIELD(WEFT_LOAD_EXTERNAL_SPACE, space),
        FIELD(WEFT_LOAD_INTERNAL_INT_BASE, at) | FIELD(WEFT_LOAD_INTERNAL_LENGTH, rows.length) |
            FIELD(WEFT_LOAD_INTERNAL_N1, rows.n1),
        FIELD(WEFT_LOAD_EXTERNAL_STEP_EXT_STEP1, rows.external_step1) |
            FIELD(WEFT_LOAD_EXTERNAL_STEP_EXT_STEP2, rows.external_step2),
        FIELD(WEFT_LOAD_INTERNAL_STEP_INT_STEP1, rows.chip_step1) |
            FIELD(WEFT_LOAD_INTERNAL_STEP_INT_STEP2, rows.chip_step2) |
            FIELD(WEFT_LOAD_INTERNAL_STEP_N2, rows.n2),
    };
    return give(queue, opcode, waits, words, kDmaWords);
}

weft_ticket_t store(weft_queue_t *queue, void *to, const void *from, const Rows &rows,
                    const Waits &waits) {
    return transfer(queue, WEFT_OPCODE_STORE, WEFT_SPACE_SCRATCHPAD, chip(from),
                    weft_port_address(to), rows, waits);
}

// Into a memory that the array reads: when it is done with what is there.
weft_ticket_t load_for_array(weft_queue_t *queue, uint32_t space, const void *from,
                             uint32_t bytes) {
    Waits waits;
    waits.add(last_of(queue, WEFT_ENGINE_STORE));
    waits.add(last_of(queue, WEFT_ENGINE_ARRAY));
    return transfer(queue, WEFT_OPCODE_LOAD, space, 0, weft_port_address(from), {bytes}, waits);
}

// ---- element by element -------------------------------------------------------------------------
weft_ticket_t elementwise(weft_queue_t *queue, uint32_t to, uint32_t from, int32_t pixels,
                          int32_t channels, bool table, const Waits &waits) {
    const int32_t cols = queue->accelerator->cols;
    const uint64_t words[kArrayWords] = {
        FIELD(WEFT_ARRAY_INPUT_IN_BASE, from) |
            FIELD(WEFT_ARRAY_INPUT_MODE, WEFT_MODE_ELEMENTWISE),
        FIELD(WEFT_ARRAY_STEP_PIXEL_STEP, cols),
        0,
        FIELD(WEFT_ARRAY_TILE_TILE_W, pixels) | FIELD(WEFT_ARRAY_TILE_TILE_H, 1) |
            FIELD(WEFT_ARRAY_TILE_RUN, pixels),
        FIELD(WEFT_ARRAY_PASSES_LAST_COLS, channels),
        FIELD(WEFT_ARRAY_WEIGHTS_BLOCKS, 1),
        FIELD(WEFT_ARRAY_OUTPUT_OUT_BASE, to) | FIELD(WEFT_ARRAY_OUTPUT_LOW, INT8_MIN) |
            FIELD(WEFT_ARRAY_OUTPUT_HIGH, INT8_MAX),
        FIELD(WEFT_ARRAY_OUTPUT_STEP_OUT_PIXEL_STEP, cols),
        FIELD(WEFT_ARRAY_QUANT_MULTIPLIER, kIdentity) | FIELD(WEFT_ARRAY_QUANT_SHIFT, 1) |
            FIELD(WEFT_ARRAY_QUANT_TABLE_A, table),
        0,
    };
    return give(queue, WEFT_OPCODE_ARRAY, waits, words, kArrayWords);
}

weft_ticket_t bytes_through_array(weft_queue_t *queue, const void *to, const void *from, uint32_t n,
                                  bool table, const Waits &waits) {
    const uint32_t cols = static_cast<uint32_t>(queue->accelerator->cols);
    uint32_t target = chip(to), source = chip(from);
    for (uint32_t left = n / cols; left;) {
        const uint32_t pixels = left < kMaxExtent ? left : kMaxExtent;
        elementwise(queue, target, source, static_cast<int32_t>(pixels),
                    static_cast<int32_t>(cols), table, waits);
        target += pixels * cols;
        source += pixels * cols;
        left -= pixels;
    }
    if (n % cols)
        elementwise(queue, target, source, 1, static_cast<int32_t>(n % cols), table, waits);
    return last_of(queue, WEFT_ENGINE_ARRAY);
}

// ---- products -----------------------------------------------------------------------------------
// How a matrix lies in the weight memory: a pass descriptor, then for each block of columns its
// weights in tiles and its biases. The arena holds it in the same order.
struct Layout {
    int32_t cols, rows, group_rows, words_of_groups, word;
    int32_t passes, last_rows, blocks;
    int32_t table, tiles, quant;

    Layout(const weft_accelerator_t *a, int32_t depth, int32_t columns)
        : cols(a->cols),
          rows(a->rows),
          group_rows(a->rows / a->streams),
          words_of_groups(a->weight_rows_per_cycle),
          word(a->cols * a->weight_rows_per_cycle),
          passes(ceil_div(depth, a->rows)),
          last_rows(depth - (passes - 1) * a->rows),
          blocks(ceil_div(columns, a->cols)),
          table(ceil_div((1 + a->streams) * static_cast<int32_t>(kUnit), word) * word),
          tiles((passes - 1) * a->rows * a->cols),
          quant(ceil_div(a->cols * 4, word) * word) {
        // A word of the last tile is there if its first row is.
        for (int32_t first = 0; first < a->streams; first += words_of_groups)
            tiles += rows_of_group(first) * word;
    }

    // Of a group, how many rows take part in the last tile.
    int32_t rows_of_group(int32_t group) const {
        const int32_t rest = last_rows - group * group_rows;
        return rest < 0 ? 0 : least(rest, group_rows);
    }
    int32_t block() const { return tiles + quant; }
    uint32_t bytes() const { return static_cast<uint32_t>(table + blocks * block()); }
};

void write_descriptor(const weft_accelerator_t *a, uint8_t *to) {
    uint64_t units[1 + 64] = {~uint64_t{0} >> (64 - a->rows)};
    const int32_t streams_per_pair = a->streams / a->pairs;
    for (int32_t pair = 0; pair < a->pairs; pair++)
        units[1 + pair * streams_per_pair] =
            FIELD(WEFT_DESCRIPTOR_STREAM_OFFSET, pair * (a->rows / a->pairs)) |
            FIELD(WEFT_DESCRIPTOR_STREAM_ENABLE, 1);
    memcpy(to, units, static_cast<uint32_t>(1 + a->streams) * kUnit);
}

void write_biases(const weft_matmul_t *m, const Layout &layout, uint8_t *to) {
    for (int32_t block = 0; block < layout.blocks; block++) {
        uint8_t *place = to + layout.table + block * layout.block() + layout.tiles;
        const int32_t first = block * layout.cols;
        const uint32_t n = static_cast<uint32_t>(least(layout.cols, m->columns - first));
        memset(place, 0, static_cast<uint32_t>(layout.quant));
        if (m->bias) memcpy(place, m->bias + first, 4 * n);
    }
}

// The rows of some columns of b, from where they lie to their places in the tiles.
void store_block(weft_queue_t *queue, const weft_matmul_t *m, const Layout &layout, int32_t block,
                 uint8_t *arena, const Waits &waits) {
    const int32_t first_column = block * layout.cols;
    const int8_t *b = m->b + first_column;
    uint8_t *to = arena + layout.table + block * layout.block();
    const uint32_t width = static_cast<uint32_t>(least(layout.cols, m->columns - first_column));
    const int32_t tile = layout.rows * layout.cols, whole = layout.passes - 1;
    const int32_t streams = layout.rows / layout.group_rows;
    for (int32_t group = 0; group < streams; group++) {
        const int32_t j = group % layout.words_of_groups;
        const int32_t place = (group - j) * layout.group_rows * layout.cols + j * layout.cols;
        const int8_t *from = b + group * layout.group_rows * m->b_step;
        Rows rows{width, layout.group_rows, whole, layout.word, tile, m->b_step,
                  layout.rows * m->b_step};
        if (whole) store(queue, to + place, from, rows, waits);
        rows.n1 = layout.rows_of_group(group);
        rows.n2 = 1;
        if (rows.n1)
            store(queue, to + whole * tile + place, from + whole * layout.rows * m->b_step, rows,
                  waits);
    }
}

weft_ticket_t multiply(weft_queue_t *queue, const weft_matmul_t *m, const Layout &layout,
                       int32_t first, int32_t n, const Waits &waits) {
    const uint64_t words[kArrayWords] = {
        FIELD(WEFT_ARRAY_INPUT_IN_BASE, chip(m->a) + static_cast<uint32_t>(first * m->a_step)) |
            FIELD(WEFT_ARRAY_INPUT_MODE, WEFT_MODE_CONVOLUTION),
        FIELD(WEFT_ARRAY_STEP_PIXEL_STEP, m->a_step) | FIELD(WEFT_ARRAY_STEP_X_STEP, 1),
        FIELD(WEFT_ARRAY_BOUNDS_HEIGHT, 1) | FIELD(WEFT_ARRAY_BOUNDS_WIDTH, n),
        FIELD(WEFT_ARRAY_TILE_TILE_W, n) | FIELD(WEFT_ARRAY_TILE_TILE_H, 1) |
            FIELD(WEFT_ARRAY_TILE_RUN, n),
        FIELD(WEFT_ARRAY_PASSES_ENTRIES, 1) | FIELD(WEFT_ARRAY_PASSES_CB_COUNT, layout.passes) |
            FIELD(WEFT_ARRAY_PASSES_CB_STEP, layout.rows) |
            FIELD(WEFT_ARRAY_PASSES_LAST_ROWS, layout.last_rows) |
            FIELD(WEFT_ARRAY_PASSES_LAST_COLS, m->columns - (layout.blocks - 1) * layout.cols),
        FIELD(WEFT_ARRAY_WEIGHTS_WEIGHTS, layout.table / layout.word) |
            FIELD(WEFT_ARRAY_WEIGHTS_BLOCKS, layout.blocks),
        FIELD(WEFT_ARRAY_OUTPUT_OUT_BASE,
              chip(m->out) + static_cast<uint32_t>(first * m->out_step)) |
            FIELD(WEFT_ARRAY_OUTPUT_OUT_BLOCK_STEP, layout.cols) |
            FIELD(WEFT_ARRAY_OUTPUT_LOW, m->low) | FIELD(WEFT_ARRAY_OUTPUT_HIGH, m->high),
        FIELD(WEFT_ARRAY_OUTPUT_STEP_OUT_PIXEL_STEP, m->out_step) |
            FIELD(WEFT_ARRAY_OUTPUT_STEP_ZERO_POINT, m->zero_point),
        FIELD(WEFT_ARRAY_QUANT_MULTIPLIER, m->multiplier) |
            FIELD(WEFT_ARRAY_QUANT_SHIFT, m->shift),
        0,
    };
    return give(queue, WEFT_OPCODE_ARRAY, waits, words, kArrayWords);
}

// ---- prepared products --------------------------------------------------------------------------
#define SET(word, name, value) ((word) = ((word) & ~name##_MASK) | FIELD(name, value))

void load_part(weft_queue_t *queue, const weft_product_t *part) {
    Waits waits;
    waits.add(last_of(queue, WEFT_ENGINE_ARRAY));
    transfer(queue, WEFT_OPCODE_LOAD, WEFT_SPACE_WEIGHTS, part->weight_address, part->contents,
             {part->contents_bytes}, waits);
}

void multiply_part(weft_queue_t *queue, const weft_product_t *part, const weft_rows_t *rows,
                   const int8_t *to, uint32_t wide, const Waits &waits) {
    uint64_t words[kArrayWords];
    for (uint32_t i = 0; i < kArrayWords; i++)
        words[i] = part->words[2 * i] | static_cast<uint64_t>(part->words[2 * i + 1]) << 32;
    SET(words[WEFT_ARRAY_INPUT_WORD], WEFT_ARRAY_INPUT_IN_BASE, chip(rows->in));
    SET(words[WEFT_ARRAY_STEP_WORD], WEFT_ARRAY_STEP_PIXEL_STEP, rows->in_step);
    SET(words[WEFT_ARRAY_BOUNDS_WORD], WEFT_ARRAY_BOUNDS_WIDTH, rows->rows);
    SET(words[WEFT_ARRAY_TILE_WORD], WEFT_ARRAY_TILE_TILE_W, rows->rows);
    SET(words[WEFT_ARRAY_TILE_WORD], WEFT_ARRAY_TILE_RUN, rows->rows);
    SET(words[WEFT_ARRAY_OUTPUT_WORD], WEFT_ARRAY_OUTPUT_OUT_BASE, chip(to + part->first_column));
    SET(words[WEFT_ARRAY_OUTPUT_STEP_WORD], WEFT_ARRAY_OUTPUT_STEP_OUT_PIXEL_STEP, rows->out_step);
    SET(words[WEFT_ARRAY_QUANT_WORD], WEFT_ARRAY_QUANT_WIDE, wide);
    give(queue, WEFT_OPCODE_ARRAY, waits, words, kArrayWords);
}

#ifdef WEFT_HOST
// Without an accelerator: what was taken of workspace and arena since weft_queue.
std::vector<std::unique_ptr<uint64_t[]>> taken;

void multiply_here(const weft_matmul_t *m) {
    for (int32_t i = 0; i < m->rows; i++)
        for (int32_t j = 0; j < m->columns; j++) {
            uint32_t sum = m->bias ? static_cast<uint32_t>(m->bias[j]) : 0;
            for (int32_t k = 0; k < m->depth; k++)
                sum += static_cast<uint32_t>(m->a[i * m->a_step + k] * m->b[k * m->b_step + j]);
            const int32_t code =
                weft_mbqm(static_cast<int32_t>(sum), m->multiplier, m->shift) + m->zero_point;
            m->out[i * m->out_step + j] = static_cast<int8_t>(weft_clamp(code, m->low, m->high));
        }
}
#endif

}  // namespace

void weft_queue(weft_queue_t *queue, const weft_op_t *op) {
    queue->accelerator = op->accelerator;
    queue->used = 0;
    queue->loaded = 0;
#ifdef WEFT_HOST
    if (!queue->accelerator) {
        taken.clear();
        return;
    }
#endif
    if (!queue->accelerator) weft_fail(WEFT_STATUS_SCRATCH);
    for (uint32_t engine = 0; engine < 4; engine++)
        queue->given[engine] = engine == WEFT_ENGINE_CORE ? 0 : weft_port_counts(engine) >> 16;
}

weft_space_t weft_space(weft_queue_t *queue, uint32_t bytes) {
    bytes = (bytes + kUnit - 1) / kUnit * kUnit;
#ifdef WEFT_HOST
    if (!queue->accelerator) {
        taken.emplace_back(new uint64_t[2 * bytes / kUnit]);
        uint64_t *words = taken.back().get();
        return {words, words + bytes / kUnit};
    }
#endif
    const weft_accelerator_t *a = queue->accelerator;
    const uint32_t at = queue->used;
    if (bytes > a->workspace_bytes - at) weft_fail(WEFT_STATUS_SCRATCH);
    queue->used += bytes;
    return {static_cast<uint8_t *>(a->workspace) + at, static_cast<uint8_t *>(a->arena) + at};
}

weft_ticket_t weft_copy(weft_queue_t *queue, void *to, const void *from, uint32_t bytes,
                        weft_ticket_t after) {
    if (!bytes) return after;
#ifdef WEFT_HOST
    if (!queue->accelerator) {
        memmove(to, from, bytes);
        return WEFT_NOW;
    }
#endif
    Waits waits;
    waits.add(after);
    const Rows rows{bytes};
    if (!in_scratchpad(weft_port_address(from)))
        return transfer(queue, WEFT_OPCODE_LOAD, WEFT_SPACE_SCRATCHPAD, chip(to),
                        weft_port_address(from), rows, waits);
    if (!in_scratchpad(weft_port_address(to))) return store(queue, to, from, rows, waits);
    return bytes_through_array(queue, to, from, bytes, false, waits);
}

weft_ticket_t weft_lookup(weft_queue_t *queue, int8_t *to, const int8_t *from, uint32_t n,
                          const int8_t *table, weft_ticket_t after) {
#ifdef WEFT_HOST
    if (!queue->accelerator) {
        for (uint32_t i = 0; i < n; i++) to[i] = table[from[i] + 128];
        return WEFT_NOW;
    }
#endif
    const uint32_t table_bytes = 4 * kTableEntries;
    const weft_space_t space = weft_space(queue, table_bytes);
    int32_t *entries = static_cast<int32_t *>(space.workspace);
    for (uint32_t i = 0; i < kTableEntries; i++) entries[i] = table[i];
    store(queue, space.arena, space.workspace, {table_bytes}, {});
    Waits waits;
    waits.add(after);
    waits.add(load_for_array(queue, WEFT_SPACE_TABLES, space.arena, table_bytes));
    return bytes_through_array(queue, to, from, n, true, waits);
}

weft_ticket_t weft_matmul(weft_queue_t *queue, const weft_matmul_t *m, weft_ticket_t after) {
#ifdef WEFT_HOST
    if (!queue->accelerator) {
        multiply_here(m);
        return WEFT_NOW;
    }
#endif
    const weft_accelerator_t *a = queue->accelerator;
    const Layout layout(a, m->depth, m->columns);
    if (layout.bytes() > a->weight_memory_bytes) weft_fail(WEFT_STATUS_PARAMS);
    const weft_space_t space = weft_space(queue, layout.bytes());
    auto *here = static_cast<uint8_t *>(space.workspace), *arena = static_cast<uint8_t *>(space.arena);
    write_descriptor(a, here);
    write_biases(m, layout, here);
    const Rows descriptor{static_cast<uint32_t>(layout.table)};
    store(queue, arena, here, descriptor, {});
    const int32_t biases = layout.table + layout.tiles;
    const Rows quants{static_cast<uint32_t>(layout.quant), layout.blocks, 1, layout.block(), 0,
                      layout.block(), 0};
    store(queue, arena + biases, here + biases, quants, {});
    Waits waits;
    waits.add(after);
    for (int32_t block = 0; block < layout.blocks; block++)
        store_block(queue, m, layout, block, arena, waits);
    waits.add(load_for_array(queue, WEFT_SPACE_WEIGHTS, arena, layout.bytes()));
    for (int32_t first = 0; first < m->rows; first += a->accumulator_depth)
        multiply(queue, m, layout, first, least(m->rows - first, a->accumulator_depth), waits);
    return last_of(queue, WEFT_ENGINE_ARRAY);
}

weft_ticket_t weft_multiply(weft_queue_t *queue, int32_t group, const weft_rows_t *rows,
                            weft_ticket_t after) {
    const weft_accelerator_t *a = queue->accelerator;
    for (int32_t i = 0; i < a->n_products; i++) {
        const weft_product_t *part = a->products + i;
        if (part->group != group) continue;
        const uint32_t bit = part->is_resident ? 1u << i : 0;
        if (!(queue->loaded & bit)) load_part(queue, part);
        queue->loaded |= bit;
        Waits waits;
        waits.add(after);
        waits.add(last_of(queue, WEFT_ENGINE_LOAD));
        if (!rows->high) {
            multiply_part(queue, part, rows, rows->low, WEFT_WIDE_NONE, waits);
            continue;
        }
        multiply_part(queue, part, rows, rows->low, WEFT_WIDE_LOW, waits);
        multiply_part(queue, part, rows, rows->high, WEFT_WIDE_HIGH, waits);
    }
    return last_of(queue, WEFT_ENGINE_ARRAY);
}

int32_t weft_is_done(const weft_queue_t *queue, weft_ticket_t ticket) {
    if (!queue->accelerator || !(ticket & 0xFFFF)) return 1;
    return (weft_port_counts(ticket >> 16) & 0xFFFF) >= (ticket & 0xFFFF);
}

void weft_wait(const weft_queue_t *queue, weft_ticket_t ticket) {
    while (!weft_is_done(queue, ticket)) {
    }
}

uint32_t weft_lookup_bytes(const weft_op_t *) { return 4 * kTableEntries; }

uint32_t weft_matmul_bytes(const weft_op_t *op, int32_t depth, int32_t columns) {
    const uint32_t bytes = Layout(op->accelerator, depth, columns).bytes();
    return (bytes + kUnit - 1) / kUnit * kUnit;
}
