"""Moves rows of bytes from one alignment to another, with one rotator."""

from __future__ import annotations

from collections.abc import Callable

from amaranth.hdl import Cat, Elaboratable, Module, Mux, ShapeLike, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.params import log2_exact
from hw.skid import SkidBuffer


def aligned_row_layout(n_bytes: int, chunk_bits: int, tag: ShapeLike) -> data.StructLayout:
    """A row on its way from chunks at one alignment to chunks at another.

    Members
    -------
    rotate : lane of its first byte in the output less that in the input, modulo ``n_bytes``.
    prime : that difference is negative.
    first, last : lanes of its first and last byte in the output.
    chunk, more : number of its first output chunk, and how many more follow.
    fill, value : no input; all bytes are ``value`` (and ``rotate`` and ``prime`` are 0).
    tag : goes with every chunk.
    """
    lane_bits = log2_exact(n_bytes)
    return data.StructLayout(
        {
            "rotate": lane_bits,
            "prime": 1,
            "first": lane_bits,
            "last": lane_bits,
            "chunk": chunk_bits,
            "more": chunk_bits + 1,
            "fill": 1,
            "value": 8,
            "tag": tag,
        }
    )


def aligned_chunk_layout(
    n_bytes: int, chunk_bits: int, tag: ShapeLike, decoded_bits: int
) -> data.StructLayout:
    """``mask``: bytes of ``data`` that belong to the row; ``last``: of the row."""
    return data.StructLayout(
        {
            "data": 8 * n_bytes,
            "mask": n_bytes,
            "chunk": chunk_bits,
            "decoded": decoded_bits,
            "last": 1,
            "tag": tag,
        }
    )


class Align(wiring.Component):
    """Takes the chunks in which rows lie and makes the chunks in which they shall lie.

    Parameters
    ----------
    n_bytes : bytes of a chunk, 2 or more.
    chunk_bits : width of chunk numbers.
    tag : shape of what goes with a row.
    depth : rows that can wait, 3 or more.
    decode : what goes with a chunk as ``decoded``, made of its number.

    Members
    -------
    rows : what to do with the chunks to come.
    i : chunks of the rows, each row from its first byte on.
    o : a register. One chunk a cycle; a row takes one more cycle if its lanes move down and it
        has more than one chunk of input.
    awaiting, current : input of a row is awaited, and the tag of that row.
    """

    def __init__(
        self,
        n_bytes: int,
        chunk_bits: int,
        tag: ShapeLike,
        depth: int,
        decode: Callable[[Value], Value] = lambda chunk: chunk[:0],
    ):
        self.n_bytes = n_bytes
        self.decode = decode
        decoded_bits = len(decode(Signal(chunk_bits)))
        chunk_layout = aligned_chunk_layout(n_bytes, chunk_bits, tag, decoded_bits)
        self.depth = depth
        self.row_layout = aligned_row_layout(n_bytes, chunk_bits, tag)
        super().__init__(
            {
                "rows": In(stream.Signature(self.row_layout)),
                "i": In(stream.Signature(8 * n_bytes)),
                "o": Out(stream.Signature(chunk_layout)),
                "current": Out(tag),
                "awaiting": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.queue = queue = SyncFIFOBuffered(width=self.row_layout.size, depth=self.depth)
        row, active = Signal(self.row_layout), Signal()
        fresh, opening = Signal(), Signal()  # of this row no input, no output has been handled
        # Both registers, because both sides wait for what hangs on them: the last lanes come from
        # the input before; this is the row's last output.
        tail, final = Signal(), Signal()
        single, priming, flush = (Signal(name=name) for name in ("single", "priming", "flush"))
        needs_input, free, step, emit, finish = (
            Signal(name=name) for name in ("needs_input", "free", "step", "emit", "finish")
        )
        m.submodules.out = out = SkidBuffer(self.o.payload.shape())
        connect(m, out.o, flipped(self.o))
        m.d.comb += [
            queue.w_data.eq(self.rows.payload.as_value()),
            queue.w_en.eq(self.rows.valid),
            self.rows.ready.eq(queue.w_rdy),
            self.current.eq(row.tag),
            self.awaiting.eq(active & needs_input),
            # Lanes below ``rotate`` come from the input before, the others from this one.
            single.eq(fresh & row.prime & final & tail),
            priming.eq(fresh & row.prime & ~single),
            flush.eq(final & tail & ~single),
            needs_input.eq(~row.fill & ~flush),
            free.eq(out.i.ready),
            self.i.ready.eq(active & free & needs_input),
            step.eq(active & free & (self.i.valid | ~needs_input)),
            emit.eq(step & ~priming),
            finish.eq(emit & final),
            queue.r_en.eq(finish | ~active),
        ]
        self._emit(m, out, row, emit, opening, final, single, needs_input & step)
        with m.If(step):
            m.d.sync += fresh.eq(0)
        with m.If(emit):
            m.d.sync += [
                opening.eq(0),
                row.chunk.eq(row.chunk + 1),
                row.more.eq(row.more - 1),
                final.eq(row.more == 1),
            ]
        with m.If(queue.r_en):
            following = self.row_layout(queue.r_data)
            m.d.sync += [
                row.eq(following),
                tail.eq(following.last < following.rotate),
                final.eq(following.more == 0),
                active.eq(queue.r_rdy),
                fresh.eq(1),
                opening.eq(1),
            ]
        return m

    def _emit(
        self,
        m: Module,
        out: SkidBuffer,
        row: data.View,
        emit: Signal,
        opening: Signal,
        final: Signal,
        single: Signal,
        takes: Value,
    ) -> None:
        n = self.n_bytes
        rotated: Value = self.i.payload
        for k in range(log2_exact(n)):
            rotated = Mux(row.rotate[k], rotated.rotate_left(8 << k), rotated)
        before = Signal(8 * n)
        with m.If(takes):
            m.d.sync += before.eq(rotated)
        octets, mask = [], []
        for lane in range(n):
            octet = Mux(
                (lane < row.rotate) & ~single,
                before.word_select(lane, 8),
                rotated[8 * lane : 8 * lane + 8],
            )
            octets.append(Mux(row.fill, row.value, octet))
            mask.append((~opening | (lane >= row.first)) & (~final | (lane <= row.last)))
        m.d.comb += [
            out.i.valid.eq(emit),
            out.i.payload.data.eq(Cat(octets)),
            out.i.payload.mask.eq(Cat(mask)),
            out.i.payload.chunk.eq(row.chunk),
            out.i.payload.decoded.eq(self.decode(row.chunk)),
            out.i.payload.last.eq(final),
            out.i.payload.tag.eq(row.tag),
        ]
