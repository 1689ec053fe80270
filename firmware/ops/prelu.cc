// PRELU of int8, and of int16 with an alpha of int8.
//
// tensorflow/lite/kernels/internal/reference/prelu.h.
#include "pairs.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

template <typename T>
int32_t prelu_of(const weft_op_t *op) {
    const weft_prelu_params_t p = *weft_params<weft_prelu_params_t>(op);
    const int32_t zero_x = op->inputs[0]->zero_point, zero_alpha = op->inputs[1]->zero_point;
    const int32_t zero_point = op->outputs[0]->zero_point;
    constexpr int32_t kHigh = sizeof(T) == 1 ? INT8_MAX : INT16_MAX;
    return weft_map_pairs<T, int8_t, T>(op, [=](int32_t x, int32_t alpha) {
        const int32_t value = x - zero_x;
        const int32_t scaled =
            value >= 0 ? weft_mbqm(value, p.multiplier, p.shift)
                       : weft_mbqm(value * (alpha - zero_alpha), p.multiplier_alpha, p.shift_alpha);
        return weft_clamp(scaled + zero_point, -kHigh - 1, kHigh);
    });
}

int32_t prelu(const weft_op_t *op) {
    return op->inputs[0]->type == WEFT_TYPE_INT16 ? prelu_of<int16_t>(op) : prelu_of<int8_t>(op);
}

}  // namespace

WEFT_OP("PRELU", prelu)
