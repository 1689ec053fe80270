"""Writes to external memory for several clients over one AXI4 port."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Elaboratable, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.params import Params, log2_exact
from hw.axi_read import ERROR_BIT, INCR, check_slots
from hw.burst_tracker import BurstTracker, answer_layout, whose
from hw.bursts import BurstSplitter
from hw.interfaces import WriteRequest, axi_write_signature
from hw.regions import RegionLookup
from hw.skid import SkidBuffer

MIN_FIFO_DEPTH = 4  # fewer would not be full rate


class AxiWriter(wiring.Component):
    """AXI4 write manager; the AXI id is the number of the client.

    Requests are checked as a whole before their first burst: one that the region does not allow
    ends with the cause REGION and its own offset, its beats are taken and thrown away. An error on
    the bus ends a request with the cause BUS and the offset of the burst.

    The data of a burst may go out before its address is taken. A burst whose address went out is
    always finished; after ``halt`` with strobes of zero.

    Parameters
    ----------
    slots : for each client, bursts that may be under way. Earlier clients go first.

    Members
    -------
    axi : the bus.
    clients : requests, beats and their ends. The beats of a burst hold up those of other clients,
        so a client must bring them without waiting for another client.
    lookup : the table of regions.
    halt : throw requests and beats away, finish what is under way, send nothing new.
    quiet : nothing is under way; a register.
    beat : one cycle for each beat that went to the bus.
    """

    def __init__(self, params: Params, slots: tuple[int, ...]):
        check_slots(slots)
        self.params = params
        self.slots = slots
        super().__init__(
            {
                "axi": Out(axi_write_signature(params)),
                "clients": In(WriteRequest(params)).array(len(slots)),
                "lookup": Out(RegionLookup(params)),
                "halt": In(1),
                "quiet": Out(1),
                "beat": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        n = len(self.slots)
        order_layout = data.StructLayout({"client": range(n), "length": 8, "refused": 1})
        m.submodules.splitter = splitter = BurstSplitter(self.params, n, "write", False)
        m.submodules.tracker = tracker = BurstTracker(self.params, self.slots)
        m.submodules.order = order = SyncFIFOBuffered(
            width=order_layout.size, depth=max(MIN_FIFO_DEPTH, *self.slots)
        )
        connect(m, splitter.lookup, flipped(self.lookup))
        for c, client in enumerate(self.clients):
            connect(m, flipped(client.request), splitter.requests[c])
        m.d.comb += [
            splitter.halt.eq(self.halt),
            splitter.room.eq(tracker.room),
            tracker.halt.eq(self.halt),
        ]
        self._address(m, splitter, tracker, order)
        writing = self._data(m, order_layout, order)
        answered = self._response(m, tracker)
        m.d.sync += [
            self.quiet.eq(
                tracker.empty & ~self.axi.awvalid & ~self.axi.wvalid & ~writing & ~answered
            ),
            self.beat.eq(self.axi.wvalid & self.axi.wready),
        ]
        return m

    def _address(
        self, m: Module, splitter: BurstSplitter, tracker: BurstTracker, order: SyncFIFOBuffered
    ) -> None:
        axi, burst = self.axi, splitter.bursts.payload
        beat_lsb = log2_exact(self.params.axi_bytes)
        free = ~axi.awvalid | axi.awready
        m.d.comb += [
            axi.awsize.eq(beat_lsb),
            axi.awburst.eq(INCR),
            splitter.bursts.ready.eq(free & order.w_rdy),
            tracker.push.eq(splitter.bursts.valid & splitter.bursts.ready),
            tracker.burst.eq(burst),
            order.w_en.eq(tracker.push),
            order.w_data.eq(Cat(burst.client, burst.length, burst.refused)),
        ]
        with m.If(free):
            m.d.sync += axi.awvalid.eq(tracker.push & ~burst.refused)
        with m.If(tracker.push):
            m.d.sync += [
                axi.awid.eq(burst.client),
                axi.awaddr.eq(Cat(Const(0, beat_lsb), burst.beat_address)),
                axi.awlen.eq(burst.length),
            ]

    def _data(self, m: Module, order_layout: data.StructLayout, order: SyncFIFOBuffered) -> Signal:
        """Move the beats of one burst after the other; true while there are any to move."""
        axi = self.axi
        n = len(self.slots)
        burst, active = Signal(order_layout), Signal()
        is_last, step = Signal(), Signal()
        streams = [client.beats for client in self.clients]
        beat = Array(s.payload.as_value() for s in streams)[burst.client]
        layout = streams[0].payload.shape()
        available = Array(s.valid for s in streams)[burst.client] | self.halt
        may_take = active & (~axi.wvalid | axi.wready | burst.refused)
        m.d.comb += [
            is_last.eq(burst.length == 0),
            step.eq(may_take & available),
            order.r_en.eq(~active | (step & is_last)),
        ]
        for c in range(n):
            m.d.comb += streams[c].ready.eq(may_take & (burst.client == c) & ~self.halt)
        with m.If(order.r_en):
            m.d.sync += [burst.eq(order.r_data), active.eq(order.r_rdy)]
        with m.Elif(step):
            m.d.sync += burst.length.eq(burst.length - 1)
        with m.If(axi.wready):
            m.d.sync += axi.wvalid.eq(0)
        with m.If(step & ~burst.refused):
            m.d.sync += [
                axi.wvalid.eq(1),
                axi.wdata.eq(layout(beat).data),
                axi.wstrb.eq(Mux(self.halt, 0, layout(beat).strobe)),
                axi.wlast.eq(is_last),
            ]
        return active | order.r_rdy | (order.level != 0)

    def _response(self, m: Module, tracker: BurstTracker) -> Signal:
        """Tell the clients how their requests ended; true while an answer is on its way."""
        axi = self.axi
        n = len(self.slots)
        m.submodules.skid = skid = SkidBuffer(answer_layout(n))
        m.d.comb += [
            skid.i.payload.whose.eq(whose(n, axi.bid)),
            skid.i.payload.ends_burst.eq(1),
            skid.i.payload.bad.eq(axi.bresp[ERROR_BIT]),
            skid.i.valid.eq(axi.bvalid),
            axi.bready.eq(skid.i.ready),
        ]
        connect(m, skid.o, tracker.answers)
        for c, client in enumerate(self.clients):
            outcome = tracker.outcomes[c]
            m.d.comb += outcome.ready.eq(1)
            m.d.sync += [
                client.done.eq(outcome.valid & outcome.payload.last),
                client.cause.eq(outcome.payload.cause),
                client.address.eq(outcome.payload.address),
            ]
        return skid.o.valid
