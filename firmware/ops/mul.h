// MUL of int8 and int16; tensorflow/lite/kernels/internal/reference/integer_ops/mul.h.
#ifndef WEFT_OPS_MUL_H
#define WEFT_OPS_MUL_H

#include "pairs.h"
#include "weft_fixed_point.h"

template <typename T>
inline int32_t weft_mul(const weft_op_t *op) {
    const weft_pair_params_t p = *weft_params<weft_pair_params_t>(op);
    const int32_t zero_a = op->inputs[0]->zero_point, zero_b = op->inputs[1]->zero_point;
    const int32_t zero_point = op->outputs[0]->zero_point;
    return weft_map_pairs<T, T, T>(op, [=](int32_t a, int32_t b) {
        const int32_t product = (a - zero_a) * (b - zero_b);
        return weft_clamp(weft_mbqm(product, p.multiplier, p.shift) + zero_point, p.low, p.high);
    });
}

#endif  // WEFT_OPS_MUL_H
