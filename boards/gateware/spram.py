"""External memory made of the single-port RAM of an iCE40 UltraPlus."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, ClockSignal, Const, Elaboratable, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from arch.errors import ConfigError
from arch.params import Params
from boards.gateware.memory_bus import MemoryBus
from compiler.timing.memory import MemoryTiming

SPRAM_BYTES = 32 * 1024
SPRAM_BITS = 16
ADDRESS_BITS = 14

TIMING = MemoryTiming(bytes_per_cycle=4, latency=1)
"""Of two blocks side by side behind :class:`boards.gateware.axi_beat.AxiBeat`."""


def make_spram(params: Params, memory_bytes: int, clock_hz: int) -> Spram:
    """A :class:`Spram` for any clock."""
    return Spram(params, memory_bytes)


class Spram(wiring.Component):
    """``memory_bytes`` of SB_SPRAM256KA; a beat a cycle.

    Answers come a cycle later, two where several blocks hold different beats.

    Members
    -------
    bus : commands, never refused.
    """

    def __init__(self, params: Params, memory_bytes: int):
        self.params = params
        self.memory_bytes = memory_bytes
        beats = (1 << ADDRESS_BITS) * params.axi_bytes
        if beats > memory_bytes:
            most = 8 * memory_bytes >> ADDRESS_BITS
            raise ConfigError(
                f"axi_data_bits: {params.config.axi_data_bits} is wider than all single-port RAM"
                f" together; use {most} or less"
            )
        super().__init__({"bus": In(MemoryBus(params, memory_bytes))})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p, command = self.params, self.bus.commands.payload
        n_deep = self.memory_bytes // (1 << ADDRESS_BITS) // p.axi_bytes
        n_wide = p.config.axi_data_bits // SPRAM_BITS
        row, block = command.beat[:ADDRESS_BITS], Signal(range(n_deep))
        asked = self.bus.commands.valid
        words: list[Signal] = []
        m.d.comb += [self.bus.commands.ready.eq(1), block.eq(command.beat[ADDRESS_BITS:])]
        for deep in range(n_deep):
            parts = []
            for wide in range(n_wide):
                octets = [2 * wide, 2 * wide, 2 * wide + 1, 2 * wide + 1]
                part = Signal(SPRAM_BITS, name=f"part_{deep}_{wide}")
                parts.append(part)
                m.submodules[f"spram_{deep}_{wide}"] = Instance(
                    "SB_SPRAM256KA",
                    i_CLOCK=ClockSignal(),
                    i_ADDRESS=row,
                    i_DATAIN=command.data.word_select(wide, SPRAM_BITS),
                    i_MASKWREN=Cat(command.mask[octet] for octet in octets),  # a bit a nibble
                    i_WREN=command.write,
                    i_CHIPSELECT=asked & (block == deep),
                    i_STANDBY=Const(0),
                    i_SLEEP=Const(0),
                    i_POWEROFF=Const(1),  # active low
                    o_DATAOUT=part,
                )
            word = Signal(p.config.axi_data_bits, name=f"word_{deep}")
            m.d.comb += word.eq(Cat(parts))
            words.append(word)
        arrives, arriving = Signal(), Signal.like(block)
        m.d.sync += arrives.eq(asked & ~command.write)
        if n_deep == 1:
            m.d.comb += [self.bus.valid.eq(arrives), self.bus.data.eq(words[0])]
            return m
        m.d.sync += [
            arriving.eq(block),
            self.bus.valid.eq(arrives),
            self.bus.data.eq(Array(words)[arriving]),
        ]
        return m
