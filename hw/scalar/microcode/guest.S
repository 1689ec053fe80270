/* Into an operator and out of it. gp is not needed: all of DATA is within reach of x0. */
#include "weft_config.h"
#include "weft_scalar.h"

#if WEFT_HAS_CORE
    .option norelax

/* uint32_t guest_run(uint32_t pc): runs the operator from pc on with the registers in
 * guest_registers, up to an instruction that is not for the processor; returns its address. */
    .section .text.guest_run, "ax", @progbits
    .globl guest_run
    .type guest_run, @function
guest_run:
    .insn r WEFT_MAC_OPCODE, WEFT_GUEST_SET_PC, 0, x0, a0, x0
    jal     t0, __riscv_save_12
    sw      sp, %lo(guest_stack)(zero)
    .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    lw      x\n, %lo(guest_registers + 4 * \n)(zero)
    .endr
    .insn r WEFT_MAC_OPCODE, WEFT_GUEST_ENTER, 0, x0, x0, x0

    .globl guest_trap
    .type guest_trap, @function
guest_trap:
    .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sw      x\n, %lo(guest_registers + 4 * \n)(zero)
    .endr
    lw      sp, %lo(guest_stack)(zero)
    .insn r WEFT_MAC_OPCODE, WEFT_GUEST_GET_PC, 0, a0, x0, x0
    j       __riscv_restore_12

    .section .bss.guest_stack, "aw", @nobits
    .balign 4
guest_stack:
    .zero   4
#endif
