// ABS of float32; tensorflow/lite/micro/kernels/elementwise.cc.
#include "map.h"
#include "weft_op.h"

namespace {

float apply(float x) { return __builtin_fabsf(x); }

}  // namespace

WEFT_OP("ABS_FLOAT32", weft_map_float<apply>)
