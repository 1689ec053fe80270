"""The host registers with the table of regions, as one component for tests."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch import registers
from arch.isa import COUNT_BITS
from arch.params import Params
from arch.registers import Counter
from hw.host import Host
from hw.interfaces import N_ENGINES, EngineStatus, axi_lite_signature, completed_layout
from hw.regions import RegionLookup, Regions


class HostBench(wiring.Component):
    """``lookup`` is a second client of the regions, of lower priority than the host."""

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "bus": In(axi_lite_signature(registers.ADDRESS_BITS)),
                "interrupt": Out(1),
                "start": Out(1),
                "run": Out(1),
                "halt": Out(1),
                "quiet": In(1),
                "program_region": Out(3),
                "program_offset": Out(32),
                "program_bytes": Out(32),
                "watchdog": Out(32),
                "statuses": In(EngineStatus()).array(N_ENGINES),
                "sequencer": In(EngineStatus()),
                "completed": In(completed_layout()),
                "dispatched": In(COUNT_BITS),
                "events": In(len(Counter)),
                "lookup": In(RegionLookup(params)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.host = host = Host(self.params)
        m.submodules.regions = regions = Regions(self.params, 2)
        connect(m, flipped(self.bus), host.bus)
        connect(m, flipped(self.sequencer), host.sequencer)
        for e in range(N_ENGINES):
            connect(m, flipped(self.statuses[e]), host.statuses[e])
        connect(m, host.region_lookup, regions.lookups[0])
        connect(m, flipped(self.lookup), regions.lookups[1])
        m.d.comb += [
            regions.write.eq(host.region_write),
            regions.index.eq(host.region_index),
            regions.part.eq(host.region_part),
            regions.value.eq(host.region_value),
            host.quiet.eq(self.quiet),
            host.completed.eq(self.completed),
            host.dispatched.eq(self.dispatched),
            host.events.eq(self.events),
        ]
        for name in (
            "interrupt",
            "start",
            "run",
            "halt",
            "program_region",
            "program_offset",
            "program_bytes",
            "watchdog",
        ):
            m.d.comb += getattr(self, name).eq(getattr(host, name))
        return m
