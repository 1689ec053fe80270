#include "guest_access.h"

#include "config.h"
#include "report.h"

#if WEFT_HAS_CORE

Mailbox mailbox;

namespace {

using Event = GuestEvent;

constexpr uint32_t MMIO_BYTES = 0x40;  // that are answered
constexpr uint32_t MOST_TRAP_CYCLES = 0xFFFF;

Event load_register(uint32_t offset, uint32_t *value) {
    if (offset == WEFT_MMIO_PENDING) *value = !config.core.boot;
    else if (offset == WEFT_MMIO_ARGUMENT) *value = config.core.argument;
    else if (offset == WEFT_MMIO_FUNCTION) {
        *value = config.core.function;
        if (config.core.boot) return Event::WAIT;
    } else if (offset - WEFT_MMIO_LOAD_COUNTS <= WEFT_MMIO_STORE_COUNTS - WEFT_MMIO_LOAD_COUNTS) {
        uint32_t engine = (offset - WEFT_MMIO_LOAD_COUNTS) / 4;
        if (engine == WEFT_ENGINE_CORE) engine = WEFT_ENGINE_STORE;
        *value = config.dispatched[engine] * 0x00010001u;  // all of them are complete
    }
    return Event::NONE;
}

Event store_register(uint32_t offset, uint32_t value) {
    if (offset == WEFT_MMIO_DONE) return Event::COMPLETE;
    if (offset == WEFT_MMIO_LOG) machine::write_control(WEFT_CONTROL_LOG, value);
    else if (offset == WEFT_MMIO_TRAP) mailbox.trap_cycles = value & MOST_TRAP_CYCLES;
    else if (offset == WEFT_MMIO_WORD_LOW) mailbox.word[0] = value;
    else if (offset == WEFT_MMIO_WORD) {
        if (config.core.boot) return Event::WAIT;
        mailbox.word[1] = value;
        if (config.core.accept) return Event::WORD;
        refuse(WEFT_CAUSE_CONFIG);
        return Event::FAILED;
    }
    return Event::NONE;
}

Event access_window(GuestAccess *access) {
    const uint32_t region = access->address / WEFT_WINDOW_BYTES % WEFT_N_REGIONS;
    const uint32_t offset = access->address % WEFT_WINDOW_BYTES, lane = offset % 4;
    uint32_t n = access->n_bytes, value = access->value;
    if (!region_allows(region, offset, n,
                       access->stores ? WEFT_REG_REGION0_FLAGS_WRITE_MASK
                                      : WEFT_REG_REGION0_FLAGS_READ_MASK))
        return Event::FAULT;
    machine::set_bus_address(region_base(region) + offset - lane);
    if (!access->stores) {
        access->value = machine::bus_read_next();
        count(WEFT_REG_COUNTER_BEATS_READ, 1);
    } else if (n == 4) {
        machine::bus_write(value);
        count(WEFT_REG_COUNTER_BEATS_WRITTEN, 1);
    } else {
        for (uint32_t i = 0; i < n; i++, value >>= 8)
            machine::bus_write_byte(lane + i, static_cast<uint8_t>(value));
        count(WEFT_REG_COUNTER_BEATS_WRITTEN, n);
    }
    return machine::bus_failed() ? Event::FAULT : Event::NONE;
}

}  // namespace

GuestEvent access_for_guest(GuestAccess *access) {
    if (access->address >= WEFT_WINDOW_BASE) return access_window(access);
    const uint32_t offset = access->address - WEFT_MMIO_BASE, word = offset & ~3u;
    if (offset >= MMIO_BYTES) return Event::FAULT;
    if (access->stores) return store_register(word, access->value);
    access->value = 0;
    return load_register(word, &access->value);
}

#endif
