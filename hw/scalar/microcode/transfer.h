// LOAD and STORE commands.
#ifndef WEFT_TRANSFER_H
#define WEFT_TRANSFER_H

#include "config.h"

// False where the command fails, with the error noted.
bool run_transfer(const weft_load_t &config, bool is_store);

#endif  // WEFT_TRANSFER_H
