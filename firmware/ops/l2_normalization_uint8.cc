// L2_NORMALIZATION of codes of uint8 less 128.
#include "l2_normalization.h"
#include "weft_op.h"

WEFT_OP("L2_NORMALIZATION_UINT8", weft_l2_normalization<true>)
