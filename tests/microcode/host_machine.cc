// What is behind host_machine.h, with the bus as one array, and functions for Python.
#include "machine.h"

#include "main.h"

namespace machine {

uint32_t data[WEFT_HOST_BYTES / 4], chip_words[WEFT_CHIP_BYTES / 4];
int32_t sums[4];

namespace {

uint8_t *bus;
uint32_t bus_bytes;
uint32_t bad_first, bad_last;  // bus addresses that are answered with errors; first > last: none
uint32_t request, state, trace_started, trace_completed, address, cycles;
uint32_t n_reads, n_writes;
bool failed, outside;  // outside: an access that was not to memory at all

bool is_bad() {
    if (address % 4 || address >= bus_bytes) outside = true;
    const bool bad = outside || (bad_first <= address && address <= bad_last);
    failed |= bad;
    return bad;
}

}  // namespace

uint32_t read_control(uint32_t offset) {
    if (offset == WEFT_CONTROL_REQUEST) return request;
    if (offset == WEFT_CONTROL_CYCLES) return cycles += 10;
    if (offset == WEFT_CONTROL_BUS_ERROR) return failed;
    return 0;
}

void write_control(uint32_t offset, uint32_t value) {
    if (offset == WEFT_CONTROL_STATE) {
        state = value;
        request = 0;
    }
    if (offset == WEFT_CONTROL_TRACE) {
        for (uint32_t engine = 0; engine < 4; engine++) {
            trace_started += (value >> engine & 1) << 8 * engine;
            trace_completed += (value >> (4 + engine) & 1) << 8 * engine;
        }
    }
    if (offset == WEFT_CONTROL_BUS_ADDRESS) {
        address = value;
        failed = false;
    }
}

uint32_t bus_read_next() {
    n_reads++;
    uint32_t word = 0xDEADBEEF;
    if (!is_bad()) word = *reinterpret_cast<uint32_t *>(bus + address);
    address += 4;
    return word;
}

void bus_write(uint32_t value) {
    n_writes++;
    if (!is_bad()) *reinterpret_cast<uint32_t *>(bus + address) = value;
}

void bus_write_byte(uint32_t lane, uint8_t value) {
    n_writes++;
    if (lane > 3) outside = true;
    if (!is_bad()) bus[address + lane] = value;
}

}  // namespace machine

using namespace machine;

extern "C" {

void *machine_chip() { return chip_words; }
void *machine_host(uint32_t offset) { return data + offset / 4; }

void machine_bus(uint8_t *memory, uint32_t n_bytes) {
    bus = memory;
    bus_bytes = n_bytes;
}

void machine_bad(uint32_t first, uint32_t last) {
    bad_first = first;
    bad_last = last;
}

// Rings and lets the firmware answer; returns what it wrote to STATE.
uint32_t machine_run() {
    request = WEFT_REQUEST_DOORBELL;
    state = ~0u;
    cycles = n_reads = n_writes = trace_started = trace_completed = 0;
    outside = false;
    answer_doorbell();
    return state;
}

// A soft reset, or, without bits of a request, power-up.
uint32_t machine_start(uint32_t bits) {
    request = bits;
    state = ~0u;
    answer_start();
    return state;
}

uint32_t machine_reads() { return n_reads; }
uint32_t machine_writes() { return n_writes; }
uint32_t machine_started() { return trace_started; }
uint32_t machine_completed() { return trace_completed; }
uint32_t machine_outside() { return outside; }
}
