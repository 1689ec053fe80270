"""A register slice: cuts every path between the two sides of a stream."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, ShapeLike, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class SkidBuffer(wiring.Component):
    """Two places for items; all outputs are registers. One cycle of latency, full rate."""

    def __init__(self, shape: ShapeLike):
        self.shape = shape
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(shape)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        waiting = Signal()
        item = Signal(self.shape)
        m.d.comb += self.i.ready.eq(~waiting)
        with m.If(self.o.ready | ~self.o.valid):
            m.d.sync += [self.o.valid.eq(waiting | self.i.valid), waiting.eq(0)]
            with m.If(waiting):
                m.d.sync += self.o.payload.eq(item)
            with m.Else():
                m.d.sync += self.o.payload.eq(self.i.payload)
        with m.Elif(self.i.valid & self.i.ready):
            m.d.sync += [item.eq(self.i.payload), waiting.eq(1)]
        return m
