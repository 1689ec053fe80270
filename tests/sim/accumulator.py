"""A small component that the tests of the block runner simulate."""

from amaranth.hdl import Module, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Accumulator(wiring.Component):
    """Adds up what it takes: one sum for each item, one cycle later; back pressure is respected."""

    i: In(stream.Signature(signed(8)))
    o: Out(stream.Signature(signed(16)))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.i.ready.eq(self.o.ready | ~self.o.valid)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [self.o.payload.eq(self.o.payload + self.i.payload), self.o.valid.eq(1)]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m
