"""Biases, multipliers and shifts of two blocks: one in use, one on its way."""

from __future__ import annotations

from amaranth.hdl import Array as Choice
from amaranth.hdl import Elaboratable, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from arch.params import Params
from hw.requantize import scale_layout
from hw.weight_fetch import quant_layout

N_SLOTS = 2


class QuantStore(wiring.Component):
    """Keeps what :class:`hw.weight_fetch.WeightFetch` reads behind each block.

    Members
    -------
    quants : words of parameters; refused while both slots are full.
    available : the block to be drained next has its parameters.
    release : one cycle: that block needs them no more.
    group : which ``lanes`` channels of it.
    per_channel, scale : whether scales come from here, or the scale of all channels.
    bias, scales : of each lane, one cycle after ``group``.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "quants": In(stream.Signature(quant_layout(params))),
                "available": Out(1),
                "release": In(1),
                "group": In(range(max(2, params.lane_groups))),
                "per_channel": In(1),
                "scale": In(scale_layout()),
                "bias": Out(data.ArrayLayout(signed(32), params.lanes)),
                "scales": Out(data.ArrayLayout(scale_layout(), params.lanes)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        layout = data.StructLayout(
            {
                "bias": data.ArrayLayout(signed(32), p.cols),
                "multiplier": data.ArrayLayout(32, p.cols),
                "shift": data.ArrayLayout(signed(8), p.cols),
            }
        )
        slots = [Signal(layout, name=f"slot_{i}", reset_less=True) for i in range(N_SLOTS)]
        fill, use = Signal(), Signal()
        count = Signal(range(N_SLOTS + 1))
        item = self.quants.payload
        take = Signal()
        m.d.comb += [
            self.quants.ready.eq(count != N_SLOTS),
            take.eq(self.quants.valid & self.quants.ready),
            self.available.eq(count != 0),
        ]
        word_bits = 8 * p.weight_word_bytes
        for i, slot in enumerate(slots):
            for k in range(p.quant_words(True)):
                with m.If(take & (fill == i) & (item.index == k)):
                    part = slot.as_value()[k * word_bits : (k + 1) * word_bits]
                    m.d.sync += part.eq(item.word)
        filled = take & item.last
        with m.If(filled):
            m.d.sync += fill.eq(~fill)
        with m.If(self.release):
            m.d.sync += use.eq(~use)
        m.d.sync += count.eq(count + filled - self.release)

        for lane in range(p.lanes):
            channels = range(lane, p.cols, p.lanes)
            biases = [Mux(use, slots[1].bias[c], slots[0].bias[c]) for c in channels]
            multipliers = [
                Mux(use, slots[1].multiplier[c], slots[0].multiplier[c])[:31] for c in channels
            ]
            shifts = [Mux(use, slots[1].shift[c], slots[0].shift[c])[:6] for c in channels]
            group = self.group if len(biases) > 1 else 0
            m.d.sync += [
                self.bias[lane].eq(Choice(biases)[group]),
                self.scales[lane].eq(self.scale),
            ]
            with m.If(self.per_channel):
                m.d.sync += [
                    self.scales[lane].multiplier.eq(Choice(multipliers)[group]),
                    self.scales[lane].shift.eq(Choice(shifts)[group]),
                ]
        return m
