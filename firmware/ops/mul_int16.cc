// MUL of int16.
#include "mul.h"
#include "weft_op.h"

WEFT_OP("MUL_INT16", weft_mul<int16_t>)
