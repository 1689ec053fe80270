// ADD and SUB of int8.
#include "add.h"
#include "weft_op.h"

WEFT_OP("ADD", weft_add<int8_t>)
