// L2_NORMALIZATION of int8 over the last dimension, output scale 1/128 and zero point 0.
//
// tensorflow/lite/kernels/internal/reference/integer_ops/l2normalization.h.
#include "inverse_square_root.h"
#include "rows.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

constexpr int32_t kOutputBits = 7;  // of the fraction

int32_t l2_normalization(const weft_op_t *op) {
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
            const int32_t code = weft_mbqm(in[i] - zero_point, multiplier, shift + kOutputBits);
            out[i] = weft_clamp(code, INT8_MIN, INT8_MAX);
        }
    });
}

}  // namespace

WEFT_OP("L2_NORMALIZATION", l2_normalization)
