// SQUARED_DIFFERENCE of int8 and int16; tensorflow/lite/micro/kernels/squared_difference.cc.
#ifndef WEFT_OPS_SQUARED_DIFFERENCE_H
#define WEFT_OPS_SQUARED_DIFFERENCE_H

#include "pairs.h"
#include "scaled_pair.h"
#include "weft_fixed_point.h"

template <typename T>
inline int32_t weft_squared_difference(const weft_op_t *op) {
    const weft_add_params_t p = *weft_params<weft_add_params_t>(op);
    const weft_scaled_operand_t a(op->inputs[0], p.left_shift, p.multiplier_a, p.shift_a);
    const weft_scaled_operand_t b(op->inputs[1], p.left_shift, p.multiplier_b, p.shift_b);
    const int32_t zero_point = op->outputs[0]->zero_point;
    return weft_map_pairs<T, T, T>(op, [=](int32_t code_a, int32_t code_b) {
        const uint32_t difference = static_cast<uint32_t>(a(code_a) - b(code_b));
        const int32_t square = static_cast<int32_t>(difference * difference);
        const int32_t code = weft_mbqm(square, p.multiplier_out, p.shift_out) + zero_point;
        return weft_clamp(code, p.low, p.high);
    });
}

#endif  // WEFT_OPS_SQUARED_DIFFERENCE_H
