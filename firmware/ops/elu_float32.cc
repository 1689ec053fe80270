// ELU of float32; tensorflow/lite/kernels/internal/reference/elu.h.
#include "float_math.h"
#include "map.h"
#include "weft_op.h"

namespace {

float apply(float x) { return x < 0.0f ? weft_expm1f(x) : x; }

}  // namespace

WEFT_OP("ELU_FLOAT32", weft_map_float<apply>)
