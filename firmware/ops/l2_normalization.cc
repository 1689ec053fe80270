// L2_NORMALIZATION of int8.
#include "l2_normalization.h"
#include "weft_op.h"

WEFT_OP("L2_NORMALIZATION", weft_l2_normalization<false>)
