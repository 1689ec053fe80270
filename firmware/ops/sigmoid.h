// LOGISTIC and TANH of int16 by interpolation in a table.
//
// tensorflow/lite/kernels/internal/reference/integer_ops/ logistic.h, tanh.h.
#ifndef WEFT_OPS_SIGMOID_H
#define WEFT_OPS_SIGMOID_H

#include "sigmoid_table.h"

// The table, in Q0.16, at a value that has `bits` bits below an entry.
inline int32_t weft_sigmoid_interpolated(uint32_t value, int32_t bits) {
    const uint32_t entry = value >> bits, fraction = value & ((1u << bits) - 1);
    const uint32_t here = kWeftSigmoidTable[entry];
    return static_cast<int32_t>((here << bits) + fraction * (kWeftSigmoidTable[entry + 1] - here));
}

// Of value / (3 * 2^12), Q0.15.
inline int32_t weft_logistic(int32_t value) {
    const uint32_t magnitude = static_cast<uint32_t>(value < 0 ? -value : value);
    const int32_t result =
        magnitude >> 9 >= 255 ? 0x7FFF << 10 : weft_sigmoid_interpolated(magnitude, 9);
    return (value < 0 ? (1 << 25) - result + 511 : result + 512) >> 10;
}

// Likewise.
inline int32_t weft_tanh(int32_t value) {
    const uint32_t magnitude = static_cast<uint32_t>(value < 0 ? -value : value);
    const int32_t result =
        magnitude >> 8 >= 255 ? 0xFFFF << 8 : weft_sigmoid_interpolated(magnitude, 8);
    return (value < 0 ? -result + (1 << 23) + 127 : result - (1 << 23) + 128) >> 8;
}

#endif  // WEFT_OPS_SIGMOID_H
