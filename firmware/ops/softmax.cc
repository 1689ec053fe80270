// SOFTMAX of int8.
#include "softmax.h"
#include "weft_op.h"

WEFT_OP("SOFTMAX", weft_softmax<int8_t>)
