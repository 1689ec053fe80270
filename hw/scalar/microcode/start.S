/* Start-up: after power-up, and after each soft reset, with memory as it was. */
    .section .text.start, "ax", @progbits
    .globl weft_start
    .type weft_start, @function
weft_start:
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
