// ARRAY commands: sums of products, and what becomes of them.
#ifndef WEFT_ARRAY_H
#define WEFT_ARRAY_H

#include "machine.h"

// False where the command fails, with the error noted.
bool run_array();

#endif  // WEFT_ARRAY_H
