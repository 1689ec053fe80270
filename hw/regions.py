"""The regions of external memory that a program may use: where they are and what is allowed."""

from __future__ import annotations

import enum

from amaranth.hdl import Array, Cat, Elaboratable, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, Signature

from arch.isa import N_REGIONS
from arch.params import Params, log2_exact
from arch.registers import REGION_FLAGS

SIZE_BITS = 32
LOW_BITS = 32


class Part(enum.IntEnum):
    """The registers of a region, named as in arch.registers."""

    BASE = 0
    BASE_HIGH = 1
    SIZE = 2
    FLAGS = 3


def region_layout(params: Params) -> data.StructLayout:
    """``base_beat``: bus address over the bytes of a beat; ``size``: bytes; and permissions."""
    return data.StructLayout(
        {
            "base_beat": params.config.axi_address_bits - log2_exact(params.axi_bytes),
            "size": SIZE_BITS,
            "read": 1,
            "write": 1,
        }
    )


class RegionLookup(Signature):
    """Asks for a region, as the client drives it.

    Members
    -------
    valid, index, ready : the question; it may be taken back.
    entry : the answer, in the cycle after the one in which ``valid`` met ``ready``, and only then.
    """

    def __init__(self, params: Params) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "index": Out(range(N_REGIONS)),
                "ready": In(1),
                "entry": In(region_layout(params)),
            }
        )


class Regions(wiring.Component):
    """The table of regions, in one small memory with one read port.

    No region allows anything until its flags are written: base and size live in memory, which a
    reset of the bus does not clear, the flags in registers, which it does.

    Parameters
    ----------
    n_lookups : clients; the lower the index, the higher the priority. One that asks every second
        cycle at most leaves the next one the cycles between.

    Members
    -------
    write, index, part, value : store ``value`` as one part of a region. Bits of a base that say
        less than a beat or more than the bus's address must be zero.
    lookups : questions.
    """

    def __init__(self, params: Params, n_lookups: int):
        self.params = params
        self.n_lookups = n_lookups
        super().__init__(
            {
                "write": In(1),
                "index": In(range(N_REGIONS)),
                "part": In(Part),
                "value": In(32),
                "lookups": In(RegionLookup(params)).array(n_lookups),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        layout = region_layout(self.params)
        beat_lsb = log2_exact(self.params.axi_bytes)
        high_bits = self.params.config.axi_address_bits - LOW_BITS
        parts = {
            Part.BASE: self.value[beat_lsb:],
            Part.BASE_HIGH: self.value[:high_bits],
            Part.SIZE: self.value,
        }
        wanted = Signal(range(N_REGIONS))
        s1_index = Signal(range(N_REGIONS))
        m.d.sync += s1_index.eq(wanted)
        read: dict[Part, Value] = {}
        for part, value in parts.items():
            read[part] = self._store(m, part, value, wanted)

        flags = [Signal(2, name=f"flags_{i}") for i in range(N_REGIONS)]
        for i, flag in enumerate(flags):
            with m.If(self.write & (self.part == Part.FLAGS) & (self.index == i)):
                m.d.sync += flag.eq(self.value)
        allowed = Array(flags)[s1_index]
        entry = Signal(layout)
        m.d.comb += [
            entry.base_beat.eq(Cat(read[Part.BASE], read[Part.BASE_HIGH])),
            entry.size.eq(read[Part.SIZE]),
            entry.read.eq(allowed[REGION_FLAGS["read"].lsb]),
            entry.write.eq(allowed[REGION_FLAGS["write"].lsb]),
        ]
        free: Value = Signal(init=1)
        for lookup in self.lookups:
            m.d.comb += [lookup.ready.eq(free), lookup.entry.eq(entry)]
            with m.If(free & lookup.valid):
                m.d.comb += wanted.eq(lookup.index)
            free = free & ~lookup.valid
        return m

    def _store(self, m: Module, part: Part, value: Value, wanted: Signal) -> Value:
        """One column of the table, read in the cycle after ``wanted``."""
        if len(value) == 0:
            return value
        memory = Memory(shape=len(value), depth=N_REGIONS, init=[])
        m.submodules[part.name.lower()] = memory
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            write.addr.eq(self.index),
            write.data.eq(value),
            write.en.eq(self.write & (self.part == part)),
            read.addr.eq(wanted),
        ]
        return read.data
