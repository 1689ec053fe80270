// MAX_POOL_2D of float32; tensorflow/lite/kernels/internal/reference/pooling.h.
#include "pool_2d_float32.h"

namespace {

int32_t max_pool(const weft_op_t *op) {
    return weft_pool_2d_float32(
        op, -__FLT_MAX__, [](float largest, float x) { return largest < x ? x : largest; },
        [](float largest, int32_t) { return largest; });
}

}  // namespace

WEFT_OP("MAX_POOL_2D_FLOAT32", max_pool)
