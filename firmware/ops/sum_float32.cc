// SUM and MEAN of float32; tensorflow/lite/kernels/internal/reference/reduce.h. Elements are added
// in the order of memory.
#include "reduce.h"
#include "weft_op.h"

namespace {

int32_t sum(const weft_op_t *op) {
    const weft_reduce_params_t p = *weft_params<weft_reduce_params_t>(op);
    return weft_reduce<float>(
        op, p.axes, 0.0f, [](float total, float x) { return total + x; },
        [=](float total) { return total / p.divisor; });
}

}  // namespace

WEFT_OP("SUM_FLOAT32", sum)
