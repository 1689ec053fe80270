"""AXI4-Lite on one side, single register accesses on the other."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.interfaces import axi_lite_signature

OKAY, SLVERR = 0, 2
FULL_STROBE = 0b1111


class AxiLiteTarget(wiring.Component):
    """Takes one access at a time; a read and a write that wait take turns.

    Parameters
    ----------
    address_bits : of the bus.

    Members
    -------
    bus : the manager's port. All its outputs are registers.
    word : address of the access, over four; there a cycle before ``read`` and ``write``, so that
        it can be decoded into registers.
    write, data : one cycle: write ``data``. ``refused`` in the same cycle makes the answer SLVERR.
        A write that leaves bytes out is answered SLVERR and not passed on.
    read : read, until ``read_done``; ``read_data`` and ``refused`` are taken in that cycle.
    """

    def __init__(self, address_bits: int):
        self.word_bits = address_bits - 2
        super().__init__(
            {
                "bus": In(axi_lite_signature(address_bits)),
                "word": Out(self.word_bits),
                "write": Out(1),
                "data": Out(32),
                "read": Out(1),
                "read_done": In(1),
                "read_data": In(32),
                "refused": In(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        bus = self.bus
        write_word, read_word = Signal(self.word_bits), Signal(self.word_bits)
        strobe = Signal(len(bus.wstrb))
        reads_next = Signal()  # a write was last
        response = Mux(self.refused, SLVERR, OKAY)

        with m.If(bus.awvalid & bus.awready):
            m.d.sync += [write_word.eq(bus.awaddr[2:]), bus.awready.eq(0)]
        with m.If(bus.wvalid & bus.wready):
            m.d.sync += [self.data.eq(bus.wdata), strobe.eq(bus.wstrb), bus.wready.eq(0)]
        with m.If(bus.arvalid & bus.arready):
            m.d.sync += [read_word.eq(bus.araddr[2:]), bus.arready.eq(0)]

        write_waits = ~bus.awready & ~bus.wready
        read_waits = ~bus.arready
        with m.FSM():
            with m.State("OPEN"):
                # The channels close for the access that has come and open again with its answer.
                m.d.sync += [bus.awready.eq(1), bus.wready.eq(1), bus.arready.eq(1)]
                m.next = "IDLE"
            with m.State("IDLE"):
                with m.If(read_waits & (reads_next | ~write_waits)):
                    m.d.sync += [self.word.eq(read_word), reads_next.eq(0)]
                    m.next = "DECODE"
                with m.Elif(write_waits):
                    m.d.sync += [self.word.eq(write_word), reads_next.eq(1)]
                    m.next = "DECODE"
            with m.State("DECODE"):
                with m.If(reads_next):
                    m.next = "WRITE"
                with m.Else():
                    m.next = "READ"
            with m.State("WRITE"):
                whole = strobe == FULL_STROBE
                m.d.comb += self.write.eq(whole)
                m.d.sync += [bus.bvalid.eq(1), bus.bresp.eq(Mux(whole, response, SLVERR))]
                m.next = "WRITTEN"
            with m.State("WRITTEN"), m.If(bus.bready):
                m.d.sync += [bus.bvalid.eq(0), bus.awready.eq(1), bus.wready.eq(1)]
                m.next = "IDLE"
            with m.State("READ"):
                m.d.comb += self.read.eq(1)
                with m.If(self.read_done):
                    m.d.sync += [
                        bus.rvalid.eq(1),
                        bus.rresp.eq(response),
                        bus.rdata.eq(Mux(self.refused, 0, self.read_data)),
                    ]
                    m.next = "ANSWERED"
            with m.State("ANSWERED"), m.If(bus.rready):
                m.d.sync += [bus.rvalid.eq(0), bus.arready.eq(1)]
                m.next = "IDLE"
        return m
