// FLOOR of float32; tensorflow/lite/micro/kernels/floor.cc.
#include <math.h>

#include "map.h"
#include "weft_op.h"

namespace {

float apply(float x) { return floorf(x); }

}  // namespace

WEFT_OP("FLOOR_FLOAT32", weft_map_float<apply>)
