# What Embench-IoT asks of a board, for the memories and devices of harness.cc: entry, and the two
# calls around what is measured. The memories are zero at the start, and .data is where it belongs.

.equ EXIT, 0xF0000000
.equ PRINT, 0xF0000004

.section .text.reset, "ax"
.globl _reset
_reset:
    la sp, _stack
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la t0, abort
    csrw mtvec, t0
    call main
finish:
    li t0, EXIT
    sw a0, 0(t0)
    j finish

.text
.globl abort, __assert_func  # what picolibc's assert needs
abort:
__assert_func:
    li a0, 2
    j finish

.globl initialise_board
initialise_board:
    ret

.globl start_trigger
start_trigger:
    la a0, started
    csrr a1, mcycle
    csrr a2, minstret
    sw a1, 0(a0)
    sw a2, 4(a0)
    ret

.globl stop_trigger
stop_trigger:
    csrr a1, mcycle
    csrr a2, minstret
    la a0, started
    lw a3, 0(a0)
    lw a4, 4(a0)
    sub a1, a1, a3
    sub a2, a2, a4
    li a0, PRINT
    sw a1, 0(a0)
    sw a2, 0(a0)
    ret

.lcomm started, 8
