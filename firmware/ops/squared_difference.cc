// SQUARED_DIFFERENCE of int8.
#include "squared_difference.h"
#include "weft_op.h"

WEFT_OP("SQUARED_DIFFERENCE", weft_squared_difference<int8_t>)
