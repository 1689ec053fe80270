// Division, which the processor does not have.
#ifndef WEFT_DIVIDE_H
#define WEFT_DIVIDE_H

#include <stdint.h>

// DIV, DIVU, REM and REMU by their funct3; RISC-V's results for zero and overflow.
uint32_t divide(uint32_t funct3, uint32_t a, uint32_t b);

#endif  // WEFT_DIVIDE_H
