"""The accumulator memory: 32-bit sums, read, added to and written back in every cycle."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from arch.params import Params, log2_exact
from hw.array_front import update_layout


class Accumulator(wiring.Component):
    """Two banks of ``accumulator_depth`` words of ``cols`` sums.

    Members
    -------
    update, sums : sums to add; the same word at most once in four cycles.
    finished : one cycle for each word that is complete, once it can be read.
    read : word to read (bank, then index), data in the next cycle; independent of updates.
    """

    def __init__(self, params: Params):
        self.params = params
        bits = log2_exact(params.accumulator_depth) + 1
        super().__init__(
            {
                "update": In(update_layout(params)),
                "sums": In(data.ArrayLayout(signed(params.psum_bits), params.cols)),
                "finished": Out(1),
                "read_enable": In(1),
                "read_address": In(bits),
                "read_data": Out(data.ArrayLayout(signed(32), params.cols)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        depth = 2 * p.accumulator_depth
        m.submodules.memory = memory = Memory(shape=32 * p.cols, depth=depth, init=[])
        own, drain, write = memory.read_port(), memory.read_port(), memory.write_port()
        m.d.comb += [
            own.en.eq(self.update.valid & ~self.update.first),
            own.addr.eq(Cat(self.update.index, self.update.bank)),
            drain.en.eq(self.read_enable),
            drain.addr.eq(self.read_address),
            self.read_data.eq(drain.data),
        ]
        s1, s2, s3 = (Signal(update_layout(p), name=f"s{i}") for i in (1, 2, 3))
        s1_sums, s2_sums = (
            Signal.like(self.sums, name=f"s{i}_sums", reset_less=True) for i in (1, 2)
        )
        old = Signal.like(self.read_data, reset_less=True)
        total = Signal.like(self.read_data, reset_less=True)
        m.d.sync += [s1.eq(self.update), s2.eq(s1), s3.eq(s2)]
        m.d.sync += [s1_sums.eq(self.sums), s2_sums.eq(s1_sums), old.eq(own.data)]
        for col in range(p.cols):
            larger = Mux(old[col] > s2_sums[col], old[col], s2_sums[col])
            m.d.sync += total[col].eq(
                Mux(s2.first, s2_sums[col], Mux(s2.maximum, larger, old[col] + s2_sums[col]))
            )
        m.d.comb += [
            write.en.eq(s3.valid),
            write.addr.eq(Cat(s3.index, s3.bank)),
            write.data.eq(total),
        ]
        m.d.sync += self.finished.eq(s3.valid & s3.final)
        return m
