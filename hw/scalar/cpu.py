"""The processor of the scalar datapath: RV32I and Zmmul without traps, and the MAC instructions."""

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, Signature

from arch.params import log2_exact
from arch.scalar import CODE_BASE, CODE_BYTES, MAC_OPCODE
from hw.core.decode import Funct3, Op
from hw.scalar.alu import XLEN, Alu
from hw.scalar.mac import MacUnit

PC_BITS = log2_exact(CODE_BYTES)
BYTE_BITS = 8


class DataBus(Signature):
    """One access at a time, as the processor drives it.

    Members
    -------
    valid, ready : an access is accepted in a cycle with both.
    address, write, strobe, wdata : the access, of a word; stores have their bytes in their lanes.
    done, rdata : one cycle, later than that of acceptance: the answer.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "ready": In(1),
                "address": Out(XLEN),
                "write": Out(1),
                "strobe": Out(4),
                "wdata": Out(XLEN),
                "done": In(1),
                "rdata": In(XLEN),
            }
        )


class Cpu(wiring.Component):
    """Two cycles for an instruction, and one or more in between for loads and stores.

    Its software is part of the hardware, so nothing is checked: illegal instructions and misaligned
    accesses do something, and no harm to anything but the sums. Reset starts at the first word of
    the ROM and keeps registers.

    Members
    -------
    fetch, word, instruction : the ROM: a word is asked for and there in the next cycle, and stays.
    bus : loads and stores.
    """

    fetch: Out(1)
    word: Out(PC_BITS - 2)
    instruction: In(32)
    bus: Out(DataBus())

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.alu = alu = Alu()
        m.submodules.mac = mac = MacUnit()
        insn, bus = self.instruction, self.bus
        funct3 = insn[12:15]
        opcode = {op: insn[2:7] == op >> 2 for op in Op}
        is_mac = insn[2:7] == MAC_OPCODE >> 2
        load, store, branch = opcode[Op.LOAD], opcode[Op.STORE], opcode[Op.BRANCH]
        jal, jalr = opcode[Op.JAL], opcode[Op.JALR]
        arithmetic = opcode[Op.OP] | opcode[Op.OP_IMM]

        a, b, write, result = self._registers(m)
        pc, following, target = Signal(PC_BITS), Signal(PC_BITS), Signal(PC_BITS)
        immediate = self._immediate(store | branch, opcode[Op.LUI] | opcode[Op.AUIPC])
        from_pc = opcode[Op.AUIPC] | opcode[Op.LUI]
        base = Mux(opcode[Op.LUI], 0, Const(CODE_BASE, XLEN) | pc)
        m.d.comb += [
            alu.a.eq(Mux(from_pc, base, a)),
            alu.b.eq(Mux(opcode[Op.OP] | branch, b, immediate)),
            alu.funct3.eq(funct3),
            alu.alternative.eq(insn[30]),
            alu.multiply.eq(opcode[Op.OP] & insn[25]),
            alu.subtract.eq(
                branch
                | (arithmetic & ((funct3 == Funct3.SLT) | (funct3 == Funct3.SLTU)))
                | (opcode[Op.OP] & insn[30])
            ),
            mac.operation.eq(funct3),
            mac.select.eq(insn[25:27]),
            mac.a.eq(a),
            mac.b.eq(b),
        ]
        # BEQ, BNE, -, -, BLT, BGE, BLTU, BGEU
        less = Mux(funct3[1], alu.less_unsigned, alu.less)
        taken = branch & (Mux(funct3[2], less, alu.equal) ^ funct3[0])
        offset = Mux(jal, _jal_offset(insn), _branch_offset(insn))
        m.d.comb += [
            following.eq(pc + 4),
            target.eq(following),
            self.word.eq(target[2:]),
            result.eq(alu.total),
        ]
        with m.If(taken | jal):
            m.d.comb += target.eq(pc + offset)
        with m.Elif(jalr):
            m.d.comb += target.eq(alu.total)
        with m.If(arithmetic):
            m.d.comb += result.eq(alu.result)
        with m.Elif(jal | jalr):
            m.d.comb += result.eq(CODE_BASE | following)
        with m.Elif(is_mac):
            m.d.comb += result.eq(mac.result)
        with m.Elif(load):
            m.d.comb += result.eq(self._loaded(m, alu.total, funct3))

        m.d.comb += [
            bus.address.eq(alu.total),
            bus.write.eq(store),
            bus.strobe.eq(_strobe(funct3, alu.total) & store.replicate(4)),
            bus.wdata.eq(_in_lanes(b, funct3)),
        ]
        writes = ~(branch | store | (is_mac & (funct3 != 2)))
        with m.FSM():
            with m.State("START"):
                m.d.sync += pc.eq(0)
                m.d.comb += [self.fetch.eq(1), self.word.eq(0)]
                m.next = "READ"
            with m.State("READ"):  # the registers
                m.next = "EXECUTE"
            with m.State("EXECUTE"):
                m.d.comb += [bus.valid.eq(load | store), mac.valid.eq(is_mac)]
                with m.If(load | store), m.If(bus.ready):
                    m.next = "ANSWER"
                with m.Else():
                    m.d.comb += [self.fetch.eq(1), write.eq(writes)]
                    m.d.sync += pc.eq(target)
                    m.next = "READ"
            with m.State("ANSWER"), m.If(bus.done):
                m.d.comb += [self.fetch.eq(1), write.eq(load)]
                m.d.sync += pc.eq(target)
                m.next = "READ"
        return m

    def _registers(self, m: Module) -> tuple[Value, Value, Signal, Signal]:
        """rs1 and rs2, a cycle after the instruction; whether and what is written to rd."""
        m.submodules.registers = registers = Memory(shape=XLEN, depth=32, init=[])
        insn, write, result = self.instruction, Signal(), Signal(XLEN)
        port = registers.write_port()
        m.d.comb += [
            port.addr.eq(insn[7:12]),
            port.data.eq(result),
            port.en.eq(write & insn[7:12].any()),
        ]
        read = []
        for first in (15, 20):
            reader = registers.read_port()
            m.d.comb += reader.addr.eq(insn[first : first + 5])
            read.append(reader.data)
        return read[0], read[1], write, result

    def _immediate(self, of_store: Value, upper: Value) -> Value:
        """Of loads, stores and arithmetic; that of branches is not used."""
        insn = self.instruction
        low = Mux(of_store, Cat(insn[7:12], insn[25:32]), insn[20:32])
        return Mux(upper, Cat(Const(0, 12), insn[12:32]), Cat(low, low[-1].replicate(XLEN - 12)))

    def _loaded(self, m: Module, address: Value, funct3: Value) -> Value:
        """The wanted bytes of the answer: LB, LH, LW, -, LBU, LHU are funct3 0 to 5."""
        half = self.bus.rdata.word_select(address[1], 2 * BYTE_BITS)
        byte = half.word_select(address[0], BYTE_BITS)
        signed, loaded = ~funct3[2], Signal(XLEN)
        m.d.comb += loaded.eq(self.bus.rdata)
        with m.If(funct3[:2] == 0):
            sign = (byte[-1] & signed).replicate(XLEN - BYTE_BITS)
            m.d.comb += loaded.eq(Cat(byte, sign))
        with m.Elif(funct3[:2] == 1):
            sign = (half[-1] & signed).replicate(XLEN - 2 * BYTE_BITS)
            m.d.comb += loaded.eq(Cat(half, sign))
        return loaded


def _jal_offset(insn: Value) -> Value:
    whole = Cat(Const(0, 1), insn[21:31], insn[20], insn[12:20], insn[31])
    return whole[:PC_BITS]


def _branch_offset(insn: Value) -> Value:
    whole = Cat(Const(0, 1), insn[8:12], insn[25:31], insn[7], insn[31])
    return Cat(whole, whole[-1].replicate(PC_BITS))[:PC_BITS]


def _strobe(funct3: Value, address: Value) -> Value:
    """SB, SH, SW are funct3 0 to 2."""
    byte = Const(1, 4) << address[:2]
    half = Mux(address[1], Const(0b1100, 4), Const(0b0011, 4))
    return Mux(funct3[1], Const(0b1111, 4), Mux(funct3[0], half, byte))[:4]


def _in_lanes(value: Value, funct3: Value) -> Value:
    """The bytes that are stored, wherever they may go."""
    byte, half = value[:BYTE_BITS].replicate(4), value[: 2 * BYTE_BITS].replicate(2)
    return Mux(funct3[1], value, Mux(funct3[0], half, byte))
