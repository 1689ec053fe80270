"""Reads of external memory for several clients over one AXI4 port."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Elaboratable, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.errors import WeftError
from arch.params import Params, log2_exact
from hw.burst_tracker import BurstTracker, whose
from hw.bursts import BurstSplitter
from hw.interfaces import AXI_ID_BITS, ReadRequest, axi_read_signature
from hw.regions import RegionLookup
from hw.skid import SkidBuffer

INCR = 1
ERROR_BIT = 1  # of a response: SLVERR and DECERR have it, OKAY and EXOKAY do not


def check_slots(slots: tuple[int, ...]) -> None:
    """Refuse clients that the bus cannot tell apart, or slots that are no power of two."""
    most = 1 << AXI_ID_BITS
    if not 1 <= len(slots) <= most:
        raise WeftError(f"slots: {len(slots)} clients, but an AXI id tells 1 to {most} apart")
    for n in slots:
        if n < 1 or n & (n - 1):
            raise WeftError(f"slots: {n} is not a power of two; use {1 << n.bit_length()}")


class AxiReader(wiring.Component):
    """AXI4 read manager; the AXI id is the number of the client.

    Requests are checked as a whole before their first burst: one that the region does not allow
    ends with the cause REGION and its own offset, and nothing goes to the bus. An error on the bus
    ends a request with the cause BUS and the offset of the burst. What a client asks for later is
    served as usual.

    Beats come in order for each client, one a cycle altogether, two cycles after the bus has them.
    The bus waits while the client of the next beat does, so clients must take their beats without
    waiting for one another.

    Parameters
    ----------
    slots : for each client, bursts that may be under way. Earlier clients go first.

    Members
    -------
    axi : the bus.
    clients : requests and beats. A row of single beats takes two cycles for each.
    lookup : the table of regions.
    halt : throw requests away, swallow what is under way, send nothing new.
    quiet : nothing is under way; a register.
    beat : one cycle for each beat that came from the bus.
    """

    def __init__(self, params: Params, slots: tuple[int, ...]):
        check_slots(slots)
        self.params = params
        self.slots = slots
        super().__init__(
            {
                "axi": Out(axi_read_signature(params)),
                "clients": In(ReadRequest(params)).array(len(slots)),
                "lookup": Out(RegionLookup(params)),
                "halt": In(1),
                "quiet": Out(1),
                "beat": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        n = len(self.slots)
        m.submodules.splitter = splitter = BurstSplitter(self.params, n, "read", True)
        m.submodules.tracker = tracker = BurstTracker(self.params, self.slots)
        connect(m, splitter.lookup, flipped(self.lookup))
        for c, client in enumerate(self.clients):
            connect(m, flipped(client.request), splitter.requests[c])
        m.d.comb += [
            splitter.halt.eq(self.halt),
            splitter.room.eq(tracker.room),
            tracker.halt.eq(self.halt),
        ]
        self._address(m, splitter, tracker)
        arrived = self._data(m, tracker)
        m.d.sync += [
            self.quiet.eq(tracker.empty & ~self.axi.arvalid & ~arrived),
            self.beat.eq(self.axi.rvalid & self.axi.rready),
        ]
        return m

    def _address(self, m: Module, splitter: BurstSplitter, tracker: BurstTracker) -> None:
        axi, burst = self.axi, splitter.bursts.payload
        beat_lsb = log2_exact(self.params.axi_bytes)
        m.d.comb += [
            axi.arsize.eq(beat_lsb),
            axi.arburst.eq(INCR),
            splitter.bursts.ready.eq(~axi.arvalid | axi.arready),
            tracker.push.eq(splitter.bursts.valid & splitter.bursts.ready),
            tracker.burst.eq(burst),
        ]
        with m.If(splitter.bursts.ready):
            m.d.sync += axi.arvalid.eq(splitter.bursts.valid & ~burst.refused)
        with m.If(tracker.push):
            m.d.sync += [
                axi.arid.eq(burst.client),
                axi.araddr.eq(Cat(Const(0, beat_lsb), burst.beat_address)),
                axi.arlen.eq(burst.length),
            ]

    def _data(self, m: Module, tracker: BurstTracker) -> Signal:
        """Hand beats to their clients; true while one is on its way."""
        axi = self.axi
        n = len(self.slots)
        layout = data.StructLayout({"whose": n, "data": len(axi.rdata), "bad": 1, "last": 1})
        m.submodules.skid = skid = SkidBuffer(layout)
        beat = skid.o.payload
        m.d.comb += [
            skid.i.payload.whose.eq(whose(n, axi.rid)),
            skid.i.payload.data.eq(axi.rdata),
            skid.i.payload.bad.eq(axi.rresp[ERROR_BIT]),
            skid.i.payload.last.eq(axi.rlast),
            skid.i.valid.eq(axi.rvalid),
            axi.rready.eq(skid.i.ready),
            tracker.answers.valid.eq(skid.o.valid),
            tracker.answers.payload.whose.eq(beat.whose),
            tracker.answers.payload.ends_burst.eq(beat.last),
            tracker.answers.payload.bad.eq(beat.bad),
            skid.o.ready.eq(tracker.answers.ready),
        ]
        for c, client in enumerate(self.clients):
            outcome = tracker.outcomes[c]
            m.d.comb += [
                client.beats.valid.eq(outcome.valid),
                client.beats.payload.data.eq(beat.data),
                client.beats.payload.last.eq(outcome.payload.last),
                client.beats.payload.cause.eq(outcome.payload.cause),
                client.beats.payload.address.eq(outcome.payload.address),
                outcome.ready.eq(client.beats.ready),
            ]
        return skid.o.valid
