"""External memory made of the FPGA's own block RAM, for boards and models that are small."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In

from arch.params import Params
from boards.gateware.memory_bus import MemoryBus
from compiler.timing.memory import MemoryTiming

TIMING = MemoryTiming(bytes_per_cycle=8, latency=6)
"""A beat a cycle, and the way there and back."""


def make_block_ram(params: Params, memory_bytes: int, clock_hz: int) -> BlockRam:
    """A :class:`BlockRam` for any clock."""
    return BlockRam(params, memory_bytes)


class BlockRam(wiring.Component):
    """``memory_bytes`` of block RAM; a beat a cycle, answers two cycles later.

    Members
    -------
    bus : commands, never refused.
    """

    def __init__(self, params: Params, memory_bytes: int):
        self.params = params
        self.memory_bytes = memory_bytes
        super().__init__({"bus": In(MemoryBus(params, memory_bytes))})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p, command = self.params, self.bus.commands.payload
        depth = self.memory_bytes // p.axi_bytes
        memory = Memory(
            shape=p.config.axi_data_bits, depth=depth, init=[], attrs={"no_rw_check": 1}
        )
        m.submodules.memory = memory
        read, write = memory.read_port(), memory.write_port(granularity=8)
        arrives = Signal()
        m.d.comb += [
            self.bus.commands.ready.eq(1),
            read.addr.eq(command.beat),
            read.en.eq(1),
            write.addr.eq(command.beat),
            write.data.eq(command.data),
        ]
        with m.If(self.bus.commands.valid & command.write):
            m.d.comb += write.en.eq(command.mask)
        m.d.sync += [
            arrives.eq(self.bus.commands.valid & ~command.write),
            self.bus.valid.eq(arrives),
            self.bus.data.eq(read.data),
        ]
        return m
