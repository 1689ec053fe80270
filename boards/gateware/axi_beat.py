"""AXI4 in front of a board's memory where one beat at a time is all that the manager asks for."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from arch.params import Params, log2_exact
from boards.gateware.memory_bus import MemoryBus
from hw.axi_lite import OKAY, SLVERR
from hw.interfaces import axi_signature


class AxiBeat(wiring.Component):
    """What :class:`boards.gateware.axi_memory.AxiMemory` is, without its queues.

    The manager has one transaction of one beat under way, with ID 0, and takes its answer at once
    (hw.scalar.bus_port). The host's commands go first.

    Members
    -------
    axi : the accelerator's manager.
    host : the host link.
    memory : the memory.
    """

    def __init__(self, params: Params, memory_bytes: int):
        self.params = params
        self.memory_bytes = memory_bytes
        super().__init__(
            {
                "axi": In(axi_signature(params)),
                "host": In(MemoryBus(params, memory_bytes)),
                "memory": Out(MemoryBus(params, memory_bytes)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        axi, host, memory = self.axi, self.host, self.memory
        lsb, size = log2_exact(self.params.axi_bytes), log2_exact(self.memory_bytes)
        reading, for_host, refused, refused_read = Signal(), Signal(), Signal(), Signal()
        do_host, do_axi, do_write = Signal(), Signal(), Signal()
        address, outside, accepted = Signal.like(axi.araddr), Signal(), Signal()
        command = memory.commands.payload
        m.d.comb += [
            do_write.eq(axi.awvalid & axi.wvalid),
            do_host.eq(host.commands.valid & ~reading),
            do_axi.eq((axi.arvalid | do_write) & ~do_host & ~reading),
            address.eq(Mux(do_write, axi.awaddr, axi.araddr)),
            outside.eq(address[size:].any()),
            accepted.eq(do_axi & (memory.commands.ready | outside)),
            memory.commands.valid.eq(do_host | (do_axi & ~outside)),
            host.commands.ready.eq(memory.commands.ready & ~reading),
            command.beat.eq(address[lsb:size]),
            command.write.eq(do_write),
            command.data.eq(axi.wdata),
            command.mask.eq(axi.wstrb),
            axi.arready.eq(accepted & ~do_write),
            axi.awready.eq(accepted & do_write),
            axi.wready.eq(accepted & do_write),
            axi.rvalid.eq((memory.valid & ~for_host) | refused_read),
            axi.rdata.eq(memory.data),
            axi.rlast.eq(1),
            axi.rresp.eq(Mux(refused_read, SLVERR, OKAY)),
            axi.bresp.eq(Mux(refused, SLVERR, OKAY)),
            host.valid.eq(memory.valid & for_host),
            host.data.eq(memory.data),
        ]
        with m.If(do_host):
            m.d.comb += command.eq(host.commands.payload)
        m.d.sync += [
            axi.bvalid.eq(accepted & do_write),
            refused.eq(outside),
            refused_read.eq(accepted & ~do_write & outside),
        ]
        with m.If(memory.valid):
            m.d.sync += reading.eq(0)
        with m.If(memory.commands.valid & memory.commands.ready):
            m.d.sync += [reading.eq(~command.write), for_host.eq(do_host)]
        return m
