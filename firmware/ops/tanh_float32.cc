// TANH of float32; tensorflow/lite/kernels/internal/reference/tanh.h.
#include "float_math.h"
#include "map.h"
#include "weft_op.h"

WEFT_OP("TANH_FLOAT32", weft_map_float<weft_tanhf>)
