// NEG of float32; tensorflow/lite/kernels/internal/reference/neg.h.
#include "map.h"
#include "weft_op.h"

namespace {

float apply(float x) { return -x; }

}  // namespace

WEFT_OP("NEG_FLOAT32", weft_map_float<apply>)
