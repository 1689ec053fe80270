"""The accelerator: only wires."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.wiring import Out, connect, flipped

from arch.isa import Engine, Opcode, Space
from arch.params import Params
from arch.registers import Counter
from hw.absent_engine import AbsentEngine
from hw.array_engine import ArrayEngine
from hw.axi_read import AxiReader
from hw.axi_write import AxiWriter
from hw.core_engine import CoreEngine
from hw.host import Host
from hw.interfaces import accelerator_ports
from hw.load import Load
from hw.regions import Regions
from hw.scratchpad import Scratchpad
from hw.sequencer import Sequencer
from hw.store import Store
from hw.trace import Trace
from hw.weight_memory import WeightMemory
from hw.window_reader import WindowReader

FETCH_SLOTS = 4
CORE_SLOTS = 1


class Npu(wiring.Component):
    """One accelerator.

    Members
    -------
    s_axil : AXI4-Lite subordinate with the host registers (arch.registers).
    m_axi : AXI4 manager for programs, weights and tensors.
    interrupt : level; a program ended, well or with an error.
    event_started, event_completed : one cycle for each command, a bit for each engine.
    log_valid, log_byte : bytes that operators on the core print.
    core_pc : address of an instruction that the core executes, for traces; 0 without a core.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(accelerator_ports(params))

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        slots = p.config.dma_outstanding
        m.submodules.host = host = Host(p)
        m.submodules.reader = reader = AxiReader(p, (FETCH_SLOTS, CORE_SLOTS, slots))
        m.submodules.writer = writer = AxiWriter(p, (CORE_SLOTS, slots))
        m.submodules.regions = regions = Regions(p, 3)

        fresh = ResetInserter(host.start)  # everything that a program starts with anew
        sequencer, load, array, store = Sequencer(p), Load(p), ArrayEngine(p), Store(p)
        windows, scratchpad = WindowReader(p), Scratchpad(p)
        weights = WeightMemory(p)
        m.submodules.sequencer = fresh(sequencer)
        m.submodules.load = fresh(load)
        m.submodules.array_engine = fresh(array)
        m.submodules.store = fresh(store)
        m.submodules.windows = fresh(windows)
        m.submodules.scratchpad = fresh(scratchpad)
        m.submodules.weights = weights
        m.submodules.trace = trace = Trace(1 << Engine.ARRAY)

        self._bus(m, host, reader, writer, regions, sequencer, load, store)
        engines = {Engine.LOAD: load, Engine.ARRAY: array, Engine.STORE: store}
        core = None
        if p.config.has_core:
            core = self._core(m, fresh, host, reader, writer, scratchpad)
            connect(m, core.given, sequencer.given)
            m.d.comb += core.dispatched.eq(sequencer.counts)
            engines[Engine.CORE] = core
        else:
            engines[Engine.CORE] = AbsentEngine(Opcode.CORE)
            m.submodules.core_engine = fresh(engines[Engine.CORE])
        self._commands(m, host, sequencer, engines, trace)
        self._memories(m, load, array, store, windows, scratchpad, weights, core)
        self._counters(m, host, engines, array, reader, writer)
        return m

    def _core(self, m, fresh, host, reader, writer, scratchpad) -> CoreEngine:
        core = CoreEngine(self.params)
        m.submodules.core_engine = fresh(core)
        connect(m, core.scratchpad_read, scratchpad.core_read)
        connect(m, core.scratchpad_write, scratchpad.core_write)
        connect(m, core.external_read, reader.clients[1])
        connect(m, core.external_write, writer.clients[0])
        m.d.comb += [
            core.watchdog_cycles.eq(host.watchdog),
            self.log_valid.eq(core.log_valid),
            self.log_byte.eq(core.log_byte),
            self.core_pc.eq(core.pc),
        ]
        return core

    def _bus(self, m, host, reader, writer, regions, sequencer, load, store) -> None:
        connect(m, flipped(self.s_axil), host.bus)
        for manager in (reader, writer):
            for name in manager.axi.signature.members:
                ours, theirs = getattr(self.m_axi, name), getattr(manager.axi, name)
                out = self.m_axi.signature.members[name].flow is Out
                m.d.comb += ours.eq(theirs) if out else theirs.eq(ours)
            m.d.comb += manager.halt.eq(host.halt)
        m.d.comb += [
            host.quiet.eq(reader.quiet & writer.quiet),
            self.interrupt.eq(host.interrupt),
            regions.write.eq(host.region_write),
            regions.index.eq(host.region_index),
            regions.part.eq(host.region_part),
            regions.value.eq(host.region_value),
        ]
        for lookup, port in zip(
            (host.region_lookup, reader.lookup, writer.lookup), regions.lookups, strict=True
        ):
            connect(m, lookup, port)
        connect(m, sequencer.fetch, reader.clients[0])
        connect(m, load.memory, reader.clients[2])
        connect(m, store.memory, writer.clients[1])
        m.d.comb += [
            sequencer.run.eq(host.run),
            sequencer.region.eq(host.program_region),
            sequencer.offset.eq(host.program_offset),
            sequencer.n_bytes.eq(host.program_bytes),
        ]

    def _commands(self, m, host, sequencer, engines, trace) -> None:
        for e, engine in engines.items():
            status = engine.status
            connect(m, sequencer.commands[e], engine.commands)
            m.d.comb += [
                engine.completed.eq(sequencer.completed),
                sequencer.engine_completed[e].eq(status.completed),
                trace.busy[e].eq(status.busy),
                trace.ended[e].eq(status.completed),
            ]
            for name in status.signature.members:
                m.d.comb += getattr(host.statuses[e], name).eq(getattr(status, name))
        m.d.comb += [
            host.sequencer.completed.eq(sequencer.done),
            host.sequencer.error.eq(sequencer.error),
            host.sequencer.cause.eq(sequencer.cause),
            host.sequencer.address.eq(sequencer.address),
            host.sequencer.info.eq(sequencer.info),
            host.completed.eq(sequencer.completed),
            host.dispatched.eq(sequencer.dispatched),
            trace.explicit_started[Engine.ARRAY].eq(engines[Engine.ARRAY].started),
            self.event_started.eq(trace.started),
            self.event_completed.eq(trace.completed),
        ]

    def _memories(self, m, load, array, store, windows, scratchpad, weights, core) -> None:
        """Chunks of the load engine go to the memory that they name."""
        writes = load.writes.payload
        targets = {Space.SCRATCHPAD: scratchpad.load_write, Space.WEIGHTS: weights.write}
        if self.params.config.elementwise:
            targets[Space.TABLES] = array.table_write
        ready = 0
        for space, port in targets.items():
            here = writes.space == space
            m.d.comb += [
                port.payload.chunk.eq(writes.chunk),
                port.payload.data.eq(writes.data),
                port.payload.mask.eq(writes.mask),
                port.valid.eq(load.writes.valid & here),
            ]
            ready = ready | (port.ready & here)
        if core is not None:
            here = (writes.space == Space.IMEM) | (writes.space == Space.DMEM)
            m.d.comb += [
                core.writes.payload.eq(writes),
                core.writes.valid.eq(load.writes.valid & here),
            ]
            ready = ready | (core.writes.ready & here)
        m.d.comb += load.writes.ready.eq(ready)
        connect(m, array.weight_read, weights.read)
        connect(m, array.request, windows.request)
        connect(m, store.scratchpad, scratchpad.store_read)
        m.d.comb += [
            array.windows.eq(windows.windows),
            array.windows_valid.eq(windows.valid),
            scratchpad.grants.eq(windows.grants),
            scratchpad.taken.eq(windows.taken),
            windows.bank_data.eq(scratchpad.bank_data),
            scratchpad.results.eq(array.results),
            scratchpad.load_hits.eq(load.hits),
        ]

    def _counters(self, m, host, engines, array, reader, writer) -> None:
        for e, engine in engines.items():
            m.d.comb += [
                host.events[Counter.LOAD_BUSY + e].eq(engine.status.busy),
                host.events[Counter.LOAD_WAIT + e].eq(engine.status.waiting),
            ]
        m.d.comb += [
            host.events[Counter.ARRAY_SLOT].eq(array.slot_entered),
            host.events[Counter.STALL_WEIGHTS].eq(array.stall_weights),
            host.events[Counter.STALL_PIXELS].eq(array.stall_pixels),
            host.events[Counter.STALL_DRAIN].eq(array.stall_drain),
            host.events[Counter.BEATS_READ].eq(reader.beat),
            host.events[Counter.BEATS_WRITTEN].eq(writer.beat),
        ]
