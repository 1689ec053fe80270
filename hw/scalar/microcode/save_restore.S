/* Prologues and epilogues that functions compiled for size share: -msave-restore makes calls of
 * them. The number is that of the registers s0, s1, ... that are saved behind ra; more than asked
 * for are, up to the next multiple of 16 bytes. */
    .macro routine name
    .globl \name
    .type \name, @function
\name:
    .endm

    .section .text.save, "ax", @progbits
    routine __riscv_save_12
    li      t1, -64
    sw      s11, -52(sp)
    j       1f
    routine __riscv_save_11
    routine __riscv_save_10
    routine __riscv_save_9
    routine __riscv_save_8
    li      t1, -48
1:  sw      s10, -48(sp)
    sw      s9, -44(sp)
    sw      s8, -40(sp)
    sw      s7, -36(sp)
    j       2f
    routine __riscv_save_7
    routine __riscv_save_6
    routine __riscv_save_5
    routine __riscv_save_4
    li      t1, -32
2:  sw      s6, -32(sp)
    sw      s5, -28(sp)
    sw      s4, -24(sp)
    sw      s3, -20(sp)
    j       3f
    routine __riscv_save_3
    routine __riscv_save_2
    routine __riscv_save_1
    routine __riscv_save_0
    li      t1, -16
3:  sw      s2, -16(sp)
    sw      s1, -12(sp)
    sw      s0, -8(sp)
    sw      ra, -4(sp)
    add     sp, sp, t1
    jr      t0

    .section .text.restore, "ax", @progbits
    routine __riscv_restore_12
    lw      s11, 12(sp)
    addi    sp, sp, 16
    routine __riscv_restore_11
    routine __riscv_restore_10
    routine __riscv_restore_9
    routine __riscv_restore_8
    lw      s10, 0(sp)
    lw      s9, 4(sp)
    lw      s8, 8(sp)
    lw      s7, 12(sp)
    addi    sp, sp, 16
    routine __riscv_restore_7
    routine __riscv_restore_6
    routine __riscv_restore_5
    routine __riscv_restore_4
    lw      s6, 0(sp)
    lw      s5, 4(sp)
    lw      s4, 8(sp)
    lw      s3, 12(sp)
    addi    sp, sp, 16
    routine __riscv_restore_3
    routine __riscv_restore_2
    routine __riscv_restore_1
    routine __riscv_restore_0
    lw      s2, 0(sp)
    lw      s1, 4(sp)
    lw      s0, 8(sp)
    lw      ra, 12(sp)
    addi    sp, sp, 16
    ret
