// MEAN and SUM of int16.
#include "mean.h"
#include "weft_op.h"

WEFT_OP("MEAN_INT16", weft_mean<int16_t>)
