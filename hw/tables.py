"""Two tables of 256 words of 32 bits for each lane: any function of one int8, or of two."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from arch import isa
from arch.params import Params, log2_exact

N_TABLES = 2


def table_write_layout(params: Params) -> data.StructLayout:
    """An aligned chunk: table 0 at byte 0, table 1 at byte 1024, entry i for code i - 128."""
    bits = isa.ADDRESS_BITS - log2_exact(params.axi_bytes)
    return data.StructLayout(
        {
            "chunk": bits,
            "data": 8 * params.axi_bytes,
            "mask": params.axi_bytes,
        }
    )


class Tables(wiring.Component):
    """A copy of both tables for each lane, written together.

    Members
    -------
    codes : signed codes, [table][lane]; ``values`` follow one cycle later.
    write : chunks from the load engine; one 32-bit word a cycle.
    """

    def __init__(self, params: Params):
        self.params = params
        lanes = params.lanes
        super().__init__(
            {
                "codes": In(data.ArrayLayout(data.ArrayLayout(signed(8), lanes), N_TABLES)),
                "values": Out(data.ArrayLayout(data.ArrayLayout(signed(32), lanes), N_TABLES)),
                "write": In(stream.Signature(table_write_layout(params))),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        words = p.axi_bytes // 4
        part = Signal(range(max(2, words)))
        payload = self.write.payload
        last = part == words - 1
        m.d.comb += self.write.ready.eq(last)
        with m.If(self.write.valid):
            m.d.sync += part.eq(part + 1)
            with m.If(last):
                m.d.sync += part.eq(0)
        address = Signal(1 + 8)
        if words > 1:
            m.d.comb += address.eq(Cat(part[: log2_exact(words)], payload.chunk))
        else:
            m.d.comb += address.eq(payload.chunk)
        for table in range(N_TABLES):
            for lane in range(p.lanes):
                memory = Memory(shape=32, depth=256, init=[])
                m.submodules[f"table_{table}_{lane}"] = memory
                read, write = memory.read_port(), memory.write_port(granularity=8)
                hit = self.write.valid & (address[8] == table)
                m.d.comb += [
                    read.addr.eq(self.codes[table][lane].as_unsigned() ^ 0x80),
                    self.values[table][lane].eq(read.data),
                    write.addr.eq(address[:8]),
                    write.data.eq(payload.data.word_select(part, 32)),
                    write.en.eq(payload.mask.word_select(part, 4) & hit.replicate(4)),
                ]
        return m
