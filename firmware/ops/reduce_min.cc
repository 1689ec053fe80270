// REDUCE_MIN of integers and float32, and REDUCE_ALL of bool; tensorflow/lite/micro/kernels/reduce_common.cc.
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
    switch (op->inputs[0]->type) {
        case WEFT_TYPE_INT8: return reduce<int8_t>(op, INT8_MAX);
        case WEFT_TYPE_INT16: return reduce<int16_t>(op, INT16_MAX);
        case WEFT_TYPE_INT32: return reduce<int32_t>(op, INT32_MAX);
        case WEFT_TYPE_BOOL: return reduce<bool>(op, true);
        case WEFT_TYPE_FLOAT32: return reduce<float>(op, __FLT_MAX__);
        default: return WEFT_STATUS_TYPE;
    }
}

}  // namespace

WEFT_OP("REDUCE_MIN", reduce_min)
