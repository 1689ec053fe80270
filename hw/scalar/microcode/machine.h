// What the processor of the scalar datapath has beyond plain C++: memories, the bus and the MAC.
//
// Built for the host (WEFT_HOST), host_machine.h stands in for them.
#ifndef WEFT_MACHINE_H
#define WEFT_MACHINE_H

#include <stdint.h>

#include "weft_config.h"
#include "weft_scalar.h"

#ifdef WEFT_HOST
#include "host_machine.h"
#else

namespace machine {

inline volatile uint32_t *word_at(uint32_t address) {
    return reinterpret_cast<volatile uint32_t *>(address);
}

// A register of the host; its offset is that of weft_config.h.
inline volatile uint32_t &host(uint32_t offset) { return *word_at(WEFT_DATA_BASE + offset); }

inline uint32_t read_control(uint32_t offset) { return *word_at(WEFT_CONTROL_BASE + offset); }
inline void write_control(uint32_t offset, uint32_t value) {
    *word_at(WEFT_CONTROL_BASE + offset) = value;
}

inline uint32_t bus_read_next() { return *word_at(WEFT_BUS_BASE + WEFT_BUS_NEXT); }
inline void bus_write(uint32_t value) { *word_at(WEFT_BUS_BASE + WEFT_BUS_WORD) = value; }
inline void bus_write_byte(uint32_t lane, uint8_t value) {
    *reinterpret_cast<volatile uint8_t *>(WEFT_BUS_BASE + WEFT_BUS_WORD + lane) = value;
}

// On-chip memory, by its offset among WEFT_CHIP_...
inline uint8_t *chip(uint32_t offset) {
    return reinterpret_cast<uint8_t *>(WEFT_CHIP_BASE + offset);
}

// sums[c] += byte `byte` of activations * byte c of weights
template <int byte>
inline void mac_broadcast(uint32_t activations, uint32_t weights) {
    asm volatile(".insn r %0, %1, %2, x0, %3, %4" ::"i"(WEFT_MAC_OPCODE), "i"(WEFT_MAC_BROADCAST),
                 "i"(byte), "r"(activations), "r"(weights));
}

// sums[c] += byte c of activations * byte c of weights
inline void mac_each(uint32_t activations, uint32_t weights) {
    asm volatile(".insn r %0, %1, 0, x0, %2, %3" ::"i"(WEFT_MAC_OPCODE), "i"(WEFT_MAC_EACH),
                 "r"(activations), "r"(weights));
}

template <int column>
inline int32_t mac_read() {
    int32_t sum;
    asm volatile(".insn r %1, %2, %3, %0, x0, x0"
                 : "=r"(sum)
                 : "i"(WEFT_MAC_OPCODE), "i"(WEFT_MAC_READ), "i"(column));
    return sum;
}

template <int column>
inline void mac_write(int32_t sum) {
    asm volatile(".insn r %0, %1, %2, x0, %z3, x0" ::"i"(WEFT_MAC_OPCODE), "i"(WEFT_MAC_WRITE),
                 "i"(column), "rJ"(sum));
}

}  // namespace machine
#endif

namespace machine {

inline void set_bus_address(uint32_t address) { write_control(WEFT_CONTROL_BUS_ADDRESS, address); }
inline bool bus_failed() { return read_control(WEFT_CONTROL_BUS_ERROR) != 0; }

inline uint32_t &chip_word(uint32_t offset) {
    return *reinterpret_cast<uint32_t *>(chip(offset));
}

// A word of the weight memory at a byte offset, which wraps.
inline uint32_t weight(uint32_t offset) {
    return chip_word(WEFT_CHIP_WEIGHTS + (offset & (WEFT_WEIGHT_MEMORY_BYTES - 1)));
}

inline int32_t *sums_of(uint32_t pixel) {
    return reinterpret_cast<int32_t *>(chip(WEFT_CHIP_SUMS + pixel * 4 * WEFT_COLS));
}

}  // namespace machine

#endif  // WEFT_MACHINE_H
