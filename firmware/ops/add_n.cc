// ADD_N of int8 and float32: the sum of several tensors of one shape.
//
// tensorflow/lite/kernels/internal/reference/add_n.h. Sums of codes are of 2^19 times the codes
// above the zero point, which is that of all operands, and wrap. They begin with a code of 0, as if
// it were one more operand.
#include "code_sum.h"
#include "types.h"
#include "weft_op.h"

namespace {

int32_t add_codes(const weft_op_t *op) {
    const weft_scale_t p = *weft_params<weft_scale_t>(op);
    const weft_tensor_t *out = op->outputs[0];
    const int32_t n_inputs = op->n_inputs, zero_point = out->zero_point;
    const int32_t zeros = (n_inputs + 1) * op->inputs[0]->zero_point;
    auto *to = weft_data<int8_t>(out);
    const int32_t n = static_cast<int32_t>(out->bytes);
    for (int32_t i = 0; i < n; i++) {
        int32_t sum = -zeros;
        for (int32_t k = 0; k < n_inputs; k++) sum += weft_data<int8_t>(op->inputs[k])[i];
        to[i] = weft_sum_code(sum, p.multiplier, p.shift, zero_point);
    }
    return WEFT_STATUS_OK;
}

int32_t add_numbers(const weft_op_t *op) {
    const weft_tensor_t *out = op->outputs[0];
    auto *to = weft_data<float>(out);
    const int32_t n = static_cast<int32_t>(out->bytes / sizeof(float));
    for (int32_t i = 0; i < n; i++) {
        float sum = 0;
        for (int32_t k = 0; k < op->n_inputs; k++) sum += weft_data<float>(op->inputs[k])[i];
        to[i] = sum;
    }
    return WEFT_STATUS_OK;
}

int32_t add_n(const weft_op_t *op) {
    const weft_tensor_t *out = op->outputs[0];
    for (int32_t k = 0; k < op->n_inputs; k++) {
        if (op->inputs[k]->type != out->type) return WEFT_STATUS_TYPE;
        if (op->inputs[k]->bytes != out->bytes) return WEFT_STATUS_SHAPE;
    }
    if (out->type == WEFT_TYPE_FLOAT32) return add_numbers(op);
    return out->type == WEFT_TYPE_INT8 ? add_codes(op) : static_cast<int32_t>(WEFT_STATUS_TYPE);
}

}  // namespace

WEFT_OP("ADD_N", add_n)
