"""Checks requests against their regions and cuts them into bursts."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from arch.isa import ADDRESS_BITS, N_REGIONS
from arch.params import Params, log2_exact
from hw.interfaces import request_layout
from hw.regions import RegionLookup

OFFSET_BITS = 32


def beat_address_bits(params: Params) -> int:
    """Bits of a bus address over the bytes of a beat."""
    return params.config.axi_address_bits - log2_exact(params.axi_bytes)


def burst_layout(params: Params, n_clients: int) -> data.StructLayout:
    """One burst.

    ``beat_address``: bus address over the bytes of a beat; ``length``: beats - 1; ``offset``: in
    the region, of its first byte that was asked for; ``last``: of its request; ``refused``: the
    region does not allow the request, so nothing may go to the bus.
    """
    return data.StructLayout(
        {
            "client": range(n_clients),
            "beat_address": beat_address_bits(params),
            "length": 8,
            "offset": OFFSET_BITS,
            "last": 1,
            "refused": 1,
        }
    )


class BurstSplitter(wiring.Component):
    """Turns requests of several clients into bursts for one bus.

    A burst ends at a multiple of its greatest length, so that none crosses 4096 bytes, which is
    such a multiple. Of the clients that may send a burst the first one goes first; a client with
    a long request takes no further one until its last burst is due, so that it holds up the others
    for one burst at most.

    Parameters
    ----------
    n_clients : clients; the lower the index, the higher the priority.
    permission : flag of the region that a request needs, ``read`` or ``write``.
    whole_refusals : a refused request makes one burst instead of as many as an allowed one.

    Members
    -------
    halt : forget all requests, take none, send nothing.
    requests : one in two cycles. A request is 1 byte or longer.
    lookup : the table of regions.
    room : bit c: client c may have another burst.
    bursts : a burst a cycle, two cycles after its request was taken if nothing is in its way.
        While ``valid`` a burst may be replaced by another, of a client of higher priority.
    """

    def __init__(self, params: Params, n_clients: int, permission: str, whole_refusals: bool):
        self.params = params
        self.n_clients = n_clients
        self.permission = permission
        self.whole_refusals = whole_refusals
        super().__init__(
            {
                "halt": In(1),
                "requests": In(stream.Signature(request_layout())).array(n_clients),
                "lookup": Out(RegionLookup(params)),
                "room": In(n_clients),
                "bursts": Out(stream.Signature(burst_layout(params, n_clients))),
            }
        )

    @property
    def block_bits(self) -> int:
        """A burst ends at a multiple of two to so many beats."""
        return log2_exact(self.params.config.dma_burst_beats)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        beat_lsb = log2_exact(self.params.axi_bytes)
        self._asked_layout = data.StructLayout(
            {
                "client": range(self.n_clients),
                "region": range(N_REGIONS),
                "offset": OFFSET_BITS,
                "end": OFFSET_BITS + 1,
                "more_beats": ADDRESS_BITS + 1 - beat_lsb,  # beats - 1
            }
        )
        # What is left of a client's request: blocks of a greatest burst each, the first of them
        # from beat ``low`` on and the last one up to beat ``tail``.
        remaining_layout = data.StructLayout(
            {
                "block": beat_address_bits(self.params) - self.block_bits,
                "low": self.block_bits,
                "tail": self.block_bits,
                "more_blocks": ADDRESS_BITS + 2 - beat_lsb - self.block_bits,
                "last": 1,  # more_blocks is 0; a bit of its own, for it decides much
                "offset": OFFSET_BITS,
                "refused": 1,
            }
        )
        asked, asked_valid = Signal(self._asked_layout), Signal()
        held = [Signal(remaining_layout, name=f"remaining_{c}") for c in range(self.n_clients)]
        held_valid = Signal(self.n_clients)
        # The region is at hand; it is asked for again when the place is still taken then. Whether
        # a burst leaves is known too late in the cycle to count as a place that is free.
        checking, passes = Signal(), Signal()

        self._send(m, held, held_valid)
        self._check(m, asked, passes, held, held_valid)
        last = Cat(remaining.last for remaining in held)
        free = (~asked_valid | passes) & ~self.halt
        self._take(m, asked, asked_valid, passes, free, held_valid & ~last)

        may_look = ~held_valid | last
        m.d.comb += [
            self.lookup.index.eq(asked.region),
            self.lookup.valid.eq(
                asked_valid & ~checking & may_look.bit_select(asked.client, 1) & ~self.halt
            ),
            passes.eq(checking & ~held_valid.bit_select(asked.client, 1)),
        ]
        m.d.sync += checking.eq(self.lookup.valid & self.lookup.ready)
        with m.If(self.halt):
            m.d.sync += [asked_valid.eq(0), checking.eq(0), held_valid.eq(0)]
        return m

    def _take(
        self,
        m: Module,
        asked: data.View,
        asked_valid: Signal,
        passes: Signal,
        free: Value,
        long: Value,
    ) -> None:
        """Take a client's request, with its end and its number of beats."""
        beat_lsb = log2_exact(self.params.axi_bytes)
        with m.If(passes):
            m.d.sync += asked_valid.eq(0)
        chosen = Signal(request_layout())
        client = Signal(range(self.n_clients))
        found = Const(0)
        for c, request in enumerate(self.requests):
            mine = request.valid & ~long[c] & ~found
            with m.If(mine):
                m.d.comb += [chosen.eq(request.payload), client.eq(c)]
            m.d.comb += request.ready.eq(free & mine)
            found = found | (request.valid & ~long[c])
        last_byte = Signal(ADDRESS_BITS + 1)
        m.d.comb += last_byte.eq(chosen.offset[:beat_lsb] + chosen.length - 1)
        with m.If(free & found):
            m.d.sync += [
                asked_valid.eq(1),
                asked.client.eq(client),
                asked.region.eq(chosen.region),
                asked.offset.eq(chosen.offset),
                asked.end.eq(chosen.offset + chosen.length),
                asked.more_beats.eq(last_byte >> beat_lsb),
            ]

    def _check(
        self,
        m: Module,
        asked: data.View,
        passes: Signal,
        held: list[data.View],
        held_valid: Signal,
    ) -> None:
        """With the region at hand: may the client, and where on the bus is it?"""
        beat_lsb = log2_exact(self.params.axi_bytes)
        entry = self.lookup.entry
        beat = Signal(beat_address_bits(self.params))
        span = Signal(ADDRESS_BITS + 2 - beat_lsb)
        refused = Signal()
        m.d.comb += [
            beat.eq(entry.base_beat + asked.offset[beat_lsb:]),
            span.eq(beat[: self.block_bits] + asked.more_beats),
            refused.eq(~entry[self.permission] | (asked.end > entry.size)),
        ]
        more_blocks = span[self.block_bits :]
        if self.whole_refusals:
            more_blocks = Mux(refused, 0, more_blocks)
        for c, remaining in enumerate(held):
            with m.If(passes & (asked.client == c)):
                m.d.sync += [
                    held_valid[c].eq(1),
                    remaining.block.eq(beat[self.block_bits :]),
                    remaining.low.eq(beat[: self.block_bits]),
                    remaining.tail.eq(span[: self.block_bits]),
                    remaining.more_blocks.eq(more_blocks),
                    remaining.last.eq(more_blocks == 0),
                    remaining.offset.eq(asked.offset),
                    remaining.refused.eq(refused),
                ]

    def _send(self, m: Module, held: list[data.View], held_valid: Signal) -> None:
        """Send the next burst of the first client that can."""
        beat_lsb = log2_exact(self.params.axi_bytes)
        burst = self.bursts.payload
        now = Signal.like(held[0])
        sent = Signal()
        found = Const(0)
        chosen = []
        for c, remaining in enumerate(held):
            can = held_valid[c] & self.room[c]
            mine = Signal(name=f"mine_{c}")
            m.d.comb += mine.eq(can & ~found)
            with m.If(mine):
                m.d.comb += [now.eq(remaining), burst.client.eq(c)]
            chosen.append(mine)
            found = found | can
        m.d.comb += [
            self.bursts.valid.eq(found & ~self.halt),
            sent.eq(self.bursts.valid & self.bursts.ready),
            burst.beat_address.eq(Cat(now.low, now.block)),
            burst.last.eq(now.last),
            burst.length.eq(Mux(burst.last, now.tail - now.low, ~now.low)[: self.block_bits]),
            burst.offset.eq(now.offset),
            burst.refused.eq(now.refused),
        ]
        next_beat = now.offset[beat_lsb:] + burst.length + 1
        for c, remaining in enumerate(held):
            with m.If(chosen[c] & sent):
                m.d.sync += [
                    held_valid[c].eq(~burst.last),
                    remaining.block.eq(now.block + 1),
                    remaining.low.eq(0),
                    remaining.more_blocks.eq(now.more_blocks - 1),
                    remaining.last.eq(now.more_blocks == 1),
                    remaining.offset.eq(next_beat << beat_lsb),
                ]
