// LOG_SOFTMAX of float32 over the last dimension.
//
// tensorflow/lite/kernels/internal/reference/log_softmax.h.
#include "float_math.h"
#include "rows.h"
#include "weft_op.h"

namespace {

int32_t log_softmax(const weft_op_t *op) {
    return weft_rows<float, float>(op, [](const float *in, float *out, int32_t depth) {
        const float largest = weft_row_maximum(in, depth, -__FLT_MAX__);
        float sum = 0;
        for (int32_t i = 0; i < depth; i++) sum += weft_expf(in[i] - largest);
        const float log_sum = weft_logf(sum);
        for (int32_t i = 0; i < depth; i++) out[i] = in[i] - largest - log_sum;
    });
}

}  // namespace

WEFT_OP("LOG_SOFTMAX_FLOAT32", log_softmax)
