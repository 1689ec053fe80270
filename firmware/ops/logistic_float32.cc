// LOGISTIC of float32.
#include "float_math.h"
#include "map.h"
#include "weft_op.h"

WEFT_OP("LOGISTIC_FLOAT32", weft_map_float<weft_logisticf>)
