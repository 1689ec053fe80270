"""The control and status registers of 32 bits, in a LUT memory."""

from amaranth.hdl import C, Cat, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import enum, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.core.options import CpuOptions

LOW_BITS = 8  # of each counter, beside the memory


class Word(enum.Enum, shape=3):
    """Words of the memory. The upper halves of the counters follow their lower halves."""

    CYCLE = 0
    CYCLE_HIGH = 1
    RETIRED = 2
    RETIRED_HIGH = 3
    SCRATCH = 4
    EPC = 5
    VECTOR = 6
    VALUE = 7


class CsrMemory(wiring.Component):
    """mcycle, minstret, mscratch, mepc, mtvec and mtval in one memory with one port each way.

    The lowest bits of the counters count in registers; their carries are added to the words of the
    memory while nothing else uses it. Accesses wait for such additions, at most eight cycles. Reset
    keeps the contents.

    Members
    -------
    word : what an instruction accesses.
    wait : not now; from registers.
    read_data : without ``wait``, the word.
    write : write the word with ``new``; only without ``wait``.
    retire : an instruction is completed in this cycle.
    trap : mepc takes ``new`` in the next cycle, mtval in the one after that; no instruction
        accesses anything then.
    after_trap : one and two cycles after ``trap``.
    mret : return from a trap; in the cycle after, no instruction accesses anything.
    vector_or_epc : in the cycle after ``trap`` mtvec, in the cycle after ``mret`` mepc.
    """

    word: In(Word)
    wait: Out(1)
    read_data: Out(32)
    write: In(1)
    new: In(32)
    retire: In(1)
    trap: In(1)
    after_trap: Out(2)
    mret: In(1)
    vector_or_epc: Out(32)

    def __init__(self, options: CpuOptions) -> None:
        self.options = options
        super().__init__()

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.words = words = Memory(shape=32, depth=len(Word), init=[])
        read, write = words.read_port(domain="comb"), words.write_port()
        after_trap, after_trap_2, after_mret = Signal(), Signal(), Signal()
        m.d.sync += [
            after_trap.eq(self.trap),
            after_trap_2.eq(after_trap),
            after_mret.eq(self.mret),
        ]
        trapping = after_trap | after_trap_2 | after_mret
        # Carries into the words of these numbers; one at a time goes on to be added.
        carries, adding, sum_word = Signal(4), Signal(), Signal(2)
        total = Signal(33)
        is_high = sum_word[0]
        m.d.comb += total.eq(read.data + Cat(is_high, C(0, LOW_BITS - 1), ~is_high))
        with m.If(~adding):
            m.d.sync += adding.eq(carries.any())
            for i in reversed(range(4)):
                with m.If(carries[i] & ~carries[:i].any()):
                    m.d.sync += [sum_word.eq(i), carries[i].eq(0)]
        with m.Elif(~trapping):
            m.d.sync += adding.eq(0)
            for i in range(2):
                with m.If(total[32] & (sum_word == 2 * i)):
                    m.d.sync += carries[2 * i + 1].eq(1)

        # An address is a multiple of 4, mepc perhaps of 2; bits of the counters that are beside the
        # memory stay 0. (A trap writes an address too, and zeros into the lowest bits of mepc.)
        is_epc = self.word == Word.EPC
        is_address = (self.word == Word.VECTOR) | is_epc
        is_counter = (self.word == Word.CYCLE) | (self.word == Word.RETIRED)
        keep = Signal(LOW_BITS)
        m.d.comb += keep.eq(
            Cat(
                ~(is_address | is_counter),
                ~(is_address | is_counter) | (is_epc if self.options.compressed else 0),
                (~is_counter).replicate(LOW_BITS - 2),
            )
            | (after_trap | after_trap_2).replicate(LOW_BITS)
        )
        with m.If(adding & ~(after_trap | after_trap_2)):
            m.d.comb += write.data.eq(total)
        with m.Else():
            m.d.comb += write.data.eq(Cat(self.new[:LOW_BITS] & keep, self.new[LOW_BITS:]))
        own = Cat(self.word)
        with m.If(after_trap):
            m.d.comb += [read.addr.eq(Word.VECTOR), write.addr.eq(Word.EPC)]
        with m.Elif(after_trap_2):
            m.d.comb += [read.addr.eq(own), write.addr.eq(Word.VALUE)]
        with m.Elif(after_mret):
            m.d.comb += [read.addr.eq(Word.EPC), write.addr.eq(own)]
        with m.Elif(adding):
            m.d.comb += [read.addr.eq(sum_word), write.addr.eq(sum_word)]
        with m.Else():
            m.d.comb += [read.addr.eq(own), write.addr.eq(own)]
        m.d.comb += [
            self.wait.eq(adding | carries.any()),
            write.en.eq(after_trap | after_trap_2 | (adding & ~after_mret) | self.write),
            self.vector_or_epc.eq(read.data),
            self.after_trap.eq(Cat(after_trap, after_trap_2)),
        ]

        low_bits: Value = C(0, LOW_BITS)
        for i, (word, step) in enumerate(((Word.CYCLE, C(1, 1)), (Word.RETIRED, self.retire))):
            low = Signal(LOW_BITS, name=f"{word.name.lower()}_low")
            after = Signal(LOW_BITS + 1, name=f"{word.name.lower()}_after")
            m.d.comb += after.eq(low + step)
            # A write wins: minstret does not count the instruction that writes it.
            with m.If(self.write & (self.word == word)):
                m.d.sync += low.eq(self.new[:LOW_BITS])
            with m.Else():
                m.d.sync += low.eq(after)
                with m.If(after[LOW_BITS]):
                    m.d.sync += carries[2 * i].eq(1)
            low_bits = low_bits | Mux(self.word == word, low, 0)
        m.d.comb += self.read_data.eq(read.data | low_bits)
        return m
