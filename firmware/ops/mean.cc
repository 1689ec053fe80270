// MEAN and SUM of int8.
#include "mean.h"
#include "weft_op.h"

WEFT_OP("MEAN", weft_mean<int8_t>)
