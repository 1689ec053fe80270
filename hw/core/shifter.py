"""The barrel shifter."""

from amaranth.hdl import C, Cat, Elaboratable, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Shifter(wiring.Component):
    """Shifts by 0 to 31 in one cycle: a rotation to the right, then a mask; combinational.

    A shift to the left by n is a rotation to the right by 32 - n. The mask is made beside the
    rotation, so that the path is shorter than with a reversal before and behind.

    Members
    -------
    value, amount : what is shifted, and by how much.
    left : to the left; else to the right.
    arithmetic : fill with the sign (right only).
    rotate : what falls out on one side comes in on the other.
    result : the shifted value.
    """

    value: In(32)
    amount: In(5)
    left: In(1)
    arithmetic: In(1)
    rotate: In(1)
    result: Out(32)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        # Bit i of the negated amount: n[i] ^ (some lower bit is set).
        n = self.amount
        rotation = Cat(n[0], *(n[i] ^ (self.left & n[:i].any()) for i in range(1, 5)))
        rotated = self.value
        for bit in range(4):
            step = Signal(32, name=f"rotated_{2 << bit}")
            distance = 1 << bit
            turned = Cat(rotated[distance:], rotated[:distance])
            m.d.comb += step.eq(Mux(rotation[bit], turned, rotated))
            rotated = step

        # keep[i]: bit i of the result comes from the value. To the right these are the bits below
        # 32 - amount, to the left those from amount on.
        keep, fill = Signal(32), Signal(32)
        # Bit i: i < amount, each a table of the amount, because comparisons become carry chains.
        tables = [C(sum((i < n) << n for n in range(32)), 32) for i in range(32)]
        below = Signal(32)
        m.d.comb += below.eq(Cat(table.bit_select(self.amount, 1) for table in tables))
        sign = self.arithmetic & self.value[31]
        m.d.comb += [
            keep.eq(Mux(self.left, ~below, ~below[::-1]) | self.rotate.replicate(32)),
            fill.eq(~keep & sign.replicate(32)),
        ]
        last = Mux(rotation[4], Cat(rotated[16:], rotated[:16]), rotated)
        m.d.comb += self.result.eq((last & keep) | fill)
        return m
