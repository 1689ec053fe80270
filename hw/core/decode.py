"""Decodes one instruction of RV32IM_Zicsr_Zifencei and of the options."""

import enum

from amaranth.hdl import C, Cat, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from arch.riscv import Custom, Dot4
from hw.core.options import CpuOptions


class Op(enum.IntEnum):
    """Major opcodes, bits 6..0 (volume I, chapter 34)."""

    LOAD = 0x03
    CUSTOM_0 = Custom.CUSTOM_0
    MISC_MEM = 0x0F
    OP_IMM = 0x13
    AUIPC = 0x17
    STORE = 0x23
    OP = 0x33
    LUI = 0x37
    BRANCH = 0x63
    JALR = 0x67
    JAL = 0x6F
    SYSTEM = 0x73


class Funct3(enum.IntEnum):
    """Field funct3 of the arithmetic instructions."""

    ADD = 0
    SLL = 1
    SLT = 2
    SLTU = 3
    XOR = 4
    SRL = 5
    OR = 6
    AND = 7


ECALL = 0x0000_0073
EBREAK = 0x0010_0073
MRET = 0x3020_0073
WFI = 0x1050_0073

CONTROL = data.StructLayout(
    {
        "illegal": 1,  # nothing else is set then
        "writes_rd": 1,  # and rd is not x0
        "unsigned": 1,  # comparison
        "result_sum": 1,
        "result_difference": 1,
        "result_logic": 1,
        "result_shift": 1,
        "result_compare": 1,
        "result_link": 1,  # address of the next instruction, or pc + immediate
        "branch": 1,
        "jal": 1,
        "jalr": 1,
        "load": 1,
        "store": 1,
        "multiply": 1,  # low half
        "multiply_high": 1,
        "divide": 1,
        "csr": 1,
        "csr_write": 1,
        # Of options; constant without them.
        "invert_b": 1,  # andn, orn, xnor
        "rotate": 1,
        "shift_add": 1,
        "rearrange": 1,  # zext.h, sext.b, sext.h, orc.b, rev8
        "count": 1,  # clz, ctz, cpop
        "extremum": 1,  # min, max, minu, maxu
        "dot": 1,
        "ecall": 1,
        "ebreak": 1,
        "mret": 1,
        "fence_i": 1,
    }
)


REGISTERS_USED = data.StructLayout(
    {
        "rs1": 1,
        "rs2": 1,
        "may_be_late": 1,  # beq or bne, whose target is aligned
    }
)


class Predecoder(wiring.Component):
    """Which registers an instruction reads; combinational.

    It works a stage before the decoder, because hazards are the first that the decode stage must
    know. Of illegal instructions the answer is void.

    Parameters
    ----------
    options : with compressed instructions, all targets are aligned.

    Members
    -------
    insn : the instruction.
    used : what it reads.
    """

    insn: In(32)
    used: Out(REGISTERS_USED)

    def __init__(self, options: CpuOptions) -> None:
        self.options = options
        super().__init__()

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        # From as few bits as tell the legal opcodes apart, because the instruction comes late.
        bit = self.insn
        csr_immediate = bit[6] & bit[4] & bit[14]
        m.d.comb += [
            self.used.rs1.eq(Mux(bit[2], ~bit[3] & ~bit[4], ~csr_immediate)),
            self.used.rs2.eq(~bit[2] & ((bit[5] & ~(bit[6] & bit[4])) | bit[3])),
            self.used.may_be_late.eq(
                (bit[2:7] == Op.BRANCH >> 2)
                & ~bit[13]
                & ~bit[14]
                & (1 if self.options.compressed else ~bit[8])
            ),
        ]
        return m


class Decoder(wiring.Component):
    """Control signals and immediates of an instruction; combinational.

    Parameters
    ----------
    options : which instructions are legal.

    Members
    -------
    insn : the instruction.
    fault, upper_fault : there is none: it, or only its second half, could not be fetched.
    short : it had 16 bits.
    control : what it does.
    immediate : operand b where rs2 is not used; for csrrwi and the like the operand.
    address_offset : what loads, stores and jalr add to rs1.
    pc_offset : what is added to the pc: by branch, jal and auipc; 0 for the trap value of ebreak
        and of a fault, 2 of a fault of the second half; for the others, to the next instruction.
    """

    insn: In(32)
    fault: In(1)
    upper_fault: In(1)
    short: In(1)
    control: Out(CONTROL)
    immediate: Out(32)
    address_offset: Out(12)
    pc_offset: Out(32)

    def __init__(self, options: CpuOptions) -> None:
        self.options = options
        super().__init__()

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        insn, c = self.insn, self.control
        funct3 = insn[12:15]

        def is_op(op: Op) -> Signal:
            signal = Signal(name=f"is_{op.name.lower()}")
            m.d.comb += signal.eq(insn[:7] == op)
            return signal

        op = {op: is_op(op) for op in Op}
        self._immediates(m, op)
        optional = self._options(m, op)
        plain, alternate, multiply = Signal(), Signal(), Signal()
        m.d.comb += [
            plain.eq(insn[25:] == 0),
            alternate.eq(insn[25:] == 0b0100000),
            multiply.eq(op[Op.OP] & (insn[25:] == 1)),
        ]
        arithmetic = Signal()  # of OP, OP_IMM without multiply and divide
        shift = funct3[:2] == 1
        m.d.comb += arithmetic.eq(
            (op[Op.OP] & (plain | (alternate & ((funct3 == Funct3.ADD) | (funct3 == Funct3.SRL)))))
            | (op[Op.OP_IMM] & (~shift | plain | (alternate & (funct3 == Funct3.SRL))))
            | c.invert_b
        )
        csr = Signal()
        subtract = op[Op.OP] & insn[30]
        jalr = op[Op.JALR] & (funct3 == 0)
        branch = op[Op.BRANCH] & (funct3[1:] != 1)
        load = op[Op.LOAD] & (funct3 != 3) & (funct3[1:] != 3)
        store = op[Op.STORE] & (funct3 < 3)
        writes = Signal()
        m.d.comb += [
            csr.eq(op[Op.SYSTEM] & (funct3[:2] != 0)),
            c.branch.eq(branch),
            c.jal.eq(op[Op.JAL]),
            c.jalr.eq(jalr),
            c.load.eq(load),
            c.store.eq(store),
            c.multiply.eq(multiply & (funct3 == 0)),
            c.multiply_high.eq(multiply & ~funct3[2] & (funct3 != 0)),
            c.divide.eq(multiply & funct3[2]),
            c.csr.eq(csr),
            # csrrs and csrrc with x0 or 0 only read.
            c.csr_write.eq(csr & ((funct3[:2] == 1) | (insn[15:20] != 0))),
            c.ecall.eq(insn == ECALL),
            c.ebreak.eq(insn == EBREAK),
            c.mret.eq(insn == MRET),
            c.fence_i.eq(op[Op.MISC_MEM] & (funct3 == 1)),
            c.unsigned.eq(Mux(branch, funct3[1], funct3[0])),
            c.result_sum.eq((arithmetic & (funct3 == 0) & ~subtract) | op[Op.LUI] | csr),
            c.result_difference.eq(arithmetic & (funct3 == 0) & subtract),
            c.result_logic.eq(arithmetic & funct3[2] & (funct3 != Funct3.SRL)),
            c.result_shift.eq((arithmetic & shift) | c.rotate),
            c.result_compare.eq(arithmetic & (funct3[1:] == 1)),
            c.result_link.eq(op[Op.JAL] | jalr | op[Op.AUIPC] | branch),
            writes.eq(
                arithmetic
                | multiply
                | load
                | op[Op.LUI]
                | op[Op.AUIPC]
                | op[Op.JAL]
                | jalr
                | csr
                | optional
            ),
            c.writes_rd.eq(writes & (insn[7:12] != 0)),
            c.illegal.eq(
                ~(
                    writes
                    | branch
                    | store
                    | (op[Op.MISC_MEM] & (funct3[1:] == 0))
                    | c.ecall
                    | c.ebreak
                    | c.mret
                    | (insn == WFI)
                )
            ),
        ]
        return m

    def _options(self, m: Module, op: dict[Op, Signal]) -> Value:
        """Decodes the optional instructions; whether it is one of them."""
        c, o, insn = self.control, self.options, self.insn
        funct3, funct7, funct12 = insn[12:15], insn[25:], insn[20:]
        register, immediate = op[Op.OP], op[Op.OP_IMM]

        def one_of(field: Value, *values: int) -> Value:
            return Cat(field == value for value in values).any()

        if o.zba:
            m.d.comb += c.shift_add.eq(register & (funct7 == 0x10) & one_of(funct3, 2, 4, 6))
        if o.zbb:
            m.d.comb += [
                c.invert_b.eq(register & (funct7 == 0x20) & one_of(funct3, 4, 6, 7)),
                c.rotate.eq(
                    (funct7 == 0x30)
                    & ((register & one_of(funct3, 1, 5)) | (immediate & (funct3 == 5)))
                ),
                c.count.eq(immediate & (funct3 == 1) & one_of(funct12, 0x600, 0x601, 0x602)),
                c.extremum.eq(register & (funct7 == 0x05) & funct3[2]),
                c.rearrange.eq(
                    (register & (funct3 == 4) & (funct12 == 0x080))
                    | (immediate & (funct3 == 1) & one_of(funct12, 0x604, 0x605))
                    | (immediate & (funct3 == 5) & one_of(funct12, 0x287, 0x698))
                ),
            ]
        if o.dot4:
            m.d.comb += c.dot.eq(op[Op.CUSTOM_0] & (funct7 == 0) & one_of(funct3, *Dot4))
        # invert_b is arithmetic and known as that.
        return c.shift_add | c.rotate | c.count | c.extremum | c.rearrange | c.dot

    def _immediates(self, m: Module, op: dict[Op, Signal]) -> None:
        insn = self.insn
        sign = insn[31]
        i_type = Cat(insn[20:31], sign.replicate(21))
        i_offset = insn[20:32]
        s_offset = Cat(insn[7:12], insn[25:32])
        u_type = Cat(C(0, 12), insn[12:32])
        b_type = Cat(C(0, 1), insn[8:12], insn[25:31], insn[7], sign.replicate(20))
        j_type = Cat(C(0, 1), insn[21:31], insn[20], insn[12:20], sign.replicate(12))
        csr_operand: Value = Mux(insn[14], insn[15:20], 0)
        with m.If(op[Op.LUI]):
            m.d.comb += self.immediate.eq(u_type)
        with m.Elif(op[Op.SYSTEM]):
            m.d.comb += self.immediate.eq(csr_operand)
        with m.Else():
            m.d.comb += self.immediate.eq(i_type)
        with m.If(self.fault | self.control.ebreak):
            m.d.comb += self.pc_offset.eq(Cat(C(0, 1), self.upper_fault))
        with m.Elif(op[Op.BRANCH]):
            m.d.comb += self.pc_offset.eq(b_type)
        with m.Elif(op[Op.JAL]):
            m.d.comb += self.pc_offset.eq(j_type)
        with m.Elif(op[Op.AUIPC]):
            m.d.comb += self.pc_offset.eq(u_type)
        with m.Else():
            m.d.comb += self.pc_offset.eq(Cat(C(0, 1), self.short, ~self.short))
        m.d.comb += self.address_offset.eq(Mux(op[Op.STORE], s_offset, i_offset))
