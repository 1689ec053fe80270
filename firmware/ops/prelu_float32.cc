// PRELU of float32; tensorflow/lite/micro/kernels/prelu_common.cc.
#include "pairs.h"
#include "weft_op.h"

namespace {

int32_t prelu(const weft_op_t *op) {
    return weft_map_equal_pairs<float>(
        op, [](float x, float alpha) { return x >= 0.0f ? x : x * alpha; });
}

}  // namespace

WEFT_OP("PRELU_FLOAT32", prelu)
