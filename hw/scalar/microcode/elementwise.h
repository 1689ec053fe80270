// Element-wise commands: one tensor, or the sum of two that were looked up.
#ifndef WEFT_ELEMENTWISE_H
#define WEFT_ELEMENTWISE_H

#include "machine.h"

// False where the command fails, with the error noted.
bool run_elementwise();

#endif  // WEFT_ELEMENTWISE_H
