// MUL of int8.
#include "mul.h"
#include "weft_op.h"

WEFT_OP("MUL", weft_mul<int8_t>)
