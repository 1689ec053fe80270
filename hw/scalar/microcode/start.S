/* Start-up: after power-up, and after each soft reset, with memory as it was. */
#include "weft_config.h"
#include "weft_scalar.h"

    .section .text.start, "ax", @progbits
    .globl weft_start
    .type weft_start, @function
weft_start:
#if WEFT_HAS_CORE
    j       1f
    ret                             /* TRAP_VECTOR: to where enter_guest was called */
    .globl enter_guest
    .type enter_guest, @function
enter_guest:                        /* at the address a0; changes only ra */
    .insn r WEFT_MAC_OPCODE, WEFT_GUEST_ENTER, 0, x0, a0, x0
1:
#endif
    .option push
    .option norelax
    lui     gp, %hi(__global_pointer$)
    addi    gp, gp, %lo(__global_pointer$)
    .option pop
    lui     sp, %hi(__stack_top)
    addi    sp, sp, %lo(__stack_top)
    lui     t0, %hi(__bss_start)
    addi    t0, t0, %lo(__bss_start)
    lui     t1, %hi(__bss_end)
    addi    t1, t1, %lo(__bss_end)
0:  bgeu    t0, t1, 1f
    sw      zero, 0(t0)
    addi    t0, t0, 4
    j       0b
1:  j       weft_main
