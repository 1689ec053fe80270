"""The multiplier: four partial products, one register, their sum."""

from amaranth.hdl import C, Cat, Elaboratable, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Multiplier(wiring.Component):
    """32 by 32 bits from four products of at most 17 by 17 bits, each one DSP block.

    Latency: 1 cycle. A product is held until the next one is taken.

    Members
    -------
    a, b : factors.
    a_signed, b_signed : they are two's complement.
    take : multiply the factors of this cycle.
    low, high : halves of the product, in the cycle after ``take`` and until the next.
    """

    a: In(32)
    b: In(32)
    a_signed: In(1)
    b_signed: In(1)
    take: In(1)
    low: Out(32)
    high: Out(32)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        a_low = Cat(self.a[:16], C(0, 1)).as_signed()
        b_low = Cat(self.b[:16], C(0, 1)).as_signed()
        a_high = Cat(self.a[16:], self.a_signed & self.a[31]).as_signed()
        b_high = Cat(self.b[16:], self.b_signed & self.b[31]).as_signed()
        low_low, high_high = Signal(signed(34)), Signal(signed(34))
        low_high, high_low = Signal(signed(34)), Signal(signed(34))
        with m.If(self.take):
            m.d.sync += [
                low_low.eq(a_low * b_low),
                low_high.eq(a_low * b_high),
                high_low.eq(a_high * b_low),
                high_high.eq(a_high * b_high),
            ]
        # Sums of two, the middle one used twice, or synthesis makes slow sums of three of them.
        middle, upper = Signal(signed(35)), Signal(signed(48))
        m.d.comb += [
            middle.eq(low_high + high_low),
            upper.eq(Cat(low_low[16:32], high_high[:32]).as_signed() + middle),
            self.low.eq(Cat(low_low[:16], (low_low[16:32] + middle[:16])[:16])),
            self.high.eq(upper[16:]),
        ]
        return m
