"""Stand-ins for multiplication and division.

The true functions are beyond a solver. Proofs about the pipeline need functions whose results tell
operands and operations apart; the units themselves are tested with numbers.
"""

from amaranth.hdl import C, Elaboratable, Module, Mux, Signal, Value

from hw.core.divider import Divider
from hw.core.multiplier import Multiplier

WORD = 32


def stand_in_product(a: Value, b: Value) -> Value:
    return ((a + b) ^ C(0x6A09E667, WORD))[:WORD]


def stand_in_high(a: Value, b: Value, a_signed: Value | int, b_signed: Value | int) -> Value:
    of_both = Mux(a_signed, C(0xBB67AE85, WORD), C(0x3C6EF372, WORD))
    return ((a - b) ^ of_both ^ Mux(b_signed, C(0x00FF00FF, WORD), C(0, WORD)))[:WORD]


def stand_in_division(a: Value, b: Value, is_signed: Value | int, remainder: Value | int) -> Value:
    constant = Mux(is_signed, C(0xA54FF53A, WORD), C(0x510E527F, WORD))
    return ((a - b) ^ constant ^ Mux(remainder, C(0x0F0F0F0F, WORD), C(0, WORD)))[:WORD]


def stand_in_dot(a: Value, b: Value, is_signed: Value | int) -> Value:
    return ((b - a) ^ Mux(is_signed, C(0x510E527F, WORD), C(0x1F83D9AB, WORD)))[:WORD]


class StandInMultiplier(Multiplier):
    """As the multiplier, with simpler functions."""

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        with m.If(self.take):
            m.d.sync += [
                self.low.eq(stand_in_product(self.a, self.b)),
                self.high.eq(stand_in_high(self.a, self.b, self.a_signed, self.b_signed)),
                self.dot.eq(stand_in_dot(self.a, self.b, self.bytes_signed)),
            ]
        return m


class StandInDivider(Divider):
    """As the divider, with simpler functions, in fewer cycles."""

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        busy = Signal()
        with m.If(busy):
            m.d.sync += [busy.eq(0), self.done.eq(1)]
        with m.Elif(self.start & ~self.done):
            m.d.sync += [
                busy.eq(1),
                self.result.eq(stand_in_division(self.a, self.b, self.signed, self.remainder)),
            ]
        with m.If(self.release | self.kill):
            m.d.sync += self.done.eq(0)
        with m.If(self.kill):
            m.d.sync += busy.eq(0)
        return m
