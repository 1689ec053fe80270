// SOFTMAX of float32 over the last dimension; tensorflow/lite/kernels/internal/reference/softmax.h.
#include "float_math.h"
#include "rows.h"
#include "weft_op.h"

namespace {

int32_t softmax(const weft_op_t *op) {
    const float beta = weft_params<weft_float_params_t>(op)->value;
    return weft_rows<float, float>(op, [=](const float *in, float *out, int32_t depth) {
        const float largest = weft_row_maximum(in, depth, -__FLT_MAX__);
        float sum = 0;
        for (int32_t i = 0; i < depth; i++) {
            out[i] = weft_expf((in[i] - largest) * beta);
            sum += out[i];
        }
        for (int32_t i = 0; i < depth; i++) out[i] = out[i] / sum;
    });
}

}  // namespace

WEFT_OP("SOFTMAX_FLOAT32", softmax)
