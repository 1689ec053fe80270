// SVDF of float32; tensorflow/lite/micro/kernels/svdf_common.cc. Products are added in its order.
#include <string.h>

#include "convolution_float32.h"
#include "weft_op.h"

namespace {

// The fused activation follows.
const weft_svdf_params_t *params(const weft_op_t *op) {
    return static_cast<const weft_svdf_params_t *>(op->params);
}

uint32_t state_bytes(const weft_op_t *op) {
    const weft_svdf_params_t *p = params(op);
    return static_cast<uint32_t>(p->batches * p->filters * p->memory) * 4;
}

int32_t init(const weft_op_t *op) {
    memset(op->state, 0, state_bytes(op));
    return WEFT_STATUS_OK;
}

int32_t svdf(const weft_op_t *op) {
    const weft_svdf_params_t *p = params(op);
    const auto *fused = reinterpret_cast<const weft_plain_params_t *>(p + 1);
    const auto *x = static_cast<const float *>(op->inputs[0]->data);
    const auto *features = static_cast<const float *>(op->inputs[1]->data);
    const auto *times = static_cast<const float *>(op->inputs[2]->data);
    const auto *bias = static_cast<const float *>(op->inputs[3]->data);
    auto *state = static_cast<float *>(op->state);
    auto *to = static_cast<float *>(op->outputs[0]->data);
    // All states move on by one, across their borders as well: what comes in is overwritten.
    memmove(state, state + 1, state_bytes(op) - sizeof *state);
    for (int32_t b = 0; b < p->batches; b++, x += p->inputs) {
        for (int32_t u = 0; u < p->filters / p->rank; u++) {
            float sum = bias[u];
            for (int32_t r = 0; r < p->rank; r++, state += p->memory) {
                const int32_t filter = u * p->rank + r;
                state[p->memory - 1] =
                    weft_add_products(0, features + filter * p->inputs, x, p->inputs, 1);
                sum += weft_add_products(0, state, times + filter * p->memory, p->memory, 1);
            }
            *to++ = weft_fused(fused, sum);
        }
    }
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("SVDF_FLOAT32", svdf, init, state_bytes)
