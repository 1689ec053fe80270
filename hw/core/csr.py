"""Control and status registers, trap entry and return."""

from amaranth.hdl import C, Cat, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from arch.riscv import EXTERNAL_INTERRUPT, ZERO_CSR_RANGES, Csr, misa
from hw.core.csr_memory import CsrMemory, Word
from hw.core.options import CpuOptions

MSTATUS_MIE, MSTATUS_MPIE, MSTATUS_MPP = 3, 7, 11
MACHINE_MODE = 3

TRAP = data.StructLayout(
    {
        "valid": 1,
        "interrupt": 1,  # else an exception
        "cause": 4,
    }
)


class Access(enum.IntEnum, shape=2):
    """What an instruction does to a register: field funct3, bits 1..0."""

    WRITE = 1
    SET = 2
    CLEAR = 3


_WORDS = {
    Csr.MCYCLE: Word.CYCLE,
    Csr.CYCLE: Word.CYCLE,
    Csr.TIME: Word.CYCLE,
    Csr.MCYCLEH: Word.CYCLE_HIGH,
    Csr.CYCLEH: Word.CYCLE_HIGH,
    Csr.TIMEH: Word.CYCLE_HIGH,
    Csr.MINSTRET: Word.RETIRED,
    Csr.INSTRET: Word.RETIRED,
    Csr.MINSTRETH: Word.RETIRED_HIGH,
    Csr.INSTRETH: Word.RETIRED_HIGH,
    Csr.MSCRATCH: Word.SCRATCH,
    Csr.MEPC: Word.EPC,
    Csr.MTVEC: Word.VECTOR,
    Csr.MTVAL: Word.VALUE,
}
_BITS = (Csr.MSTATUS, Csr.MISA, Csr.MIE, Csr.MIP, Csr.MCAUSE)


def _register(fields: dict[int, Value]) -> Value:
    """A register with fields at the given lowest bits and zeros between them."""
    value: Value = C(0, 32)
    for lsb, field in fields.items():
        value = value | field << lsb
    return value[:32]


def _exists(address: Value) -> Value:
    """Whether a CSR number names a register that the core has."""
    found: Value = Cat(address == csr for csr in Csr).any()
    for first, last in ZERO_CSR_RANGES:
        # All but the first numbers of an aligned block of 32.
        assert last == first | 31 and first >> 5 == last >> 5
        in_block = (address[5:] == first >> 5) & address[:5].any()
        for excluded in range(1, first & 31):
            in_block = in_block & (address[:5] != excluded)
        found = found | in_block
    return found


class CsrFile(wiring.Component):
    """Machine-mode registers; mtvec in direct mode only; time counts cycles.

    Registers of 32 bits are in a memory (:class:`CsrMemory`); the others are here.

    Members
    -------
    checked : number of a register.
    writes : it is to be written.
    legal : it exists and, if ``writes``, is not read-only; combinational.
    address, funct3 : register and kind of access of an instruction.
    take : that instruction goes to the next stage, and with it address and funct3.
    wait : in the following cycles, its access must wait; from registers.
    read_data : without ``wait``, the value before this cycle's write.
    write : write the register; only without ``wait``.
    operand : for that, the register or immediate of the instruction.
    retire : an instruction is completed in this cycle.
    trap : an exception or interrupt is taken; in the two cycles after, no instruction accesses
        anything.
    after_trap : one and two cycles after ``trap``: ``operand`` must be the address of the
        instruction, and mtval.
    mret : return from a trap; in the cycle after, no instruction accesses anything.
    vector_or_epc : in the cycle after ``trap``, mtvec; in the one after ``mret``, mepc.
    irq : the external interrupt line, level.
    irq_pending : an interrupt is pending and enabled; one cycle behind all of its reasons.
    """

    checked: In(12)
    writes: In(1)
    legal: Out(1)
    address: In(12)
    funct3: In(3)
    take: In(1)
    wait: Out(1)
    read_data: Out(32)
    write: In(1)
    operand: In(32)
    retire: In(1)
    trap: In(TRAP)
    after_trap: Out(2)
    mret: In(1)
    vector_or_epc: Out(32)
    irq: In(1)
    irq_pending: Out(1)

    def __init__(self, options: CpuOptions) -> None:
        self.options = options
        super().__init__()

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.memory = memory = CsrMemory(self.options)
        in_memory, word, kind = Signal(), Signal(Word), Signal(2)
        selected = {csr: Signal(name=f"selected_{csr.name.lower()}") for csr in _BITS}
        with m.If(self.take):
            m.d.sync += [
                in_memory.eq(Cat(self.address == csr for csr in _WORDS).any()),
                kind.eq(self.funct3[:2]),
                *(selected[csr].eq(self.address == csr) for csr in _BITS),
            ]
            for csr, own_word in _WORDS.items():
                with m.If(self.address == csr):
                    m.d.sync += word.eq(own_word)
        m.d.comb += self.legal.eq(_exists(self.checked) & ~(self.writes & self.checked[10:].all()))

        new = Signal(32)
        bits = self._bits(m, {csr: self.write & selected[csr] for csr in _BITS}, new)
        read_bits: Value = C(0, 32)
        for csr in _BITS:
            read_bits = read_bits | Mux(selected[csr], bits[csr], 0)
        with m.If(self.after_trap.any()):
            m.d.comb += new.eq(self.operand)
        with m.Elif(kind == Access.SET):
            m.d.comb += new.eq(self.read_data | self.operand)
        with m.Elif(kind == Access.CLEAR):
            m.d.comb += new.eq(self.read_data & ~self.operand)
        with m.Else():
            m.d.comb += new.eq(self.operand)
        m.d.comb += [
            memory.word.eq(word),
            memory.write.eq(self.write & in_memory),
            memory.new.eq(new),
            memory.retire.eq(self.retire),
            memory.trap.eq(self.trap.valid),
            self.after_trap.eq(memory.after_trap),
            memory.mret.eq(self.mret),
            self.wait.eq(memory.wait),
            self.read_data.eq(Mux(in_memory, memory.read_data, read_bits)),
            self.vector_or_epc.eq(memory.vector_or_epc),
        ]
        return m

    def _bits(self, m: Module, writes: dict[Csr, Value], new: Value) -> dict[Csr, Value]:
        """The registers that are not in the memory."""
        mie, mpie, meie, meip = Signal(), Signal(), Signal(), Signal()
        interrupt, cause = Signal(), Signal(4)
        m.d.sync += [meip.eq(self.irq), self.irq_pending.eq(mie & meie & meip)]
        with m.If(writes[Csr.MIE]):
            m.d.sync += meie.eq(new[EXTERNAL_INTERRUPT])
        with m.If(writes[Csr.MCAUSE]):
            m.d.sync += [cause.eq(new[:4]), interrupt.eq(new[31])]
        with m.If(writes[Csr.MSTATUS]):
            m.d.sync += [mie.eq(new[MSTATUS_MIE]), mpie.eq(new[MSTATUS_MPIE])]
        with m.If(self.trap.valid):
            m.d.sync += [
                mie.eq(0),
                mpie.eq(mie),
                cause.eq(self.trap.cause),
                interrupt.eq(self.trap.interrupt),
            ]
        with m.Elif(self.mret):
            m.d.sync += [mie.eq(mpie), mpie.eq(1)]
        mode = C(MACHINE_MODE, 2)
        return {
            Csr.MSTATUS: _register({MSTATUS_MIE: mie, MSTATUS_MPIE: mpie, MSTATUS_MPP: mode}),
            Csr.MISA: C(misa(compressed=self.options.compressed), 32),
            Csr.MIE: _register({EXTERNAL_INTERRUPT: meie}),
            Csr.MIP: _register({EXTERNAL_INTERRUPT: meip}),
            Csr.MCAUSE: _register({0: cause, 31: interrupt}),
        }
