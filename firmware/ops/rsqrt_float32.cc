// RSQRT of float32; tensorflow/lite/micro/kernels/elementwise.cc.
#include <math.h>

#include "map.h"
#include "weft_op.h"

namespace {

float apply(float x) { return 1.0f / sqrtf(x); }

}  // namespace

WEFT_OP("RSQRT_FLOAT32", weft_map_float<apply>)
