// MINIMUM of integers, float32 and bool; tensorflow/lite/micro/kernels/maximum_minimum.cc.
#include "pairs.h"
#include "weft_op.h"

namespace {

int32_t minimum(const weft_op_t *op) {
    return weft_map_equal_pairs<int8_t, bool, int16_t, int32_t, int64_t, float>(
        op, [](auto a, auto b) { return a < b ? a : b; });
}

}  // namespace

WEFT_OP("MINIMUM", minimum)
