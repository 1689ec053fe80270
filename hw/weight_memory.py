"""The weight memory: a ring of words that the load engine fills and the array engine reads."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, Signature

from arch import isa
from arch.params import Params, log2_exact


class WeightRead(Signature):
    """A read port without back pressure, as the reader drives it; data one cycle after enable."""

    def __init__(self, params: Params) -> None:
        super().__init__(
            {
                "enable": Out(1),
                "address": Out(log2_exact(params.weight_words)),
                "data": In(8 * params.weight_word_bytes),
            }
        )


def weight_write_layout(params: Params) -> data.StructLayout:
    """An aligned chunk; the address wraps at the size of the memory."""
    bits = isa.ADDRESS_BITS - log2_exact(params.axi_bytes)
    return data.StructLayout(
        {
            "chunk": bits,
            "data": 8 * params.axi_bytes,
            "mask": params.axi_bytes,
        }
    )


class WeightMemory(wiring.Component):
    """One read and one write per cycle.

    Members
    -------
    read : words for :class:`hw.weight_fetch.WeightFetch`.
    write : chunks from the load engine; always taken.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "read": In(WeightRead(params)),
                "write": In(stream.Signature(weight_write_layout(params))),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        width = 8 * p.weight_word_bytes
        m.submodules.memory = memory = Memory(shape=width, depth=p.weight_words, init=[])
        read, write = memory.read_port(), memory.write_port(granularity=8)
        m.d.comb += [
            read.en.eq(self.read.enable),
            read.addr.eq(self.read.address),
            self.read.data.eq(read.data),
        ]
        payload = self.write.payload
        parts = p.weight_word_bytes // p.axi_bytes
        part_bits = log2_exact(parts)
        enable = Cat(
            payload.mask
            & (self.write.valid & (payload.chunk[:part_bits] == k)).replicate(p.axi_bytes)
            for k in range(parts)
        )
        m.d.comb += [
            write.addr.eq(payload.chunk[part_bits:]),
            write.data.eq(payload.data.replicate(parts)),
            write.en.eq(enable),
            self.write.ready.eq(1),
        ]
        return m
