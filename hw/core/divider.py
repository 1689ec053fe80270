"""The divider: one bit of the quotient per cycle."""

from amaranth.hdl import C, Cat, Elaboratable, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Divider(wiring.Component):
    """Restoring division, 32 by 32 bits, as volume I, section 13.2 wants it.

    Latency: from the cycle with ``start`` to ``done`` 34 cycles; 19 when the dividend's magnitude
    is below 2**16 (and the divisor is not zero).

    Members
    -------
    start : begin with the operands; they and ``start`` stay until ``done``.
    a, b : dividend and divisor.
    signed : they are two's complement.
    remainder : ``result`` is the remainder, not the quotient.
    release : with ``done``: it falls, and the next cycle's ``start`` is another division.
    kill : forget the division.
    done : ``result`` is valid from the next cycle on, until the next start.
    result : quotient or remainder.
    """

    start: In(1)
    a: In(32)
    b: In(32)
    signed: In(1)
    remainder: In(1)
    release: In(1)
    kill: In(1)
    done: Out(1)
    result: Out(32)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        busy, count = Signal(), Signal(5)
        quotient, rest = Signal(32), Signal(32)
        negate, wants_rest = Signal(), Signal()
        prepare, first, b_not_zero = Signal(), Signal(), Signal()
        a_negative, b_negative = self.signed & self.a[31], self.signed & self.b[31]
        # The divisor keeps its sign: its magnitude is subtracted by adding a negative one. Before
        # the division the same adder makes the dividend's magnitude, from zero.
        shifted, difference, total = Signal(33), Signal(signed(34)), Signal(36)
        operand, subtract = Signal(34), Signal()
        with m.If(prepare):
            m.d.comb += [
                operand.eq(Cat(self.a, C(0, 2)) ^ a_negative.replicate(34)),
                subtract.eq(a_negative),
            ]
        with m.Else():
            m.d.comb += [
                operand.eq(Cat(self.b, b_negative, b_negative) ^ (~b_negative).replicate(34)),
                subtract.eq(~b_negative),
            ]
        m.d.comb += [
            shifted.eq(Cat(quotient[31], rest)),
            total.eq(Cat(C(1, 1), shifted) + Cat(subtract, operand)),
            difference.eq(total[1:35]),
        ]
        with m.If(prepare):
            m.d.sync += [prepare.eq(0), quotient.eq(difference)]
        with m.Elif(busy):
            fits = ~difference[33]
            m.d.sync += [
                rest.eq(Mux(fits, difference, shifted)),
                quotient.eq(Cat(fits, quotient[:31])),
                count.eq(count - 1),
                first.eq(0),
            ]
            with m.If(count == 0):
                m.d.sync += [busy.eq(0), self.done.eq(1)]
            # The first sixteen steps would only move zeros.
            with m.If(first & (quotient[16:] == 0) & b_not_zero):
                m.d.sync += [rest.eq(0), quotient.eq(quotient << 16), count.eq(15)]
        with m.Elif(self.start & ~self.done):
            m.d.sync += [
                busy.eq(1),
                prepare.eq(1),
                first.eq(1),
                rest.eq(0),
                quotient.eq(0),
                count.eq(31),
                wants_rest.eq(self.remainder),
                b_not_zero.eq(self.b.any()),
                # The remainder has the dividend's sign. A quotient by zero is all ones.
                negate.eq(
                    Mux(self.remainder, a_negative, (a_negative ^ b_negative) & self.b.any())
                ),
            ]
        with m.If(self.release | self.kill):
            m.d.sync += self.done.eq(0)
        with m.If(self.kill):
            m.d.sync += [busy.eq(0), prepare.eq(0)]
        result = Mux(wants_rest, rest, quotient)
        m.d.comb += self.result.eq((result ^ negate.replicate(32)) + negate)
        return m
