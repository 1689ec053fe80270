// COS of float32; tensorflow/lite/micro/kernels/elementwise.cc.
#include "float_math.h"
#include "map.h"
#include "weft_op.h"

WEFT_OP("COS_FLOAT32", weft_map_float<weft_cosf>)
