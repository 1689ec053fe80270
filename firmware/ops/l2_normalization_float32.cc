// L2_NORMALIZATION of float32 over the last dimension.
//
// tensorflow/lite/kernels/internal/reference/l2normalization.h.
#include <math.h>

#include "rows.h"
#include "weft_op.h"

namespace {

int32_t l2_normalization(const weft_op_t *op) {
    return weft_rows<float, float>(op, [](const float *in, float *out, int32_t depth) {
        float sum = 0;
        for (int32_t i = 0; i < depth; i++) sum += in[i] * in[i];
        const float norm = sqrtf(sum), divisor = norm < 1e-6f ? 1e-6f : norm;
        for (int32_t i = 0; i < depth; i++) out[i] = in[i] / divisor;
    });
}

}  // namespace

WEFT_OP("L2_NORMALIZATION_FLOAT32", l2_normalization)
