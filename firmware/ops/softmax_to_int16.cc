// SOFTMAX of int8 to int16.
#include "softmax.h"
#include "weft_op.h"

WEFT_OP("SOFTMAX_TO_INT16", weft_softmax<int16_t>)
