// REDUCE_MIN of int8 and float32; tensorflow/lite/micro/kernels/reduce_common.cc.
#include "reduce.h"
#include "weft_op.h"

namespace {

template <typename T>
int32_t reduce(const weft_op_t *op, T start) {
    return weft_reduce<T>(
        op, weft_params<weft_reduce_params_t>(op)->axes, start,
        [](T best, T x) { return x < best ? x : best; }, [](T best) { return best; });
}

int32_t reduce_min(const weft_op_t *op) {
    return op->inputs[0]->type == WEFT_TYPE_FLOAT32 ? reduce<float>(op, __FLT_MAX__)
                                                    : reduce<int8_t>(op, INT8_MAX);
}

}  // namespace

WEFT_OP("REDUCE_MIN", reduce_min)
