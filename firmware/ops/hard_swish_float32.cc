// HARD_SWISH of float32; tensorflow/lite/kernels/internal/reference/hard_swish.h.
#include "map.h"
#include "weft_op.h"

namespace {

float apply(float x) {
    const float slope = x + 3.0f, above = slope < 0.0f ? 0.0f : slope;
    return x * (above < 6.0f ? above : 6.0f) / 6.0f;
}

}  // namespace

WEFT_OP("HARD_SWISH_FLOAT32", weft_map_float<apply>)
