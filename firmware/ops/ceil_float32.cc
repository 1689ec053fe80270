// CEIL of float32; tensorflow/lite/kernels/internal/reference/ceil.h.
#include <math.h>

#include "map.h"
#include "weft_op.h"

namespace {

float apply(float x) { return ceilf(x); }

}  // namespace

WEFT_OP("CEIL_FLOAT32", weft_map_float<apply>)
