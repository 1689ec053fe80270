// SQUARED_DIFFERENCE of int16.
#include "squared_difference.h"
#include "weft_op.h"

WEFT_OP("SQUARED_DIFFERENCE_INT16", weft_squared_difference<int16_t>)
