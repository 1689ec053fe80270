// ROUND of float32; tensorflow/lite/kernels/internal/reference/round.h.
#include <math.h>

#include "map.h"
#include "weft_op.h"

namespace {

// To nearest, ties to even.
float apply(float x) {
    const float below = floorf(x), rest = x - below;
    if (rest < 0.5f || (rest == 0.5f && floorf(below * 0.5f) * 2 == below)) return below;
    return below + 1.0f;
}

}  // namespace

WEFT_OP("ROUND_FLOAT32", weft_map_float<apply>)
