// POW of float32; tensorflow/lite/kernels/pow.cc.
#include <math.h>

#include "pairs.h"
#include "weft_op.h"

namespace {

int32_t power(const weft_op_t *op) {
    return weft_map_equal_pairs<float>(op, [](float a, float b) { return powf(a, b); });
}

}  // namespace

WEFT_OP("POW", power)
