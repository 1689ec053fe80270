// Loads and stores of operators that the processor leaves.
#include "config.h"
#include "guest.h"
#include "report.h"

#if WEFT_HAS_CORE

namespace {

using Event = GuestEvent;

constexpr uint32_t MMIO_BYTES = 0x40;  // that are answered
constexpr uint32_t MOST_TRAP_CYCLES = 0xFFFF;

// Tries the instruction again.
Event wait() {
    guest.pc -= 4;
    return Event::NONE;
}

Event load_register(uint32_t offset) {
    uint32_t value = 0;
    if (offset == WEFT_MMIO_PENDING) value = !config.core.boot;
    if (offset == WEFT_MMIO_ARGUMENT) value = config.core.argument;
    if (offset == WEFT_MMIO_FUNCTION) {
        if (config.core.boot) return wait();
        value = config.core.function;
    }
    if (offset >= WEFT_MMIO_LOAD_COUNTS) {
        // All that were dispatched are complete.
        uint32_t engine = (offset - WEFT_MMIO_LOAD_COUNTS) / 4;
        if (engine == WEFT_ENGINE_CORE) engine = WEFT_ENGINE_STORE;
        value = config.dispatched[engine] * 0x00010001u;
    }
    guest.value = value;
    return Event::NONE;
}

Event store_register(uint32_t offset) {
    const uint32_t value = guest.value;
    if (offset == WEFT_MMIO_DONE) return Event::COMPLETE;
    if (offset == WEFT_MMIO_LOG) machine::write_control(WEFT_CONTROL_LOG, value);
    if (offset == WEFT_MMIO_TRAP) guest.trap_cycles = value & MOST_TRAP_CYCLES;
    if (offset == WEFT_MMIO_WORD_LOW) guest.word[0] = value;
    if (offset == WEFT_MMIO_WORD) {
        if (config.core.boot) return wait();
        guest.word[1] = value;
        if (config.core.accept) return Event::WORD;
        refuse(WEFT_CAUSE_CONFIG);
        return Event::FAILED;
    }
    return Event::NONE;
}

Event access_window(bool stores) {
    const uint32_t region = guest.address / WEFT_WINDOW_BYTES % WEFT_N_REGIONS;
    const uint32_t offset = guest.address % WEFT_WINDOW_BYTES;
    uint32_t lane = offset % 4, n = guest.n_bytes;
    if (!region_allows(region, offset, n,
                       stores ? WEFT_REG_REGION0_FLAGS_WRITE_MASK
                              : WEFT_REG_REGION0_FLAGS_READ_MASK))
        return Event::FAULT;
    machine::set_bus_address(region_base(region) + offset - lane);
    count(stores ? WEFT_REG_COUNTER_BEATS_WRITTEN : WEFT_REG_COUNTER_BEATS_READ,
          stores && n < 4 ? n : 1);
    if (!stores) guest.value = machine::bus_read_next();
    else if (n == 4) machine::bus_write(guest.value);
    else {
        for (uint32_t value = guest.value; n; n--, value >>= 8)
            machine::bus_write_byte(lane++, static_cast<uint8_t>(value));
    }
    return machine::bus_failed() ? Event::FAULT : Event::NONE;
}

}  // namespace

GuestEvent access_for_guest(bool stores) {
    if (guest.address >= WEFT_WINDOW_BASE) return access_window(stores);
    const uint32_t offset = guest.address - WEFT_MMIO_BASE;
    if (offset >= MMIO_BYTES) return Event::FAULT;
    return stores ? store_register(offset & ~3u) : load_register(offset & ~3u);
}

#endif
