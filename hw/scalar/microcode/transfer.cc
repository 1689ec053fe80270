#include "transfer.h"

#include "config.h"
#include "report.h"
#include "scratchpad.h"

namespace {

constexpr uint32_t ADDRESS_MASK = (1u << WEFT_ADDRESS_BITS) - 1;

struct Row {
    uint32_t chip;    // from the start of the memory on chip
    uint32_t offset;  // in the region
    uint32_t n_bytes;
    uint32_t region;
};

struct Place {
    uint32_t start, n_bytes;  // no bytes: there is none
};

constexpr Place PLACES[WEFT_N_SPACES] = WEFT_CHIP_MEMORIES;

// An on-chip memory. mask: its bytes less 1 if addresses wrap; else all ones.
struct Memory {
    uint32_t start, n_bytes, mask;
};

uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

// From memory, or the same byte everywhere: `fills`.
bool load(const Memory &memory, const Row &row, bool fills, uint32_t beat) {
    uint8_t *const to = machine::chip(memory.start);
    uint32_t chip = row.chip & memory.mask, left = row.n_bytes;
    uint32_t offset = fills ? chip : row.offset;
    if (!fills) machine::set_bus_address((region_base(row.region) + offset) & ~3u);
    do {
        const uint32_t lane = offset & 3, n = least(4 - lane, left);
        if (!fills) {
            beat = machine::bus_read_next();
            if (machine::bus_failed()) return fail(WEFT_CAUSE_BUS, offset, row.region);
            count(WEFT_REG_COUNTER_BEATS_READ, 1);
        }
        offset += n;
        left -= n;
        if (n == 4 && chip % 4 == 0) {
            *reinterpret_cast<uint32_t *>(to + chip) = beat;
            chip = (chip + 4) & memory.mask;
        } else {
            uint32_t bytes = beat >> 8 * lane;
            for (uint32_t i = n; i; i--) {
                to[chip] = static_cast<uint8_t>(bytes);
                bytes >>= 8;
                chip = (chip + 1) & memory.mask;
            }
        }
    } while (left);
    return true;
}

bool store(const Row &row) {
    const uint8_t *const from = machine::chip(WEFT_CHIP_SCRATCHPAD);
    const uint32_t base = region_base(row.region);
    uint32_t chip = row.chip, offset = row.offset, left = row.n_bytes;
    do {
        const uint32_t lane = offset & 3, n = least(4 - lane, left);
        machine::set_bus_address(base + offset - lane);
        if (n == 4) {
            machine::bus_write(window(chip));
            count(WEFT_REG_COUNTER_BEATS_WRITTEN, 1);
        } else {
            for (uint32_t i = 0; i < n; i++) machine::bus_write_byte(lane + i, from[chip + i]);
            count(WEFT_REG_COUNTER_BEATS_WRITTEN, n);
        }
        if (machine::bus_failed()) return fail(WEFT_CAUSE_BUS, offset, row.region);
        chip += n;
        offset += n;
        left -= n;
    } while (left);
    return true;
}

enum class Way { LOAD, FILL, STORE };

bool move_row(const weft_load_t &config, const Memory &memory, const Row &row, Way way) {
    const bool fills = way == Way::FILL, stores = way == Way::STORE;
    const uint32_t permission =
        stores ? WEFT_REG_REGION0_FLAGS_WRITE_MASK : WEFT_REG_REGION0_FLAGS_READ_MASK;
    if (!fills && !check_region(row.region, row.offset, row.n_bytes, permission)) return false;
    if (stores) return store(row);
    return load(memory, row, fills, config.fill * 0x01010101u);
}

bool move_rows(const weft_load_t &config, const Memory &memory, Way way) {
    Row row;
    row.n_bytes = config.length;
    row.region = config.region;
    const bool wraps = memory.mask == memory.n_bytes - 1;
    uint32_t plane_chip = config.int_base;
    uint32_t plane_offset = config.ext_offset;
    for (uint32_t planes = config.n2; planes; planes--) {
        uint32_t chip = plane_chip;
        row.offset = plane_offset;
        for (uint32_t rows = config.n1; rows; rows--) {
            row.chip = chip & ADDRESS_MASK;
            if (!wraps && row.chip + row.n_bytes > memory.n_bytes)
                return fail(WEFT_CAUSE_RANGE,
                            row.chip > memory.n_bytes ? row.chip : memory.n_bytes);
            if (!move_row(config, memory, row, way)) return false;
            chip += config.int_step1;
            row.offset += config.ext_step1;
        }
        plane_chip += config.int_step2;
        plane_offset += config.ext_step2;
    }
    return true;
}

}  // namespace

bool run_transfer(const weft_load_t &config, bool is_store) {
    const uint32_t space = config.space, source = config.source;
    const bool bad_memory = is_store ? space != WEFT_SPACE_SCRATCHPAD
                                     : space >= WEFT_N_SPACES || source > WEFT_SOURCE_FILL;
    if (bad_memory || !config.length || !config.n1 ||
        !config.n2)
        return refuse(WEFT_CAUSE_CONFIG);
    const Place &place = PLACES[space];
    if (place.n_bytes == 0) return refuse(WEFT_CAUSE_ABSENT);
    const bool wraps = space == WEFT_SPACE_WEIGHTS;
    const Memory memory{place.start, place.n_bytes, wraps ? place.n_bytes - 1 : ~0u};
    const Way way = is_store ? Way::STORE : source == WEFT_SOURCE_FILL ? Way::FILL : Way::LOAD;
    return move_rows(config, memory, way);
}
