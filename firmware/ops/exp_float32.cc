// EXP of float32; tensorflow/lite/kernels/internal/reference/exp.h.
#include "float_math.h"
#include "map.h"
#include "weft_op.h"

WEFT_OP("EXP_FLOAT32", weft_map_float<weft_expf>)
