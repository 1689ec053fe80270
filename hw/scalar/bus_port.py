"""The processor's way to external memory: one beat at a time on AXI4."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from arch.params import Params, log2_exact
from hw.axi_read import INCR
from hw.interfaces import axi_signature


class BusPort(wiring.Component):
    """Reads and writes single beats; bursts of one beat, one outstanding.

    Members
    -------
    axi : the manager's port.
    address, write, strobe, wdata : an access, taken in a cycle with ``start``; not while ``busy``.
    done : one cycle: the answer is there; ``rdata`` and ``failed`` belong to it.
    busy : a transaction is outstanding.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "axi": Out(axi_signature(params)),
                "start": In(1),
                "address": In(params.config.axi_address_bits),
                "write": In(1),
                "strobe": In(params.axi_bytes),
                "wdata": In(params.config.axi_data_bits),
                "done": Out(1),
                "rdata": Out(params.config.axi_data_bits),
                "failed": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        axi = self.axi
        lsb = log2_exact(self.params.axi_bytes)
        for channel in ("ar", "aw"):
            m.d.comb += [
                getattr(axi, f"{channel}size").eq(lsb),
                getattr(axi, f"{channel}burst").eq(INCR),
            ]
        beat, reading, writing = Signal(len(axi.araddr) - lsb), Signal(), Signal()
        m.d.comb += [
            axi.araddr[lsb:].eq(beat),
            axi.awaddr[lsb:].eq(beat),
            axi.wlast.eq(1),
            axi.rready.eq(reading),
            axi.bready.eq(writing),
            self.done.eq((axi.rvalid & reading) | (axi.bvalid & writing)),
            self.rdata.eq(axi.rdata),
            self.failed.eq((axi.rvalid & axi.rresp[1]) | (axi.bvalid & axi.bresp[1])),
            self.busy.eq(reading | writing),
        ]
        for valid, ready in (
            (axi.arvalid, axi.arready),
            (axi.awvalid, axi.awready),
            (axi.wvalid, axi.wready),
        ):
            with m.If(ready):
                m.d.sync += valid.eq(0)
        with m.If(self.done):
            m.d.sync += [reading.eq(0), writing.eq(0)]
        with m.If(self.start):
            m.d.sync += [
                beat.eq(self.address[lsb:]),
                axi.wdata.eq(self.wdata),
                axi.wstrb.eq(self.strobe),
                reading.eq(~self.write),
                axi.arvalid.eq(~self.write),
                writing.eq(self.write),
                axi.awvalid.eq(self.write),
                axi.wvalid.eq(self.write),
            ]
        return m
