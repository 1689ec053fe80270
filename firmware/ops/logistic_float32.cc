// LOGISTIC of float32; tensorflow/lite/kernels/internal/reference/logistic.h.
#include "float_math.h"
#include "map.h"
#include "weft_op.h"

namespace {

float apply(float x) {
    if (x > 16.619047164916992188f) return 1.0f;
    if (x < -9.0f) return weft_expf(x);
    return 1.0f / (1.0f + weft_expf(-x));
}

}  // namespace

WEFT_OP("LOGISTIC_FLOAT32", weft_map_float<apply>)
