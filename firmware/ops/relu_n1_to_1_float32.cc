// RELU_N1_TO_1 of float32; tensorflow/lite/kernels/activations.cc (LiteRT).
#include "map.h"
#include "weft_op.h"

namespace {

float apply(float x) { return x > 1.0f ? 1.0f : x < -1.0f ? -1.0f : x; }

}  // namespace

WEFT_OP("RELU_N1_TO_1_FLOAT32", weft_map_float<apply>)
