// ADD and SUB of int16.
#include "add.h"
#include "weft_op.h"

WEFT_OP("ADD_INT16", weft_add<int16_t>)
