/* Main loop and start-up of the core.
 *
 * A boot command starts the core at weft_entry; DONE is written with 0 when it is ready, and again
 * after each command with what the called function returned. Registers that a call preserves:
 *   s0  the mailbox (MMIO_BASE)
 *   s1  weft_running, from which the heap takes the scratch of the operator that runs
 */
#include "weft_config.h"

#define TRAP_CYCLES 40000           /* enough for weft_trap, with memory that is not too slow */

/* The first WEFT_MAIN_LOOP_BYTES of the program: by its addresses a trace tells the loop from
 * operators. A read of FUNCTION waits until there is a command. */
    .section .weft.main_loop, "ax", @progbits
    .globl weft_entry
    .type weft_entry, @function
weft_entry:
    .option push
    .option norelax
    .option norvc
    j       weft_boot
next:
    lw      t0, WEFT_MMIO_FUNCTION(s0)
    lw      a0, WEFT_MMIO_ARGUMENT(s0)
    sw      zero, 4(s1)
    sw      a0, 0(s1)
    jalr    t0
complete:
    sw      a0, WEFT_MMIO_DONE(s0)
    j       next
    .fill   (WEFT_MAIN_LOOP_BYTES - (. - weft_entry)) / 4, 4, 0x00100073    /* ebreak */
    .option pop
    .size weft_entry, . - weft_entry

    .section .text.weft_boot, "ax", @progbits
    .type weft_boot, @function
weft_boot:
    .option push
    .option norelax
    la      gp, __global_pointer$
    la      t0, weft_trap
    .option pop
    csrw    mtvec, t0
    li      s0, WEFT_MMIO_BASE
    li      t0, TRAP_CYCLES
    sw      t0, WEFT_MMIO_TRAP(s0)
    la      sp, __stack_top
    la      tp, weft_thread
    la      t0, __bss_start
    la      t1, __bss_end
    j       2f
1:  sw      zero, 0(t0)
    addi    t0, t0, 4
2:  bltu    t0, t1, 1b

    la      s1, __init_array_start
    la      s2, __init_array_end
    j       4f
3:  lw      t0, 0(s1)
    addi    s1, s1, 4
    jalr    t0
4:  bltu    s1, s2, 3b

    lw      a0, WEFT_MMIO_ARGUMENT(s0)
    call    weft_start
    la      s1, weft_running
    li      a0, 0                   /* WEFT_STATUS_OK */
    j       complete
    .size weft_boot, . - weft_boot

/* weft_running_t of runtime.h: the argument of the command, and the bytes that its heap uses. */
    .section .bss.weft_thread, "aw", @nobits
    .balign 4
weft_thread:                        /* errno, for a C library that has one for each thread */
    .zero   4

    .section .bss.weft_running, "aw", @nobits
    .globl weft_running
    .balign 4
weft_running:
    .zero   8
