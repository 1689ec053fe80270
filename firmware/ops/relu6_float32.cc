// RELU6 of float32; tensorflow/lite/micro/kernels/activations_common.cc.
#include "map.h"
#include "weft_op.h"

namespace {

float apply(float x) { return x > 6.0f ? 6.0f : x < 0.0f ? 0.0f : x; }

}  // namespace

WEFT_OP("RELU6_FLOAT32", weft_map_float<apply>)
