"""Four multipliers that add to a sum each: what the processor has instead of an array."""

from amaranth.hdl import Array, Elaboratable, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from arch.scalar import Mac

COLUMNS = 4
SUM_BITS = 32


class MacUnit(wiring.Component):
    """Executes the instructions of arch.scalar.Mac.

    Members
    -------
    valid : one cycle: execute.
    operation, select : the instruction's funct3 and the low bits of its funct7.
    a, b : rs1 and rs2.
    result : the sum of column ``select``, as it was before.
    """

    valid: In(1)
    operation: In(3)
    select: In(2)
    a: In(32)
    b: In(32)
    result: Out(SUM_BITS)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        sums = [Signal(signed(SUM_BITS), name=f"sum{column}") for column in range(COLUMNS)]
        m.d.comb += self.result.eq(Array(sums)[self.select])
        each = self.operation == Mac.EACH
        writes = self.operation == Mac.WRITE
        adds = each | (self.operation == Mac.BROADCAST)
        for column, total in enumerate(sums):
            own = Mux(each, column, self.select)
            left, right = Signal(signed(8), name=f"a{column}"), Signal(signed(8), name=f"b{column}")
            m.d.comb += [
                left.eq(self.a.word_select(own, 8)),
                right.eq(self.b.word_select(column, 8)),
            ]
            with m.If(self.valid & writes & (self.select == column)):
                m.d.sync += total.eq(self.a)
            with m.Elif(self.valid & adds):
                m.d.sync += total.eq(total + left * right)
        return m
