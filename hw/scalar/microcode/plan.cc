#include "plan.h"

#include "config.h"

Plan plan;

namespace {

constexpr uint32_t GROUP_ROWS = WEFT_ROWS / WEFT_STREAMS;
constexpr uint32_t UNIT_BYTES = WEFT_DESCRIPTOR_UNIT_BYTES;

struct Span {
    int32_t low = INT32_MAX, high = INT32_MIN;

    [[gnu::noinline]] void put(int32_t value) {
        if (value < low) low = value;
        if (value > high) high = value;
    }
    uint32_t size() const { return high - low; }
};

// Of `size` places those from which on as many more lie inside.
uint32_t room(uint32_t size, uint32_t more) { return size > more ? size - more : 0; }

// A stream's unit in the weight memory.
void set_stream(Tap *tap, uint32_t unit) {
    static constexpr uint8_t widths[] = WEFT_STREAM_WIDTHS;
    const uint32_t word[2] = {machine::weight(unit), machine::weight(unit + 4)};
    unpack(word, widths, reinterpret_cast<uint32_t *>(&tap->stream));
    tap->merges = tap->ends = false;
    plan.n_taps++;
}

// The taps of one descriptor, in which `rows` take part; streams: its first unit of a stream.
void add_taps(uint32_t streams, uint32_t rows) {
    Tap *const first = plan.taps + plan.n_taps;
    Tap *tap = first;
    if (is_depthwise()) {
        for (uint32_t row = 0; row < WEFT_ROWS; row++) {
            tap->rows = rows & 1u << row;
            if (!tap->rows) continue;
            set_stream(tap, streams + row / GROUP_ROWS * UNIT_BYTES);
            tap->shift = row % GROUP_ROWS;
            tap->stream.offset += tap->shift * config.array.pixel_step;
            tap++;
        }
    }
    if (tap == first) {  // convolution, or no row: a maximum is taken of that, too
        set_stream(tap, streams);
        tap->shift = 0;
        tap->rows = is_depthwise() ? 0 : rows;
        tap++;
        if (WEFT_STREAMS > 1 && !is_depthwise()) {
            set_stream(tap, streams + UNIT_BYTES);
            tap->shift = 0;
            if (tap->stream.enable && tap->stream.first < WEFT_ROWS) {
                first->merges = true;
                first->stream.first = tap->stream.first;
                tap++;
            } else plan.n_taps--;
        }
    }
    tap[-1].ends = true;
}

// Finds out which pixels are inside, and whether they can be regular.
void finish() {
    const bool depthwise = is_depthwise();
    const uint32_t cb_count = config.array.cb_count, cb_step = config.array.cb_step;
    const Tap *const end = plan.taps + plan.n_taps;
    Span x, y, offset;
    bool reads = true;
    plan.aligned = !config.array.maximum && cb_count == (depthwise ? 1 : plan.n_whole);
    for (const Tap *tap = plan.taps; tap != end; tap++) {
        if (!tap->stream.enable) reads = false;
        if (tap->merges || (depthwise ? !tap->rows : tap->rows != ALL_ROWS)) plan.aligned = false;
        y.put(tap->stream.dy);
        x.put(tap->stream.dx);
        offset.put(tap->stream.offset);
    }
    uint32_t odd = cb_count > 1 ? cb_step : 0;
    for (Tap *tap = plan.taps; tap != end; tap++) {
        tap->stream.offset -= offset.low;
        odd |= tap->stream.offset;
    }
    if (odd % 4) plan.aligned = false;
    plan.offset = offset.low;
    plan.low_y = y.low;
    plan.low_x = x.low;
    plan.n_y = 0;
    const uint32_t last = cb_step * (cb_count - 1), shift = depthwise ? GROUP_ROWS - 1 : 0;
    if (!reads || (last | offset.size()) >= WEFT_SCRATCHPAD_BYTES) return;
    plan.n_bytes = last + offset.size() + 4;
    plan.n_y = room(config.array.height, y.size());
    plan.n_x = room(config.array.width, x.size() + shift * config.array.x_step);
    plan.n_slots = room(config.array.run, shift);
}

}  // namespace

void make_plan(uint32_t table, uint32_t n_entries) {
    plan.last_rows = (1u << config.array.last_rows) - 1;
    plan.pad = (config.array.pad & 0xFF) * 0x01010101u;
    plan.n_whole = config.array.cb_count - (plan.last_rows != ALL_ROWS);
    plan.n_taps = plan.n_entries = plan.weight_bytes = 0;
    const uint32_t room = MOST_TAPS - (is_depthwise() ? WEFT_ROWS : 2);
    while (plan.n_entries < n_entries && plan.n_taps <= room) {
        // Of the unit ROWS, only the first byte says something about four rows.
        uint32_t rows = machine::weight(table) & ALL_ROWS;
        const uint32_t n_words =
            n_ones(rows) * (config.array.cb_count - 1) + n_ones(rows & plan.last_rows);
        plan.weight_bytes += n_words * WEFT_WEIGHT_WORD_BYTES;
        if (config.array.cb_count == 1) rows &= plan.last_rows;
        add_taps(table + UNIT_BYTES, rows);
        table += WEFT_DESCRIPTOR_WORDS * WEFT_WEIGHT_WORD_BYTES;
        plan.n_entries++;
    }
    finish();
}
