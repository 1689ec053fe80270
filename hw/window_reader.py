"""Reads one window per stream, all streams together, from the banks of the scratchpad."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.params import Params, log2_exact
from hw.banks import any_of, bank_bits, bank_of, row_bits, row_of, word_bits
from hw.skid import SkidBuffer

LATENCY = 8
"""Cycles from an accepted request without conflicts to its windows."""


def window_request_layout(params: Params) -> data.StructLayout:
    """Byte addresses of one window for each stream; a stream that is not enabled reads nothing.

    Of a window, bytes from ``first`` up to, not including, ``last`` are wanted; others may be
    anything.
    """
    streams, bits = params.streams, log2_exact(params.window_bytes)
    return data.StructLayout(
        {
            "address": data.ArrayLayout(log2_exact(params.scratchpad_bytes), streams),
            "enable": streams,
            "first": data.ArrayLayout(bits, streams),
            "last": data.ArrayLayout(bits + 1, streams),
        }
    )


def grant_layout(params: Params) -> data.StructLayout:
    """One word read: the bank serves ``row`` in this cycle."""
    return data.StructLayout({"valid": 1, "bank": bank_bits(params), "row": row_bits(params)})


class WindowReader(wiring.Component):
    """Turns unaligned windows into bank reads, in order, and puts the bytes back together.

    A window of ``cols`` bytes lies in one word, or in two neighbouring ones, which are always in
    different banks; a word without a wanted byte is not read. Requests of one set that want
    different words of one bank take turns; each turn costs a cycle. Equal words are read once.

    Members
    -------
    request : a set of addresses; taken one a cycle while there are no conflicts.
    grants : two words for each stream (the lower first), to be read in this cycle; they are never
        refused.
    taken : bit b: a grant is for bank b. Known earlier in the cycle than the grants.
    bank_data : what the banks read, three cycles after the grant.
    windows, valid : the bytes, the byte at the address lowest; in order, without back pressure,
        ``LATENCY`` cycles after the request was taken if there was no conflict.
    """

    def __init__(self, params: Params):
        self.params = params
        word = 8 * params.window_bytes
        super().__init__(
            {
                "request": In(stream.Signature(window_request_layout(params))),
                "grants": Out(data.ArrayLayout(grant_layout(params), 2 * params.streams)),
                "taken": Out(params.scratchpad_banks),
                "bank_data": In(data.ArrayLayout(word, params.scratchpad_banks)),
                "windows": Out(data.ArrayLayout(word, params.streams)),
                "valid": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        n = 2 * p.streams
        offset_bits = log2_exact(p.window_bytes)

        # Stage 1: the addresses. Stage 2: banks and rows. Stage 3: turns.
        # Stage 1 is a register slice, or the turns would reach back into who asks.
        m.submodules.s1 = slice_1 = SkidBuffer(window_request_layout(p))
        connect(m, flipped(self.request), slice_1.i)
        s1_valid, s1 = slice_1.o.valid, slice_1.o.payload
        s2_valid, s3_valid = Signal(), Signal()
        s2_read = Signal(data.ArrayLayout(grant_layout(p), n))
        s3_read = Signal.like(s2_read)
        s2_offset = Signal(data.ArrayLayout(offset_bits, p.streams))
        s3_offset = Signal.like(s2_offset)
        s3_pending = Signal(n)
        s3_clash = [[Signal(name=f"s3_clash_{i}_{j}") for j in range(i)] for i in range(n)]

        granted, left = _turn(s3_pending, s3_clash)
        for i in range(n):
            m.d.comb += self.grants[i].eq(s3_read[i])
            m.d.comb += self.grants[i].valid.eq(granted[i])
        # Of the reads that want a bank one is granted: what turns they take does not matter here.
        for b in range(p.scratchpad_banks):
            wants = [s3_pending[i] & (s3_read[i].bank == b) for i in range(n)]
            m.d.comb += self.taken[b].eq(any_of(wants))
        # That a turn is the last one is known a turn ahead, for all stages before wait for it.
        s3_last = Signal()
        s3_done = Signal()
        s3_free, s2_free = Signal(), Signal()
        m.d.comb += [
            s3_done.eq(s3_valid & s3_last),
            s3_free.eq(~s3_valid | s3_done),
            s2_free.eq(~s2_valid | s3_free),
            slice_1.o.ready.eq(s2_free),
        ]

        with m.If(s2_free):
            m.d.sync += s2_valid.eq(s1_valid)
        for s in range(p.streams):
            low = Signal(word_bits(p), name=f"low_{s}")
            high = Signal(word_bits(p), name=f"high_{s}")
            byte = s1.address[s][:offset_bits]
            m.d.comb += [low.eq(s1.address[s][offset_bits:]), high.eq(low + 1)]
            with m.If(s2_free):
                m.d.sync += s2_offset[s].eq(byte)
                halves = (
                    (low, s1.first[s] + byte < p.window_bytes),
                    (high, s1.last[s] + byte > p.window_bytes),
                )
                for half, (address, wanted) in enumerate(halves):
                    m.d.sync += [
                        s2_read[2 * s + half].bank.eq(bank_of(p, address)),
                        s2_read[2 * s + half].row.eq(row_of(p, address)),
                        s2_read[2 * s + half].valid.eq(s1.enable[s] & wanted),
                    ]

        with m.If(s3_free):
            m.d.sync += [s3_valid.eq(s2_valid), s3_read.eq(s2_read), s3_offset.eq(s2_offset)]
            m.d.sync += s3_pending.eq(Cat(read.valid for read in s2_read) & s2_valid.replicate(n))
            clashes = []
            for i in range(n):
                for j in range(i):
                    clash = (s2_read[i].bank == s2_read[j].bank) & (
                        s2_read[i].row != s2_read[j].row
                    )
                    m.d.sync += s3_clash[i][j].eq(clash)
                    clashes.append(clash & s2_read[i].valid & s2_read[j].valid)
            m.d.sync += s3_last.eq(~any_of(clashes))
        with m.Else():
            m.d.sync += [s3_pending.eq(left), s3_last.eq(_turn(left, s3_clash)[1] == 0)]

        # Stages 4 and 5: the banks read. Stage 6: their data. Stage 7: words. Stage 8: windows.
        fire = [s3_done]
        offsets = [s3_offset]
        grants = [self.grants]
        for stage in (4, 5, 6, 7):
            fire.append(Signal(name=f"s{stage}_fire"))
            offsets.append(Signal.like(s3_offset, name=f"s{stage}_offset"))
            m.d.sync += [fire[-1].eq(fire[-2]), offsets[-1].eq(offsets[-2])]
            if stage < 7:
                grants.append(Signal.like(s2_read, name=f"s{stage}_grants"))
                m.d.sync += grants[-1].eq(grants[-2])
        s7_word = Signal(data.ArrayLayout(8 * p.window_bytes, n), reset_less=True)
        for i in range(n):
            with m.If(grants[-1][i].valid):
                m.d.sync += s7_word[i].eq(self.bank_data[grants[-1][i].bank])
        m.d.sync += self.valid.eq(fire[-1])
        for s in range(p.streams):
            both = Cat(s7_word[2 * s], s7_word[2 * s + 1])
            m.d.sync += self.windows[s].eq(both >> (offsets[-1][s] << 3))
        return m


def _turn(pending: Value, clash: list[list[Signal]]) -> tuple[Value, Value]:
    """Reads that get their word in this turn, and those that are left after it."""
    granted = []
    for i in range(len(pending)):
        earlier = [pending[j] & clash[i][j] for j in range(i)]
        granted.append(pending[i] & ~any_of(earlier) if earlier else pending[i])
    return Cat(granted), pending & ~Cat(granted)
