// ADD and SUB of int8 and int16 with NumPy's broadcasting.
//
// tensorflow/lite/kernels/internal/reference/add.h, sub.h: both operands are brought to twice the
// larger scale with 20 (int16: 15) more bits, added, and requantised.
#ifndef WEFT_OPS_ADD_H
#define WEFT_OPS_ADD_H

#include "pairs.h"
#include "scaled_pair.h"
#include "weft_fixed_point.h"

template <typename T>
inline int32_t weft_add(const weft_op_t *op) {
    const weft_add_params_t p = *weft_params<weft_add_params_t>(op);
    const weft_scaled_operand_t a(op->inputs[0], p.left_shift, p.multiplier_a, p.shift_a);
    const weft_scaled_operand_t b(op->inputs[1], p.left_shift, p.multiplier_b, p.shift_b);
    const int32_t zero_point = op->outputs[0]->zero_point, sign = -p.subtract;
    return weft_map_pairs<T, T, T>(op, [=](int32_t code_a, int32_t code_b) {
        const int32_t sum = a(code_a) + ((b(code_b) ^ sign) - sign);
        const int32_t code = weft_mbqm(sum, p.multiplier_out, p.shift_out) + zero_point;
        return weft_clamp(code, p.low, p.high);
    });
}

#endif  // WEFT_OPS_ADD_H
