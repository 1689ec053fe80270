// The processor of the scalar datapath for tests of its firmware on the host: plain arrays.
#ifndef WEFT_HOST_MACHINE_H
#define WEFT_HOST_MACHINE_H

namespace machine {

extern uint32_t data[], chip_words[];
extern int32_t sums[4];

inline volatile uint32_t &host(uint32_t offset) { return data[offset / 4]; }

uint32_t read_control(uint32_t offset);
void write_control(uint32_t offset, uint32_t value);
uint32_t bus_read_next();
void bus_write(uint32_t value);
void bus_write_byte(uint32_t lane, uint8_t value);

inline uint8_t *chip(uint32_t offset) { return reinterpret_cast<uint8_t *>(chip_words) + offset; }

inline int32_t byte_of(uint32_t word, int i) { return static_cast<int8_t>(word >> 8 * i); }

inline void add_to(int column, int32_t product) {
    sums[column] = static_cast<int32_t>(static_cast<uint32_t>(sums[column]) + product);
}

template <int byte>
inline void mac_broadcast(uint32_t activations, uint32_t weights) {
    for (int c = 0; c < 4; c++) add_to(c, byte_of(activations, byte) * byte_of(weights, c));
}

inline void mac_each(uint32_t activations, uint32_t weights) {
    for (int c = 0; c < 4; c++) add_to(c, byte_of(activations, c) * byte_of(weights, c));
}

template <int column>
inline int32_t mac_read() {
    return sums[column];
}

template <int column>
inline void mac_write(int32_t sum) {
    sums[column] = sum;
}

}  // namespace machine

#endif  // WEFT_HOST_MACHINE_H
