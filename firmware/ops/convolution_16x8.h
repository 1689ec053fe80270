// What convolutions of int16 with int8 filters share: sums of 64 bits, and codes of them.
//
// tensorflow/lite/kernels/internal/reference/integer_ops (the int16 versions). Zero points are 0.
// With biases of int64, or none, sums are requantised with a multiplier of 16 bits.
#ifndef WEFT_OPS_CONVOLUTION_16X8_H
#define WEFT_OPS_CONVOLUTION_16X8_H

#include "weft_fixed_point.h"
#include "weft_op.h"

namespace wide {

constexpr int32_t kChunk = 256;  // products of 2^22 whose sum fits 32 bits

// The sum of n products; weights lie weight_step apart.
inline int64_t dot(const int16_t *x, const int8_t *w, int32_t n, int32_t weight_step) {
    int64_t sum = 0;
    while (n > 0) {
        int32_t part = 0;
        for (int32_t i = n < kChunk ? n : kChunk; i > 0; i--, w += weight_step) part += *x++ * *w;
        sum += part;
        n -= kChunk;
    }
    return sum;
}

// From sums to codes.
struct Codes {
    const weft_convolution_params_t *p;
    const weft_scale_t *scales;
    const weft_tensor_t *bias;  // null for none

    explicit Codes(const weft_op_t *op)
        : p(static_cast<const weft_convolution_params_t *>(op->params)),
          scales(reinterpret_cast<const weft_scale_t *>(p + 1)) {
        const bool has_bias = op->n_inputs > 2 && !(op->inputs[2]->flags & WEFT_TENSOR_ABSENT);
        bias = has_bias ? op->inputs[2] : nullptr;
    }

    int16_t of(int64_t sum, int32_t channel) const {
        const weft_scale_t scale = scales[channel];
        int32_t code;
        if (bias && bias->type == WEFT_TYPE_INT32) {
            const int32_t own = static_cast<const int32_t *>(bias->data)[channel];
            const uint32_t biased = static_cast<uint32_t>(sum) + static_cast<uint32_t>(own);
            code = weft_mbqm(static_cast<int32_t>(biased), scale.multiplier, scale.shift);
        } else {
            if (bias) sum += static_cast<const int64_t *>(bias->data)[channel];
            code = weft_mbqm_64(sum, scale.multiplier, scale.shift);
        }
        return static_cast<int16_t>(weft_clamp(code, p->low, p->high));
    }
};

}  // namespace wide

#endif  // WEFT_OPS_CONVOLUTION_16X8_H
