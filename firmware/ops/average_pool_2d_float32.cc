// AVERAGE_POOL_2D of float32; tensorflow/lite/kernels/internal/reference/pooling.h.
#include "pool_2d_float32.h"

namespace {

int32_t average_pool(const weft_op_t *op) {
    return weft_pool_2d_float32(
        op, 0.0f, [](float sum, float x) { return sum + x; },
        [](float sum, int32_t count) { return sum / static_cast<float>(count); });
}

}  // namespace

WEFT_OP("AVERAGE_POOL_2D_FLOAT32", average_pool)
