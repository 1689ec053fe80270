"""Biases, multipliers and shifts of two blocks: one in use, one on its way."""

from __future__ import annotations

from amaranth.hdl import Array as Choice
from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from arch.params import Params, log2_exact
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
    per_channel, scale : whether scales come from here, or the scale of all channels. Steady from
        ``group`` to ``scales``.
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
        for i, slot in enumerate(slots if not self._in_memories else ()):
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
        if self._in_memories:
            self._keep_in_memories(m, take, fill, use)
            return m

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

    @property
    def _in_memories(self) -> bool:
        """One lane reads one channel a cycle, so memories do, if no word has parts of two kinds."""
        return self.params.lanes == 1 and self.params.weight_rows_per_cycle <= 4

    def _keep_in_memories(self, m: Module, take: Value, fill: Value, use: Value) -> None:
        p = self.params
        n_words = 4 // p.weight_rows_per_cycle  # of biases, and of multipliers
        index, found = self.quants.payload.index, {}
        for i, (name, n, bits) in enumerate(
            (("bias", n_words, 32), ("multiplier", n_words, 32), ("shift", 1, 8))
        ):
            word_bits = 8 * p.weight_word_bytes
            m.submodules[name] = memory = Memory(shape=word_bits, depth=N_SLOTS * n, init=[])
            write, read = memory.write_port(), memory.read_port()
            address_bits = log2_exact(n)
            per_word = p.cols // n
            m.d.comb += [
                write.addr.eq(Cat(index[:address_bits], fill)),
                write.data.eq(self.quants.payload.word),
                write.en.eq(take & (index >> log2_exact(n_words) == i)),
                read.addr.eq(Cat(self.group[log2_exact(per_word) :][:address_bits], use)),
            ]
            part = Signal(range(max(2, per_word)), name=f"{name}_part")
            m.d.sync += part.eq(self.group[: log2_exact(per_word)])
            found[name] = read.data.word_select(part, bits)
        m.d.comb += [
            self.bias[0].eq(found["bias"]),
            self.scales[0].eq(self.scale),
        ]
        with m.If(self.per_channel):
            m.d.comb += [
                self.scales[0].multiplier.eq(found["multiplier"]),
                self.scales[0].shift.eq(found["shift"]),
            ]
