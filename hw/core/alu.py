"""Adder, comparison and logic of the execute stage."""

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.core.decode import Funct3


class Alu(wiring.Component):
    """Sums, differences, comparisons and bitwise logic; combinational.

    Sum and difference have a carry chain each: one that does both would wait for the inversion of
    b, and is not smaller where a chain inverts its input for nothing.

    Members
    -------
    a, b : operands.
    unsigned : compare as unsigned numbers.
    funct3 : logic: XOR, OR or AND.
    invert_b : logic with the complement of b.
    sum : a + b.
    difference : a - b.
    equal : a = b.
    borrow, less_if_borrow, less_if_not : ``less`` is ``borrow ? less_if_borrow : less_if_not``.
        The borrow comes last; what depends on ``less`` can be prepared for both.
    less : a < b.
    logic : bitwise result.
    """

    a: In(32)
    b: In(32)
    unsigned: In(1)
    funct3: In(3)
    invert_b: In(1)
    sum: Out(32)
    difference: Out(32)
    equal: Out(1)
    borrow: Out(1)
    less_if_borrow: Out(1)
    less_if_not: Out(1)
    less: Out(1)
    logic: Out(32)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        a, b = self.a, self.b
        difference = Signal(33)
        m.d.comb += [
            self.sum.eq(a + b),
            difference.eq(a - b),
            self.difference.eq(difference),
            self.borrow.eq(difference[32]),
        ]
        # Bit by bit: of a == b synthesis would make the zero of the difference, behind its carries;
        # and without a xor in the lowest bits, which it would take from the difference too.
        low = Cat(a[0], a[1], b[0], b[1])
        equal_bits = [
            Cat(low == value for value in (0b0000, 0b0101, 0b1010, 0b1111)).any(),
            *(a[i] == b[i] for i in range(2, 32)),
        ]
        m.d.comb += self.equal.eq(Cat(equal_bits).all())
        # Operands of different signs order the other way round when they are signed.
        swap = ~self.unsigned & (a[31] ^ b[31])
        m.d.comb += [
            self.less_if_borrow.eq(~swap),
            self.less_if_not.eq(swap),
            self.less.eq(Mux(self.borrow, self.less_if_borrow, self.less_if_not)),
        ]
        c = b ^ self.invert_b.replicate(32)
        with m.Switch(self.funct3):
            with m.Case(Funct3.XOR):
                m.d.comb += self.logic.eq(a ^ c)
            with m.Case(Funct3.OR):
                m.d.comb += self.logic.eq(a | c)
            with m.Default():
                m.d.comb += self.logic.eq(a & c)
        return m
