"""Reads the words of a program ahead of their use, without ever holding up the bus."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.isa import FETCH_BYTES, WORD_BYTES, Cause
from arch.params import Params, log2_exact
from hw.interfaces import ReadRequest
from hw.skid import SkidBuffer

N_CHUNKS = 4  # requests in flight, and room for so many in the buffer
OFFSET_BITS = 32
WORD_COUNT_BITS = OFFSET_BITS - log2_exact(WORD_BYTES)


class ProgramFetch(wiring.Component):
    """Turns a range of a region into a stream of 64-bit words.

    Memory is read in aligned chunks of 128 bytes, each asked for only when the buffer has room
    for all of it: a beat is taken in the cycle in which it comes.

    Members
    -------
    begin : one cycle: read ``n_words`` words from word ``first_word`` of ``region``. Once only
        after a reset.
    end : no more words are wanted; no request follows.
    fetch : the memory.
    words : the words, one per cycle if the bus is 64 bits or more wide.
    fault : memory failed, as ``cause`` and ``address`` tell, and all words before have been taken.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "begin": In(1),
                "end": In(1),
                "region": In(3),
                "first_word": In(WORD_COUNT_BITS),
                "n_words": In(WORD_COUNT_BITS),
                "fetch": Out(ReadRequest(params)),
                "words": Out(stream.Signature(8 * WORD_BYTES)),
                "fault": Out(1),
                "cause": Out(4),
                "address": Out(OFFSET_BITS),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        axi_bytes = self.params.axi_bytes
        layout = data.StructLayout({"data": 8 * axi_bytes, "last": 1})
        depth = N_CHUNKS * FETCH_BYTES // axi_bytes
        m.submodules.buffer = buffer = SyncFIFOBuffered(width=layout.size, depth=depth)
        chunk_done, failed = Signal(), Signal()
        self._ask(m, chunk_done, failed)

        beat = self.fetch.beats.payload
        m.d.comb += [
            self.fetch.beats.ready.eq(1),
            buffer.w_data.eq(Cat(beat.data, beat.last)),
            buffer.w_en.eq(self.fetch.beats.valid & (beat.cause == Cause.NONE) & ~failed),
            self.fault.eq(failed & (buffer.level == 0) & ~self.words.valid),
        ]
        with m.If(self.fetch.beats.valid & (beat.cause != Cause.NONE) & ~failed):
            m.d.sync += [
                failed.eq(1),
                self.cause.eq(beat.cause),
                self.address.eq(beat.address),
            ]
        head = layout(buffer.r_data)
        m.d.comb += chunk_done.eq(buffer.r_en & buffer.r_rdy & head.last)
        if axi_bytes >= WORD_BYTES:
            self._split(m, buffer, head.data)
        else:
            self._join(m, buffer, head.data)
        return m

    def _ask(self, m: Module, chunk_done: Signal, failed: Signal) -> None:
        """Raise a request whenever the buffer has room for another chunk."""
        chunk_words = FETCH_BYTES // WORD_BYTES
        next_word, words_left = Signal(WORD_COUNT_BITS), Signal(WORD_COUNT_BITS)
        chunks = Signal(range(N_CHUNKS + 1))
        ask, to_end = Signal(), Signal(range(chunk_words + 1))
        n = Signal(range(chunk_words + 1))
        request = self.fetch.request
        m.d.comb += [
            to_end.eq(chunk_words - next_word[: log2_exact(chunk_words)]),
            n.eq(Mux(words_left < to_end, words_left, to_end)),
            ask.eq(~request.valid & (words_left != 0) & (chunks != N_CHUNKS) & ~failed),
        ]
        m.d.sync += chunks.eq(chunks + ask - chunk_done)
        with m.If(ask):
            m.d.sync += [
                request.valid.eq(1),
                request.payload.region.eq(self.region),
                request.payload.offset.eq(next_word << log2_exact(WORD_BYTES)),
                request.payload.length.eq(n << log2_exact(WORD_BYTES)),
                next_word.eq(next_word + n),
                words_left.eq(words_left - n),
            ]
        with m.If(request.valid & request.ready):
            m.d.sync += request.valid.eq(0)
        with m.If(self.begin):
            m.d.sync += [next_word.eq(self.first_word), words_left.eq(self.n_words)]
        with m.If(self.end):
            m.d.sync += words_left.eq(0)

    def _split(self, m: Module, buffer: SyncFIFOBuffered, beat: Signal) -> None:
        """Beats of one or more words."""
        words_per_beat = self.params.axi_bytes // WORD_BYTES
        # Whether a word is taken is known too late in the cycle for the buffer to wait for it.
        m.submodules.word = word = SkidBuffer(8 * WORD_BYTES)
        connect(m, word.o, flipped(self.words))
        lane = Signal(log2_exact(words_per_beat))
        m.d.comb += [
            word.i.valid.eq(buffer.r_rdy),
            word.i.payload.eq(beat.word_select(lane, 8 * WORD_BYTES)),
            buffer.r_en.eq(word.i.ready & (lane == words_per_beat - 1)),
        ]
        with m.If(word.i.ready & buffer.r_rdy):
            m.d.sync += lane.eq(lane + 1)
        with m.If(self.begin):
            m.d.sync += lane.eq(self.first_word)

    def _join(self, m: Module, buffer: SyncFIFOBuffered, beat: Signal) -> None:
        """Two beats to a word."""
        beat_bits = 8 * self.params.axi_bytes
        halves = Signal(data.ArrayLayout(beat_bits, 2))
        n = Signal(range(3))
        m.d.comb += [
            self.words.valid.eq(n == 2),
            self.words.payload.eq(halves),
            buffer.r_en.eq((n != 2) | self.words.ready),
        ]
        with m.If(buffer.r_en & buffer.r_rdy):
            m.d.sync += [halves[1].eq(beat), halves[0].eq(halves[1]), n.eq(Mux(n == 1, 2, 1))]
        with m.Elif(self.words.valid & self.words.ready):
            m.d.sync += n.eq(0)
