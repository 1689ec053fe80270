#include "plan.h"

#include "config.h"

Plan plan;

namespace {

constexpr uint32_t GROUP_ROWS = WEFT_ROWS / WEFT_STREAMS;
constexpr uint32_t UNIT_BYTES = WEFT_DESCRIPTOR_UNIT_BYTES;

// What the taps differ in, with the smallest and the largest of each.
enum { Y, X, OFFSET, N_SPANS };

struct Reach {
    int32_t low[N_SPANS], high[N_SPANS];

    uint32_t span(uint32_t what) const { return high[what] - low[what]; }
};

// Of `size` places those from which on as many more lie inside.
uint32_t room(uint32_t size, uint32_t more) { return size > more ? size - more : 0; }

// A stream's unit in the weight memory.
void set_stream(Tap *tap, uint32_t unit) {
    static constexpr uint8_t widths[] = WEFT_STREAM_WIDTHS;
    const uint32_t word[2] = {machine::weight(unit), machine::weight(unit + 4)};
    weft_stream_t stream;
    unpack(word, widths, reinterpret_cast<uint32_t *>(&stream));
    tap->offset = stream.offset;
    tap->dy = stream.dy;
    tap->dx = stream.dx;
    tap->first = stream.first;
    tap->flags = stream.enable ? TAP_READS : 0;
}

// The taps of one descriptor, in which `rows` take part; streams: its first unit of a stream.
void add_taps(uint32_t streams, uint32_t rows) {
    Tap *const first = plan.taps + plan.n_taps;
    Tap *tap = first;
    const uint32_t n = is_depthwise() ? WEFT_ROWS : WEFT_STREAMS;
    for (uint32_t i = 0; i < n; i++) {
        tap->shift = 0;
        tap->rows = rows;
        uint32_t stream = i;
        if (is_depthwise()) {
            tap->rows = rows & 1u << i;
            if (!tap->rows) continue;
            stream = i / GROUP_ROWS;
            tap->shift = i % GROUP_ROWS;
        }
        set_stream(tap, streams + stream * UNIT_BYTES);
        tap->offset += tap->shift * config.array.pixel_step;
        if (!is_depthwise() && i) {
            if (!(tap->flags & TAP_READS) || tap->first >= WEFT_ROWS) continue;
            first->flags |= TAP_MERGES;
            first->first = tap->first;
        }
        tap++;
        plan.n_taps++;
    }
    if (tap == first) {
        set_stream(tap, streams);
        tap->rows = 0;  // a maximum is taken of its sum, too
        tap++;
        plan.n_taps++;
    }
    tap[-1].flags |= TAP_ENDS;
}

// Reach of the taps; notes in plan.aligned whether each reads one stream, with all rows in
// convolution mode, and returns whether each reads at all.
bool reach_of(Reach *reach) {
    bool reads = true;
    for (uint32_t i = 0; i < N_SPANS; i++) {
        reach->low[i] = INT32_MAX;
        reach->high[i] = INT32_MIN;
    }
    for (const Tap *tap = plan.taps; tap != plan.taps + plan.n_taps; tap++) {
        if (!(tap->flags & TAP_READS)) reads = false;
        if (tap->flags & TAP_MERGES || (is_depthwise() ? !tap->rows : tap->rows != ALL_ROWS))
            plan.aligned = false;
        const int32_t values[N_SPANS] = {tap->dy, tap->dx, tap->offset};
        for (uint32_t i = 0; i < N_SPANS; i++) {
            if (values[i] < reach->low[i]) reach->low[i] = values[i];
            if (values[i] > reach->high[i]) reach->high[i] = values[i];
        }
    }
    return reads;
}

// Finds out which pixels are inside, and whether they can be regular.
void finish() {
    Reach reach;
    plan.aligned = !config.array.maximum;
    const bool reads = reach_of(&reach);
    plan.offset = reach.low[OFFSET];
    uint32_t odd = config.array.cb_count > 1 ? config.array.cb_step : 0;
    for (uint32_t i = 0; i < plan.n_taps; i++) {
        plan.taps[i].offset -= plan.offset;
        odd |= plan.taps[i].offset;
    }
    plan.n_y = 0;
    const uint32_t last = config.array.cb_step * (config.array.cb_count - 1);
    const uint32_t span = reach.span(OFFSET);
    if (odd % 4 || (is_depthwise() ? config.array.cb_count > 1
                                   : plan.n_whole != config.array.cb_count))
        plan.aligned = false;
    if (!reads || last >= WEFT_SCRATCHPAD_BYTES || span >= WEFT_SCRATCHPAD_BYTES) return;
    const uint32_t shift = is_depthwise() ? GROUP_ROWS - 1 : 0;
    plan.n_bytes = last + span + 4;
    plan.low_y = reach.low[Y];
    plan.low_x = reach.low[X];
    plan.n_y = room(config.array.height, reach.span(Y));
    plan.n_x = room(config.array.width, reach.span(X) + shift * config.array.x_step);
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
        const uint32_t n_words = n_ones(rows) * (config.array.cb_count - 1) + n_ones(rows & plan.last_rows);
        plan.weight_bytes += n_words * WEFT_WEIGHT_WORD_BYTES;
        if (config.array.cb_count == 1) rows &= plan.last_rows;
        add_taps(table + UNIT_BYTES, rows);
        table += WEFT_DESCRIPTOR_WORDS * WEFT_WEIGHT_WORD_BYTES;
        plan.n_entries++;
    }
    finish();
}
