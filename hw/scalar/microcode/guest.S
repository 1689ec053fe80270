/* Operators: runs them, and does for them what the processor leaves. In assembly, as space in the
 * ROM is what this needs most. See guest.h. */
#include "weft_config.h"
#include "weft_scalar.h"

#if WEFT_HAS_CORE
#include "guest.h"

/* Cycles of a handler of exceptions here to those that it gets on the core, as a shift: most of what
 * it does, which is to tell the log, is done by this file. */
#define TRAP_SHIFT 6
#define MMIO_BYTES 0x40             /* that are answered */

/* Opcodes and causes of the manual, and numbers of registers. */
#define OF_LOAD 0x03
#define OF_STORE 0x23
#define OF_OP 0x33
#define OF_BRANCH 0x63
#define OF_JALR 0x67
#define OF_JAL 0x6F
#define OF_SYSTEM 0x73
#define BAD_TARGET 0
#define NO_MEMORY 1
#define ILLEGAL 2
#define BREAKPOINT 3
#define MISALIGNED 4                /* of a load; 2 more of a store */
#define FAULT 5                     /* likewise */
#define CALL 11
#define MTVEC 0x305
#define MSCRATCH 0x340
#define MRET 0x302
#define WFI 0x105

    .option norelax

    .macro get_register to, number
    .insn r WEFT_MAC_OPCODE, WEFT_GUEST_GET_REGISTER, 0, \to, \number, x0
    .endm

    .macro set_register number, from
    .insn r WEFT_MAC_OPCODE, WEFT_GUEST_SET_REGISTER, 0, x0, \from, \number
    .endm

/* Registers throughout: s0 the operator's pc, s1 the instruction there. */
    .section .text.run_guest, "ax", @progbits
    .globl run_guest
    .type run_guest, @function
run_guest:
    jal     t0, __riscv_save_4
    lw      s0, %lo(guest_pc)(zero)

next:
    andi    s0, s0, -4
    li      t0, WEFT_IMEM_BYTES
    bgeu    s0, t0, no_memory
    mv      a0, s0
    jal     enter_guest             /* changes no other register */
    .insn r WEFT_MAC_OPCODE, WEFT_GUEST_GET_PC, 0, s0, x0, x0
    li      t0, WEFT_CONTROL_BASE
    lw      t0, WEFT_CONTROL_WATCH(t0)
    bnez    t0, expired
    li      t0, WEFT_CHIP_BASE + WEFT_CHIP_IMEM
    add     t0, t0, s0
    lw      s1, 0(t0)
    srli    t0, s1, 15
    get_register s2, t0             /* rs1 */
    srai    a3, s1, 20              /* the immediate, with rs2's number at its end */
    get_register s3, a3             /* rs2 */
    srli    s6, s1, 12
    andi    s6, s6, 7               /* funct3 */
    srli    a5, s1, 7
    andi    a5, a5, 31
    andi    t0, a3, -32
    or      a5, a5, t0              /* the immediate of stores */
    andi    a0, s1, 0x7F
    addi    t0, a0, -OF_SYSTEM
    beqz    t0, system
    addi    t0, a0, -OF_JAL
    beqz    t0, jump_and_link
    addi    t0, a0, -OF_BRANCH
    beqz    t0, branch
    addi    t0, a0, -OF_JALR
    beqz    t0, jump_to_register
    addi    t0, s0, 4
    li      t1, WEFT_IMEM_BYTES
    beq     t0, t1, advance         /* the last: whatever it does, behind it is nothing */
    addi    t0, a0, -OF_LOAD
    beqz    t0, load
    addi    t0, a0, -OF_STORE
    beqz    t0, store
    srli    t1, s1, 25
    addi    t1, t1, -1
    addi    t0, a0, -OF_OP
    or      t0, t0, t1
    beqz    t0, divide

illegal:
    li      a0, ILLEGAL
    mv      a1, s1

/* An exception: a0 its cause, a1 its value. The first of a command is noted at once, and is an
 * error when its handler ends. */
raise:
    lw      t0, %lo(guest_trapped)(zero)
    bnez    t0, stop
    sw      s0, WEFT_REG_ERROR_ADDRESS(zero)
    sw      a0, WEFT_REG_ERROR_INFO(zero)
    lw      t1, %lo(guest_trap_cycles)(zero)
    beqz    t1, stop
    slli    t1, t1, TRAP_SHIFT
    li      t0, WEFT_CONTROL_BASE
    sw      t1, WEFT_CONTROL_WATCH(t0)
    sw      t1, %lo(guest_trapped)(zero)
    sw      s0, %lo(guest_mepc)(zero)
    sw      a0, %lo(guest_mcause)(zero)
    sw      a1, %lo(guest_mtval)(zero)
    lw      s0, %lo(guest_mtvec)(zero)
    j       next

no_memory:
    li      a0, NO_MEMORY
    mv      a1, s0
    j       raise

expired:
    lw      t0, %lo(guest_trapped)(zero)
    bnez    t0, stop
    sw      s0, WEFT_REG_ERROR_ADDRESS(zero)
    li      a0, WEFT_CAUSE_WATCHDOG
    j       failed
stop:
    li      a0, WEFT_CAUSE_CORE_TRAP
failed:
    sw      a0, WEFT_REG_ERROR_CAUSE(zero)
    li      a0, GUEST_FAILED
leave:
    addi    s0, s0, 4
    sw      s0, %lo(guest_pc)(zero)
    j       __riscv_restore_4

/* ---- jumps out of the memory, or to an address that no instruction has ---- */
jump_to_register:
    bnez    s6, illegal
    add     a1, s2, a3
    andi    a1, a1, -2
    j       link
jump_and_link:
    li      t0, 0xFFF007FE
    and     t0, t0, a3
    li      a1, 0x000FF000
    and     a1, a1, s1
    or      a1, a1, t0
    andi    t0, a3, 1
    slli    t0, t0, 11
    or      a1, a1, t0
    add     a1, a1, s0
link:
    andi    t0, a1, 2
    bnez    t0, bad_target
    addi    t0, s0, 4
    srli    t1, s1, 7
    set_register t1, t0
    mv      s0, a1
    j       next
branch:
    addi    t0, s6, -2
    sltiu   t0, t0, 2
    bnez    t0, illegal
    li      t0, ~0x801
    and     t0, t0, a5
    andi    a1, a5, 1
    slli    a1, a1, 11
    or      a1, a1, t0
    add     a1, a1, s0
    andi    t0, a1, 2
    bnez    t0, bad_target
    li      t0, WEFT_IMEM_BYTES
    bltu    a1, t0, advance         /* not taken, and the last of the memory */
    mv      s0, a1
    j       next
bad_target:
    li      a0, BAD_TARGET
    j       raise

/* ---- registers of the system ---- */
system:
    andi    t1, s6, 3               /* 1 write, 2 set, 3 clear */
    beqz    t1, privileged
    srli    t0, s1, 20
    srli    t2, s1, 15
    andi    t2, t2, 31
    andi    t3, s6, 4
    beqz    t3, 1f
    mv      s2, t2
1:  addi    t3, t0, -MTVEC
    li      t4, 4
    beqz    t3, 2f
    addi    t3, t0, -MSCRATCH
    bgeu    t3, t4, counter
    mv      t4, t3
2:  slli    t4, t4, 2
    lw      a0, %lo(guest_csrs)(t4)
    addi    t1, t1, -2
    bltz    t1, 4f
    beqz    t2, write
    bnez    t1, 3f
    or      s2, s2, a0
    j       4f
3:  not     s2, s2
    and     s2, s2, a0
4:  sw      s2, %lo(guest_csrs)(t4)

write:                              /* a0 to rd */
    srli    t0, s1, 7
    set_register t0, a0
advance:
    addi    s0, s0, 4
    j       next

counter:                            /* mcycle, minstret, cycle, time, instret, and their upper halves */
    addi    t1, t1, -1
    beqz    t1, illegal
    bnez    t2, illegal
    srli    t1, t0, 8
    addi    t1, t1, -0xB
    sltiu   t1, t1, 2
    beqz    t1, illegal
    andi    t1, t0, 0x7F
    sltiu   t1, t1, 3
    beqz    t1, illegal
    li      a0, 0
    andi    t0, t0, 0x80
    bnez    t0, write
    li      t0, WEFT_CONTROL_BASE
    lw      a0, WEFT_CONTROL_CYCLES(t0)
    j       write

privileged:
    slli    t0, s1, 12
    srli    t0, t0, 19              /* funct3, rd and rs1 */
    bnez    t0, illegal
    mv      a1, a3
    li      a0, CALL
    beqz    a3, raise
    mv      a1, s0
    li      a0, BREAKPOINT
    addi    t0, a3, -1
    beqz    t0, raise
    addi    t0, a3, -WFI
    beqz    t0, advance
    addi    t0, a3, -MRET
    bnez    t0, illegal
    lw      s0, %lo(guest_mepc)(zero)
    j       next

/* ---- loads and stores: s2 the address, s3 the value, s4 bytes, s5 2 for stores ---- */
load:
    li      s5, 0
    li      t1, 5
    j       1f
store:
    li      s5, 2
    li      t1, 2
    mv      a3, a5
1:  bltu    t1, s6, illegal
    add     s2, s2, a3
    andi    t0, s6, 3
    li      s4, 1
    sll     s4, s4, t0
    andi    t0, s4, 8
    bnez    t0, illegal
    addi    t0, s4, -1
    and     t0, t0, s2
    bnez    t0, misaligned
    bltz    s2, window
    li      t0, WEFT_MMIO_BASE
    sub     t0, s2, t0
    li      t1, MMIO_BYTES
    bgeu    t0, t1, fault
    andi    t0, t0, -4
    lw      t1, %lo(config + CONFIG_BOOT)(zero)
    bnez    s5, store_register

    seqz    a0, t1
    beqz    t0, loaded              /* PENDING */
    lw      a0, %lo(config + CONFIG_ARGUMENT)(zero)
    addi    t0, t0, -WEFT_MMIO_ARGUMENT
    beqz    t0, loaded
    bgtz    t0, 1f
    bnez    t1, next                /* FUNCTION: there is no command */
    lw      a0, %lo(config + CONFIG_FUNCTION)(zero)
    j       loaded
1:  li      a0, 0
    addi    t0, t0, WEFT_MMIO_ARGUMENT - WEFT_MMIO_LOAD_COUNTS
    bltz    t0, loaded
    addi    t1, t0, -4 * WEFT_ENGINE_CORE
    bnez    t1, 2f
    addi    t0, t0, 4               /* the store engine's */
2:  lw      a0, %lo(config + CONFIG_DISPATCHED)(t0)
    slli    t0, a0, 16              /* all of them are complete */
    or      a0, a0, t0

loaded:                             /* the word a0 */
    slli    t0, s2, 3
    srl     a0, a0, t0
    slli    t0, s4, 3
    neg     t0, t0
    sll     a0, a0, t0
    andi    t1, s6, 4
    bnez    t1, 1f
    sra     a0, a0, t0
    j       write
1:  srl     a0, a0, t0
    j       write

store_register:
    addi    t0, t0, -WEFT_MMIO_DONE
    beqz    t0, done
    addi    t0, t0, WEFT_MMIO_DONE - WEFT_MMIO_LOG
    beqz    t0, log
    addi    t0, t0, WEFT_MMIO_LOG - WEFT_MMIO_TRAP
    beqz    t0, ask_for_cycles
    addi    t0, t0, WEFT_MMIO_TRAP - WEFT_MMIO_WORD_LOW
    beqz    t0, low_word
    addi    t0, t0, WEFT_MMIO_WORD_LOW - WEFT_MMIO_WORD
    bnez    t0, advance
    bnez    t1, next
    sw      s3, %lo(guest_word + 4)(zero)
    lw      t0, %lo(config + CONFIG_ACCEPT)(zero)
    li      a0, WEFT_CAUSE_CONFIG
    beqz    t0, failed
    li      a0, GUEST_WORD
    j       leave
done:
    lw      t0, %lo(guest_trapped)(zero)
    bnez    t0, stop
    sw      s3, WEFT_REG_ERROR_INFO(zero)
    li      a0, WEFT_CAUSE_OP_STATUS
    bnez    s3, failed
    li      a0, GUEST_COMPLETE
    j       leave
log:
    li      t0, WEFT_CONTROL_BASE
    sw      s3, WEFT_CONTROL_LOG(t0)
    j       advance
ask_for_cycles:
    slli    s3, s3, 16
    srli    s3, s3, 16
    sw      s3, %lo(guest_trap_cycles)(zero)
    j       advance
low_word:
    sw      s3, %lo(guest_word)(zero)
    j       advance

window:                             /* a region of external memory */
    slli    a0, s2, 1
    srli    a0, a0, 29
    slli    a1, s2, 4
    srli    a1, a1, 4
    mv      a2, s4
    srli    a3, s5, 1
    addi    a3, a3, WEFT_REG_REGION0_FLAGS_READ_MASK
    jal     region_allows
    beqz    a0, fault
    slli    a0, s2, 1
    srli    a0, a0, 29
    jal     region_base
    slli    t0, s2, 4
    srli    t0, t0, 4
    andi    t0, t0, -4
    add     a0, a0, t0
    li      t0, WEFT_CONTROL_BASE
    sw      a0, WEFT_CONTROL_BUS_ADDRESS(t0)
    li      t1, WEFT_BUS_BASE + WEFT_BUS_WORD
    bnez    s5, 1f
    lw      a0, 0(t1)
    lw      t1, WEFT_REG_COUNTER_BEATS_READ(zero)
    addi    t1, t1, 1
    sw      t1, WEFT_REG_COUNTER_BEATS_READ(zero)
    lw      t0, WEFT_CONTROL_BUS_ERROR(t0)
    beqz    t0, loaded
fault:
    addi    a0, s5, FAULT
    mv      a1, s2
    j       raise
misaligned:
    addi    a0, s5, MISALIGNED
    mv      a1, s2
    j       raise
1:  andi    t2, s2, 3
    add     t1, t1, t2
    addi    t2, s4, -2
    bltz    t2, 2f
    beqz    t2, 3f
    sw      s3, 0(t1)
    j       4f
2:  sb      s3, 0(t1)
    j       4f
3:  sh      s3, 0(t1)
4:  lw      t1, WEFT_REG_COUNTER_BEATS_WRITTEN(zero)
    addi    t1, t1, 1
    sw      t1, WEFT_REG_COUNTER_BEATS_WRITTEN(zero)
    lw      t0, WEFT_CONTROL_BUS_ERROR(t0)
    beqz    t0, advance
    j       fault

/* ---- division: bit by bit; s2 becomes the quotient, t0 is the rest ---- */
divide:
    li      t3, 0                   /* negative if the result is to be negated */
    andi    t4, s6, 2               /* the rest is wanted */
    andi    t0, s6, 1
    bnez    t0, 3f
    mv      t3, s2
    bnez    t4, 1f
    xor     t3, s2, s3
    bnez    s3, 1f
    li      t3, 0                   /* a quotient by zero is all ones */
1:  bgez    s2, 2f
    neg     s2, s2
2:  bgez    s3, 3f
    neg     s3, s3
3:  li      t0, 0
    li      t1, 32
4:  sltz    t2, t0
    slli    t0, t0, 1
    srli    t5, s2, 31
    or      t0, t0, t5
    slli    s2, s2, 1
    bnez    t2, 5f
    bltu    t0, s3, 6f
5:  sub     t0, t0, s3
    addi    s2, s2, 1
6:  addi    t1, t1, -1
    bnez    t1, 4b
    mv      a0, s2
    beqz    t4, 7f
    mv      a0, t0
7:  bgez    t3, write
    neg     a0, a0
    j       write

    .section .bss.guest, "aw", @nobits
    .balign 4
guest_csrs:                         /* mscratch, mepc, mcause, mtval, mtvec */
    .zero   4
guest_mepc:
    .zero   4
guest_mcause:
    .zero   4
guest_mtval:
    .zero   4
guest_mtvec:
    .zero   4
    .globl guest_pc, guest_trap_cycles, guest_trapped, guest_word
guest_pc:
    .zero   4
guest_trap_cycles:
    .zero   4
guest_trapped:
    .zero   4
guest_word:
    .zero   8
#endif
