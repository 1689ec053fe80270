/* Exceptions: tells the host's log where and why, and ends the command.
 *
 * Words, little-endian, in the order of firmware/trap.py: the mark, mepc, mtval, mcause, registers
 * x1 to x31, the address of the stack's top, the number of words that follow, and those words. No
 * stack is used: it may be what overflowed.
 */
#include "weft_config.h"

#define MARK 0x5054577F             /* 0x7F, "WTP" */
#define STACK_WORDS 384

    .section .text.weft_trap, "ax", @progbits
    .globl weft_trap
    .type weft_trap, @function
    .balign 4
weft_trap:
    .option push
    .option norelax                 /* gp may be anything */
    csrw    mscratch, t0
    la      t0, registers
    .irp    n, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sw      x\n, 4 * \n(t0)
    .endr
    csrr    t1, mscratch
    sw      t1, 4 * 5(t0)
    csrr    t1, mcause
    sw      t1, 0(t0)

    mv      s1, t0
    li      s0, WEFT_MMIO_BASE
    li      a0, MARK
    jal     word
    csrr    a0, mepc
    jal     word
    csrr    a0, mtval
    jal     word
    addi    s2, s1, 4 * 32
1:  lw      a0, 0(s1)
    addi    s1, s1, 4
    jal     word
    bltu    s1, s2, 1b

    /* The stack from sp on, as far as there is one. */
    andi    s1, sp, -4
    la      t0, __stack_bottom
    la      s2, __stack_top
    bgeu    s1, t0, 2f
    mv      s1, t0
2:  bgeu    s2, s1, 3f
    mv      s1, s2
3:  mv      a0, s1
    jal     word
    sub     a0, s2, s1
    srli    a0, a0, 2
    li      t0, STACK_WORDS
    bgeu    t0, a0, 4f
    mv      a0, t0
4:  slli    s2, a0, 2
    add     s2, s2, s1
    jal     word
    j       6f
5:  lw      a0, 0(s1)
    addi    s1, s1, 4
    jal     word
6:  bltu    s1, s2, 5b

    sw      zero, WEFT_MMIO_DONE(s0)
7:  j       7b

word:
    sw      a0, WEFT_MMIO_LOG(s0)
    srli    a0, a0, 8
    sw      a0, WEFT_MMIO_LOG(s0)
    srli    a0, a0, 8
    sw      a0, WEFT_MMIO_LOG(s0)
    srli    a0, a0, 8
    sw      a0, WEFT_MMIO_LOG(s0)
    ret
    .option pop
    .size weft_trap, . - weft_trap

    .section .bss.weft_trap_registers, "aw", @nobits
    .balign 4
registers:                          /* mcause in the place of x0 */
    .zero   4 * 32
