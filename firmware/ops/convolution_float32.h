// What convolutions of float32 share: sums of products in order, and outputs of them.
#ifndef WEFT_OPS_CONVOLUTION_FLOAT32_H
#define WEFT_OPS_CONVOLUTION_FLOAT32_H

#include "plain.h"
#include "weft_op.h"

// The sum and n products, one after the other; weights lie weight_step apart.
inline float weft_add_products(float sum, const float *x, const float *w, int32_t n,
                               int32_t weight_step) {
    for (int32_t i = 0; i < n; i++, w += weight_step) sum += x[i] * *w;
    return sum;
}

// From sums to outputs. The fused activation follows the parameters of the loops.
struct weft_float_results_t {
    const weft_plain_params_t *fused;
    const float *bias;  // null for none

    explicit weft_float_results_t(const weft_op_t *op) {
        const auto *loops = static_cast<const weft_convolution_params_t *>(op->params);
        fused = reinterpret_cast<const weft_plain_params_t *>(loops + 1);
        const bool has_bias = op->n_inputs > 2 && !(op->inputs[2]->flags & WEFT_TENSOR_ABSENT);
        bias = has_bias ? static_cast<const float *>(op->inputs[2]->data) : nullptr;
    }

    float of(float sum, int32_t channel) const {
        return weft_fused(fused, bias ? sum + bias[channel] : sum);
    }
};

#endif  // WEFT_OPS_CONVOLUTION_FLOAT32_H
