// Operators: runs them, and does for them what the processor leaves.
#ifndef WEFT_GUEST_H
#define WEFT_GUEST_H

#include "guest_access.h"

// There is no operator until a command boots it.
void reset_guest();

// Begins the CORE command of `config`; false where that fails, with the error noted.
bool begin_guest();

// Goes on with it: FAILED, COMPLETE or WORD. Behind the end of its command an operator goes on with
// the next one.
GuestEvent run_guest();

#endif  // WEFT_GUEST_H
