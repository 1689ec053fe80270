/* Start-up and main loop of the core.
 *
 * A boot command starts the core at weft_entry; DONE is written with 0 when it is ready, and again
 * after each command with what the called function returned. Registers that a call preserves:
 *   s0  the mailbox (MMIO_BASE)
 *   s1  weft_running, from which the heap takes the scratch of the operator that runs
 */
#include "weft_config.h"

    .section .weft.entry, "ax", @progbits
    .globl weft_entry
    .type weft_entry, @function
weft_entry:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    la      sp, __stack_top
    la      t0, __bss_start
    la      t1, __bss_end
    j       2f
1:  sw      zero, 0(t0)
    addi    t0, t0, 4
2:  bltu    t0, t1, 1b

    la      s0, __init_array_start
    la      s1, __init_array_end
    j       4f
3:  lw      t0, 0(s0)
    addi    s0, s0, 4
    jalr    t0
4:  bltu    s0, s1, 3b

    li      s0, WEFT_MMIO_BASE
    la      s1, weft_running
    li      a0, 0                   /* WEFT_STATUS_OK */

complete:
    sw      a0, WEFT_MMIO_DONE(s0)
wait:
    lw      t0, WEFT_MMIO_PENDING(s0)
    beqz    t0, wait
    lw      t0, WEFT_MMIO_FUNCTION(s0)
    lw      a0, WEFT_MMIO_ARGUMENT(s0)
    sw      zero, 4(s1)
    sw      a0, 0(s1)
    jalr    t0
    j       complete
    .size weft_entry, . - weft_entry

/* weft_running_t of runtime.h: the argument of the command, and the bytes that its heap uses. */
    .section .bss.weft_running, "aw", @nobits
    .globl weft_running
    .balign 4
weft_running:
    .zero   8
