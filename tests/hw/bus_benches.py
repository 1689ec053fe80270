"""Blocks on the AXI side with the table of regions, as components for tests."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.isa import N_REGIONS
from arch.params import Params
from hw.axi_read import AxiReader
from hw.axi_write import AxiWriter
from hw.interfaces import (
    ChunkRead,
    EngineStatus,
    ReadRequest,
    WriteRequest,
    axi_read_signature,
    axi_write_signature,
    chip_write_layout,
    command_signature,
    completed_layout,
)
from hw.load import Load
from hw.regions import Part, Regions
from hw.store import Store

REGION_PORTS = {
    "region_write": In(1),
    "region_index": In(range(N_REGIONS)),
    "region_part": In(Part),
    "region_value": In(32),
    "halt": In(1),
    "quiet": Out(1),
    "beat": Out(1),
}


def add_regions(m: Module, bench: wiring.Component, params: Params, *lookups) -> None:
    """The table of regions, written through the bench's ports."""
    m.submodules.regions = regions = Regions(params, len(lookups))
    for i, lookup in enumerate(lookups):
        connect(m, lookup, regions.lookups[i])
    m.d.comb += [
        regions.write.eq(bench.region_write),
        regions.index.eq(bench.region_index),
        regions.part.eq(bench.region_part),
        regions.value.eq(bench.region_value),
    ]


class ReadBench(wiring.Component):
    """AxiReader with regions."""

    def __init__(self, params: Params, slots: tuple[int, ...]):
        self.params, self.slots = params, slots
        super().__init__(
            {
                **REGION_PORTS,
                "axi": Out(axi_read_signature(params)),
                "clients": In(ReadRequest(params)).array(len(slots)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.reader = reader = AxiReader(self.params, self.slots)
        connect(m, reader.axi, flipped(self.axi))
        for c in range(len(self.slots)):
            connect(m, flipped(self.clients[c]), reader.clients[c])
        m.d.comb += [
            reader.halt.eq(self.halt),
            self.quiet.eq(reader.quiet),
            self.beat.eq(reader.beat),
        ]
        add_regions(m, self, self.params, reader.lookup)
        return m


class WriteBench(wiring.Component):
    """AxiWriter with regions."""

    def __init__(self, params: Params, slots: tuple[int, ...]):
        self.params, self.slots = params, slots
        super().__init__(
            {
                **REGION_PORTS,
                "axi": Out(axi_write_signature(params)),
                "clients": In(WriteRequest(params)).array(len(slots)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.writer = writer = AxiWriter(self.params, self.slots)
        connect(m, writer.axi, flipped(self.axi))
        for c in range(len(self.slots)):
            connect(m, flipped(self.clients[c]), writer.clients[c])
        m.d.comb += [
            writer.halt.eq(self.halt),
            self.quiet.eq(writer.quiet),
            self.beat.eq(writer.beat),
        ]
        add_regions(m, self, self.params, writer.lookup)
        return m


class LoadBench(wiring.Component):
    """The load engine as the only client of an AxiReader."""

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                **REGION_PORTS,
                "axi": Out(axi_read_signature(params)),
                "commands": In(command_signature()),
                "completed": In(completed_layout()),
                "status": Out(EngineStatus()),
                "writes": Out(stream.Signature(chip_write_layout(params))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.load = load = Load(self.params)
        m.submodules.reader = reader = AxiReader(self.params, (self.params.config.dma_outstanding,))
        connect(m, reader.axi, flipped(self.axi))
        connect(m, load.memory, reader.clients[0])
        connect(m, load.writes, flipped(self.writes))
        connect(m, load.status, flipped(self.status))
        connect(m, flipped(self.commands), load.commands)
        m.d.comb += [
            load.completed.eq(self.completed),
            reader.halt.eq(self.halt),
            self.quiet.eq(reader.quiet),
            self.beat.eq(reader.beat),
        ]
        add_regions(m, self, self.params, reader.lookup)
        return m


class StoreBench(wiring.Component):
    """The store engine as the only client of an AxiWriter."""

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                **REGION_PORTS,
                "axi": Out(axi_write_signature(params)),
                "commands": In(command_signature()),
                "completed": In(completed_layout()),
                "status": Out(EngineStatus()),
                "scratchpad": Out(ChunkRead(params.axi_bytes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.store = store = Store(self.params)
        m.submodules.writer = writer = AxiWriter(self.params, (self.params.config.dma_outstanding,))
        connect(m, writer.axi, flipped(self.axi))
        connect(m, store.memory, writer.clients[0])
        connect(m, store.scratchpad, flipped(self.scratchpad))
        connect(m, store.status, flipped(self.status))
        connect(m, flipped(self.commands), store.commands)
        m.d.comb += [
            store.completed.eq(self.completed),
            writer.halt.eq(self.halt),
            self.quiet.eq(writer.quiet),
            self.beat.eq(writer.beat),
        ]
        add_regions(m, self, self.params, writer.lookup)
        return m
