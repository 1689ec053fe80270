"""Results of the extensions Zba and Zbb that adder, logic and shifter do not make."""

from amaranth.hdl import C, Cat, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.core.options import CpuOptions


def _tree_sum(bits: list[Value]) -> Value:
    while len(bits) > 1:
        bits = [a + b for a, b in zip(bits[::2], bits[1::2], strict=True)]
    return bits[0]


class BitUnit(wiring.Component):
    """Shifted sums, bytes moved and extended, bits counted, extrema; combinational.

    Source: RISC-V Bit-Manipulation ISA-extensions 1.0, chapter 2.

    Parameters
    ----------
    options : without the extension, its results are constant.

    Members
    -------
    a, b : operands.
    less : a < b, signed or not as the instruction wants it.
    insn : the instruction.
    shift_add, rearrange, count, extremum : which kind it is; at most one.
    early : result of the first two, else 0.
    late : result of the others, else 0; it takes too long to be passed on in the same cycle.
    """

    a: In(32)
    b: In(32)
    less: In(1)
    insn: In(32)
    shift_add: In(1)
    rearrange: In(1)
    count: In(1)
    extremum: In(1)
    early: Out(32)
    late: Out(32)

    def __init__(self, options: CpuOptions) -> None:
        self.options = options
        super().__init__()

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        early: Value = C(0, 32)
        if self.options.zba:
            shifted, total = Signal(32), Signal(32)
            steps = self.insn[13:15]  # 1, 2 or 3
            m.d.comb += [
                shifted.eq(Mux(steps[1], Mux(steps[0], self.a << 3, self.a << 2), self.a << 1)),
                total.eq(shifted + self.b),
            ]
            early = early | (total & self.shift_add.replicate(32))
        if self.options.zbb:
            early = early | (self._rearranged(m) & self.rearrange.replicate(32))
            m.d.comb += self.late.eq(
                Mux(self.count, self._counted(m), 0)
                | (self._extreme() & self.extremum.replicate(32))
            )
        m.d.comb += self.early.eq(early)
        return m

    def _rearranged(self, m: Module) -> Signal:
        a, result = self.a, Signal(32)
        byte = [a[8 * i : 8 * i + 8] for i in range(4)]
        register, right, odd = self.insn[5], self.insn[14], self.insn[20]
        with m.If(register):  # zext.h
            m.d.comb += result.eq(a[:16])
        with m.Elif(right & odd):  # orc.b
            m.d.comb += result.eq(Cat(each.any().replicate(8) for each in byte))
        with m.Elif(right):  # rev8
            m.d.comb += result.eq(Cat(reversed(byte)))
        with m.Elif(odd):  # sext.h
            m.d.comb += result.eq(a[:16].as_signed())
        with m.Else():  # sext.b
            m.d.comb += result.eq(a[:8].as_signed())
        return result

    def _counted(self, m: Module) -> Value:
        """Zeros above the highest one, below the lowest one, or all ones."""
        a, counted = self.a, Signal(32)
        ones, from_below = self.insn[21], self.insn[20]
        zeros_first = Mux(from_below, a, a[::-1])
        with m.If(ones):
            m.d.comb += counted.eq(a)
        with m.Else():  # ones in place of the zeros below the lowest one
            m.d.comb += counted.eq(~zeros_first & (zeros_first - 1))
        return _tree_sum(list(counted))

    def _extreme(self) -> Value:
        wants_greater = self.insn[13]
        return Mux(self.less ^ wants_greater, self.a, self.b)
