// DIV of int32 and float32; tensorflow/lite/kernels/internal/reference/div.h. An integer that is
// divided by zero is an error.
#include "plain.h"
#include "weft_op.h"

namespace {

int32_t quotient(int32_t a, int32_t b) {
    if (b == 0) weft_fail(WEFT_STATUS_ERROR);
    return b == -1 ? static_cast<int32_t>(0u - static_cast<uint32_t>(a)) : a / b;
}

float quotient(float a, float b) { return a / b; }

int32_t div(const weft_op_t *op) {
    const weft_plain_params_t *p = weft_params<weft_plain_params_t>(op);
    return weft_map_equal_pairs<int32_t, float>(
        op, [=](auto a, auto b) { return weft_fused(p, quotient(a, b)); });
}

}  // namespace

WEFT_OP("DIV_PLAIN", div)
