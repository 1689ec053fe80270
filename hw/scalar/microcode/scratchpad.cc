#include "scratchpad.h"

uint32_t window(uint32_t address) { return window_at(address); }
