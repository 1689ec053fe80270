"""The processor of the scalar datapath: RV32I and Zmmul without traps, and the MAC instructions."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, Signature

from arch.params import log2_exact
from arch.scalar import CODE_BASE, MAC_OPCODE, TRAP_VECTOR, Guest, Mac
from hw.core.decode import Funct3, Op
from hw.scalar.alu import XLEN, Alu
from hw.scalar.mac import MacUnit

BYTE_BITS = 8
CODE_BIT = log2_exact(CODE_BASE)
JUMP_BITS = 21  # of the longest offset


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

    Its software is part of the hardware, so nothing of that is checked: illegal instructions and
    misaligned accesses do something, and no harm to anything but the sums. Operators
    (arch.scalar.Guest) are not trusted: an instruction that is not theirs ends in the firmware.
    Reset starts at the first word of the ROM and keeps registers.

    Parameters
    ----------
    code_bytes : of the ROM.
    guest_bytes : of the memory from which operators are fetched; 0 if there are none.

    Members
    -------
    fetch, word : an instruction is asked for; ``fetch_guest``: of the operator's memory.
    instruction : it, in the next cycle.
    bus : loads and stores.
    guest : an operator runs; ``pc`` : the address of the instruction.
    refused : operators may not make the access that is on ``bus``; combinational.
    expired : an operator has run long enough.
    """

    def __init__(self, code_bytes: int, guest_bytes: int = 0):
        self.guest_bits = log2_exact(guest_bytes) if guest_bytes else 0
        self.pc_bits = max((code_bytes - 1).bit_length(), self.guest_bits)
        super().__init__(
            {
                "fetch": Out(1),
                "fetch_guest": Out(1),
                "word": Out(self.pc_bits - 2),
                "instruction": In(32),
                "bus": Out(DataBus()),
                "guest": Out(1),
                "pc": Out(self.pc_bits),
                "refused": In(1),
                "expired": In(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.alu = alu = Alu()
        m.submodules.mac = mac = MacUnit()
        insn, bus, pc, reading = Signal(32), self.bus, self.pc, Signal()
        funct3 = insn[12:15]
        opcode = {op: insn[2:7] == op >> 2 for op in Op}
        is_mac = insn[2:7] == MAC_OPCODE >> 2
        load, store, branch = opcode[Op.LOAD], opcode[Op.STORE], opcode[Op.BRANCH]
        jal, jalr = opcode[Op.JAL], opcode[Op.JALR]
        arithmetic = opcode[Op.OP] | opcode[Op.OP_IMM]

        # An operator's register is read: rs1 is its number, and then its value.
        gets, getting, setting = Signal(), Signal(), Signal()
        a, b, write, result = self._registers(m, insn, reading, getting, setting)
        with m.If(reading):
            m.d.sync += insn.eq(self.instruction)
        trapped = Signal(self.pc_bits)  # the operator's pc
        following, target = Signal(self.pc_bits + 1), Signal(XLEN)
        # Of SET_REGISTER it is that of stores, which is 0: so the result is rs1.
        of_store = store | branch | (is_mac & (funct3 == Guest.SET_REGISTER))
        immediate = _immediate(insn, of_store, opcode[Op.LUI] | opcode[Op.AUIPC])
        from_pc = opcode[Op.AUIPC] | opcode[Op.LUI]
        m.d.comb += [
            alu.a.eq(Mux(from_pc, self._address(pc) & ~opcode[Op.LUI].replicate(XLEN), a)),
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
        jumped = Signal(JUMP_BITS + 1)
        m.d.comb += [
            following.eq(pc + 4),
            jumped.eq(pc + offset.as_signed()),
            target.eq(following),
            self.word.eq(target[2:]),
            result.eq(alu.total),
        ]
        with m.If(taken | jal):
            m.d.comb += target.eq(jumped)
        with m.Elif(jalr):
            m.d.comb += target.eq(alu.total & ~1)
        with m.If(arithmetic):
            m.d.comb += result.eq(alu.result)
        with m.Elif(jal | jalr):
            m.d.comb += result.eq(self._address(following))
        with m.Elif(is_mac & ~(funct3[2] & funct3[1])):
            m.d.comb += result.eq(Mux(funct3[2], trapped, mac.result))
        with m.Elif(load):
            m.d.comb += result.eq(self._loaded(m, alu.total, funct3))

        m.d.comb += [
            bus.address.eq(alu.total),
            bus.write.eq(store),
            bus.strobe.eq(_strobe(funct3, alu.total) & store.replicate(4)),
            bus.wdata.eq(_in_lanes(b, funct3)),
        ]
        has_result = (funct3 == Mac.READ) | (funct3[2] & (funct3 != Guest.ENTER))
        writes = ~(branch | store | opcode[Op.MISC_MEM] | (is_mac & ~has_result))
        accesses, trap, enter = load | store, Signal(), Signal()
        m.d.comb += self.fetch_guest.eq((self.guest | enter) & ~trap)
        if self.guest_bits:
            outside = jalr | jal | taken
            outside = target[self.guest_bits :].any() | (outside & target[1])
            unaligned = Mux(funct3[1], alu.total[:2].any(), funct3[0] & alu.total[0])
            m.d.comb += [
                trap.eq(
                    self.guest
                    & (
                        self.expired
                        | ~_is_operators(insn, opcode)
                        | (accesses & (unaligned | self.refused))
                        | outside
                    )
                ),
                enter.eq(is_mac & (funct3 == Guest.ENTER)),
                gets.eq(is_mac & (funct3 == Guest.GET_REGISTER)),
                setting.eq(is_mac & (funct3 == Guest.SET_REGISTER)),
            ]
        with m.FSM():
            with m.State("START"):
                m.d.sync += [pc.eq(0), self.guest.eq(0)]
                m.d.comb += [self.fetch.eq(1), self.word.eq(0), self.fetch_guest.eq(0)]
                m.next = "READ"
            with m.State("READ"):  # the registers
                m.d.comb += reading.eq(1)
                m.next = "EXECUTE"
            with m.State("EXECUTE"):
                with m.If(trap):
                    m.d.comb += [self.fetch.eq(1), self.word.eq(TRAP_VECTOR >> 2)]
                    m.d.sync += [trapped.eq(pc), pc.eq(TRAP_VECTOR), self.guest.eq(0)]
                    m.next = "READ"
                with m.Elif(enter):
                    m.d.comb += [self.fetch.eq(1), self.word.eq(a[2:])]
                    m.d.sync += [pc.eq(a), self.guest.eq(1)]
                    m.next = "READ"
                with m.Elif(gets):
                    m.d.comb += getting.eq(1)
                    m.next = "ANSWER"
                with m.Elif(accesses):
                    m.d.comb += bus.valid.eq(1)
                    with m.If(bus.ready):
                        m.next = "ANSWER"
                with m.Else():
                    m.d.comb += [self.fetch.eq(1), write.eq(writes), mac.valid.eq(is_mac)]
                    m.d.sync += pc.eq(target)
                    m.next = "READ"
            with m.State("ANSWER"), m.If(bus.done | is_mac):
                m.d.comb += [self.fetch.eq(1), write.eq(~store)]
                m.d.sync += pc.eq(following)
                m.next = "READ"
        return m

    def _address(self, pc: Value) -> Value:
        """An address of code as software knows it."""
        low = Cat(pc, Const(0, XLEN))[:CODE_BIT]
        return Cat(low, ~self.guest, Const(0, XLEN))[:XLEN]

    def _registers(
        self, m: Module, insn: Value, reading: Value, getting: Value, setting: Value
    ) -> tuple[Value, Value, Signal, Signal]:
        """rs1 and rs2, a cycle after the instruction; whether and what is written to rd.

        The operator's registers are behind the firmware's, in the same block RAM.
        """
        depth = 64 if self.guest_bits else 32
        m.submodules.registers = registers = Memory(shape=XLEN, depth=depth, init=[])
        write, result = Signal(), Signal(XLEN)
        rs1, rs2 = registers.read_port(), registers.read_port()
        port = registers.write_port()
        number = Mux(setting, rs2.data[:5], insn[7:12])
        m.d.comb += [
            port.addr.eq(Cat(number, self.guest | setting)),
            port.data.eq(result),
            port.en.eq(write & number.any()),
            rs1.addr.eq(Cat(self.instruction[15:20], self.guest)),
            rs1.en.eq(reading | getting),
            rs2.addr.eq(Cat(self.instruction[20:25], self.guest)),
            rs2.en.eq(reading),
        ]
        if self.guest_bits:
            with m.If(getting):
                m.d.comb += rs1.addr.eq(Cat(rs1.data[:5], 1))
        return rs1.data, rs2.data, write, result

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


def _is_operators(insn: Value, opcode: Mapping[Op, Value]) -> Value:
    """Whether an instruction is one that operators may execute here."""
    funct3, funct7 = insn[12:15], insn[25:32]
    plain, alternative, product = (funct7 == number for number in (0, 0x20, 1))
    shifts = funct3[:2] == Funct3.SLL
    has_alternative = (funct3 == Funct3.ADD) | (funct3 == Funct3.SRL)
    operation = plain | (alternative & has_alternative) | (product & ~funct3[2])
    shift = plain | (alternative & funct3[2])
    known = (
        (opcode[Op.LOAD] & (funct3 != 3) & (funct3[1:] != 3))
        | (opcode[Op.STORE] & (funct3 < 3))
        | (opcode[Op.BRANCH] & (funct3[1:] != 1))
        | (opcode[Op.JALR] & (funct3 == 0))
        | (opcode[Op.OP] & operation)
        | (opcode[Op.OP_IMM] & (~shifts | shift))
        | opcode[Op.JAL]
        | opcode[Op.LUI]
        | opcode[Op.AUIPC]
        | (opcode[Op.MISC_MEM] & (funct3[1:] == 0))
    )
    return known & insn[:2].all()


def _immediate(insn: Value, of_store: Value, upper: Value) -> Value:
    """Of loads, stores and arithmetic; that of branches is not used."""
    low = Mux(of_store, Cat(insn[7:12], insn[25:32]), insn[20:32])
    return Mux(upper, Cat(Const(0, 12), insn[12:32]), Cat(low, low[-1].replicate(XLEN - 12)))


def _jal_offset(insn: Value) -> Value:
    return Cat(Const(0, 1), insn[21:31], insn[20], insn[12:20], insn[31])


def _branch_offset(insn: Value) -> Value:
    whole = Cat(Const(0, 1), insn[8:12], insn[25:31], insn[7], insn[31])
    return Cat(whole, whole[-1].replicate(JUMP_BITS))[:JUMP_BITS]


def _strobe(funct3: Value, address: Value) -> Value:
    """SB, SH, SW are funct3 0 to 2."""
    byte = Const(1, 4) << address[:2]
    half = Mux(address[1], Const(0b1100, 4), Const(0b0011, 4))
    return Mux(funct3[1], Const(0b1111, 4), Mux(funct3[0], half, byte))[:4]


def _in_lanes(value: Value, funct3: Value) -> Value:
    """The bytes that are stored, wherever they may go."""
    byte, half = value[:BYTE_BITS].replicate(4), value[: 2 * BYTE_BITS].replicate(2)
    return Mux(funct3[1], value, Mux(funct3[0], half, byte))
