"""Everything between the host and the engines, with DMA and a plain scratchpad, for tests."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from arch import registers
from arch.isa import Engine, Opcode, Space
from arch.params import Params
from arch.registers import Counter
from hw.axi_read import AxiReader
from hw.axi_write import AxiWriter
from hw.command_port import CommandPort
from hw.host import Host
from hw.interfaces import (
    ChunkRead,
    EngineStatus,
    axi_lite_signature,
    axi_read_signature,
    axi_write_signature,
    chip_write_layout,
    command_signature,
    completed_layout,
)
from hw.load import Load
from hw.regions import Regions
from hw.sequencer import Sequencer
from hw.store import Store

FETCH_SLOTS = 4


class IdleEngine(wiring.Component):
    """Completes every command ``cycles`` after its waits are met, doing nothing."""

    def __init__(self, opcode: Opcode, cycles: int):
        self.opcode, self.n_cycles = opcode, cycles
        super().__init__(
            {
                "commands": In(command_signature()),
                "completed": In(completed_layout()),
                "status": Out(EngineStatus()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.port = port = CommandPort(self.opcode)
        connect(m, flipped(self.commands), port.commands)
        count = Signal(range(self.n_cycles + 1))
        met = port.valid & port.met.all()
        m.d.comb += [
            port.completed.eq(self.completed),
            port.ready.eq(met & (count == self.n_cycles)),
            self.status.completed.eq(port.valid & port.ready),
            self.status.busy.eq(met),
            self.status.waiting.eq(port.valid & ~port.met.all()),
        ]
        with m.If(port.ready):
            m.d.sync += count.eq(0)
        with m.Elif(met):
            m.d.sync += count.eq(count + 1)
        return m


class PlainScratchpad(wiring.Component):
    """One chunk read and one chunk write a cycle; writes to other spaces are thrown away."""

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "writes": In(stream.Signature(chip_write_layout(params))),
                "reads": In(ChunkRead(params.axi_bytes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.params
        n_chunks = p.scratchpad_bytes // p.axi_bytes
        m.submodules.memory = memory = Memory(shape=8 * p.axi_bytes, depth=n_chunks, init=[])
        write, read = memory.write_port(granularity=8), memory.read_port()
        item = self.writes.payload
        mine = self.writes.valid & (item.space == Space.SCRATCHPAD)
        s1_valid, s2_valid = Signal(), Signal()
        s2_data = Signal(8 * p.axi_bytes)
        m.d.comb += [
            self.writes.ready.eq(1),
            write.addr.eq(item.chunk),
            write.data.eq(item.data),
            write.en.eq(item.mask & mine.replicate(p.axi_bytes)),
            self.reads.request.ready.eq(1),
            read.addr.eq(self.reads.request.payload),
        ]
        m.d.sync += [
            s1_valid.eq(self.reads.request.valid),
            s2_valid.eq(s1_valid),
            s2_data.eq(read.data),
            self.reads.valid.eq(s2_valid),
            self.reads.data.eq(s2_data),
        ]
        return m


class ControlBench(wiring.Component):
    """Host, regions, sequencer, buses, load and store; array and core only wait."""

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "bus": In(axi_lite_signature(registers.ADDRESS_BITS)),
                "interrupt": Out(1),
                "read": Out(axi_read_signature(params)),
                "write": Out(axi_write_signature(params)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        outstanding = p.config.dma_outstanding
        m.submodules.host = host = Host(p)
        m.submodules.regions = regions = Regions(p, 3)
        m.submodules.reader = reader = AxiReader(p, (FETCH_SLOTS, outstanding))
        m.submodules.writer = writer = AxiWriter(p, (outstanding,))
        restart = ResetInserter(host.start)
        sequencer, load, store = Sequencer(p), Load(p), Store(p)
        array, core = IdleEngine(Opcode.ARRAY, 30), IdleEngine(Opcode.CORE, 7)
        scratchpad = PlainScratchpad(p)
        for name, block in (
            ("sequencer", sequencer),
            ("load", load),
            ("store", store),
            ("array", array),
            ("core", core),
            ("scratchpad", scratchpad),
        ):
            m.submodules[name] = restart(block)

        connect(m, flipped(self.bus), host.bus)
        connect(m, reader.axi, flipped(self.read))
        connect(m, writer.axi, flipped(self.write))
        connect(m, sequencer.fetch, reader.clients[0])
        connect(m, load.memory, reader.clients[1])
        connect(m, store.memory, writer.clients[0])
        connect(m, load.writes, scratchpad.writes)
        connect(m, store.scratchpad, scratchpad.reads)
        for i, lookup in enumerate((host.region_lookup, reader.lookup, writer.lookup)):
            connect(m, lookup, regions.lookups[i])
        m.d.comb += [
            self.interrupt.eq(host.interrupt),
            regions.write.eq(host.region_write),
            regions.index.eq(host.region_index),
            regions.part.eq(host.region_part),
            regions.value.eq(host.region_value),
            reader.halt.eq(host.halt),
            writer.halt.eq(host.halt),
            host.quiet.eq(reader.quiet & writer.quiet),
            sequencer.run.eq(host.run),
            sequencer.region.eq(host.program_region),
            sequencer.offset.eq(host.program_offset),
            sequencer.n_bytes.eq(host.program_bytes),
            host.completed.eq(sequencer.completed),
            host.dispatched.eq(sequencer.dispatched),
            host.sequencer.completed.eq(sequencer.done),
            host.events[Counter.BEATS_READ].eq(reader.beat),
            host.events[Counter.BEATS_WRITTEN].eq(writer.beat),
        ]
        for name in ("error", "cause", "address", "info"):
            m.d.comb += getattr(host.sequencer, name).eq(getattr(sequencer, name))
        engines = {Engine.LOAD: load, Engine.ARRAY: array, Engine.CORE: core, Engine.STORE: store}
        for e, engine in engines.items():
            connect(m, sequencer.commands[e], engine.commands)
            m.d.comb += [
                engine.completed.eq(sequencer.completed),
                sequencer.engine_completed[e].eq(engine.status.completed),
                host.events[Counter.LOAD_BUSY + e].eq(engine.status.busy),
                host.events[Counter.LOAD_WAIT + e].eq(engine.status.waiting),
            ]
            connect(m, engine.status, host.statuses[e])
        return m
