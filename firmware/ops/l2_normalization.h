// L2_NORMALIZATION of codes over the last dimension, output scale 1/128 and the middle zero point.
//
// tensorflow/lite/kernels/internal/reference/integer_ops/l2normalization.h (int8) and
// tensorflow/lite/kernels/internal/reference/l2normalization.h (uint8), which round at different
// places: values are multiplied by 128 before they are scaled, or while they are.
#ifndef WEFT_OPS_L2_NORMALIZATION_H
#define WEFT_OPS_L2_NORMALIZATION_H

#include "inverse_square_root.h"
#include "rows.h"
#include "weft_fixed_point.h"

template <bool scaled_first>
inline int32_t weft_l2_normalization(const weft_op_t *op) {
    constexpr int32_t kOutputBits = 7;  // of the fraction
    constexpr int32_t kBefore = scaled_first ? kOutputBits : 0, kWithin = kOutputBits - kBefore;
    const int32_t zero_point = op->inputs[0]->zero_point;
    return weft_rows<int8_t, int8_t>(op, [=](const int8_t *in, int8_t *out, int32_t depth) {
        int32_t sum = 0;
        for (int32_t i = 0; i < depth; i++) {
            const int32_t value = in[i] - zero_point;
            sum += value * value;
        }
        int32_t shift;
        const int32_t multiplier = weft_inverse_square_root(sum, &shift);
        for (int32_t i = 0; i < depth; i++) {
            const int32_t value = (in[i] - zero_point) * (1 << kBefore);
            const int32_t code = weft_mbqm(value, multiplier, shift + kWithin);
            out[i] = weft_clamp(code, INT8_MIN, INT8_MAX);
        }
    });
}

#endif  // WEFT_OPS_L2_NORMALIZATION_H
