// LOGISTIC and TANH of int16, by interpolation.
//
// tensorflow/lite/kernels/internal/reference/integer_ops/ logistic.h, tanh.h.
#include "map.h"
#include "sigmoid_table.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

// The table, in Q0.16, at a value that has `bits` bits below an entry.
uint32_t interpolated(uint32_t value, int32_t bits) {
    const uint32_t entry = value >> bits, fraction = value & ((1u << bits) - 1);
    const uint32_t here = kWeftSigmoidTable[entry];
    return (here << bits) + fraction * (kWeftSigmoidTable[entry + 1] - here);
}

int32_t sigmoid(const weft_op_t *op) {
    const weft_sigmoid_params_t p = *weft_params<weft_sigmoid_params_t>(op);
    const int32_t half = p.shift > 0 ? 1 << (p.shift - 1) : 0;
    const bool is_tanh = p.is_tanh;
    return weft_map<int16_t, int16_t>(op, [=](int32_t code) -> int16_t {
        const int32_t value = (code * p.multiplier + half) >> p.shift;
        const uint32_t magnitude = static_cast<uint32_t>(value < 0 ? -value : value);
        if (is_tanh) {
            int32_t result = magnitude >> 8 >= 255 ? 0xFFFF << 8 : interpolated(magnitude, 8);
            result = value < 0 ? -result + (1 << 23) + 127 : result - (1 << 23) + 128;
            return result >> 8;
        }
        int32_t result = magnitude >> 9 >= 255 ? 0x7FFF << 10 : interpolated(magnitude, 9);
        result = value < 0 ? (1 << 25) - result + 511 : result + 512;
        return result >> 10;
    });
}

}  // namespace

WEFT_OP("SIGMOID_INT16", sigmoid)
