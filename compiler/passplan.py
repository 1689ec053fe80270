"""Plans of passes: which taps and channels sit in which rows of the array, pass by pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arch.isa import DESCRIPTOR_ROWS, DESCRIPTOR_STREAM, DESCRIPTOR_UNIT_BYTES, Mode
from arch.params import Params
from compiler.layout import InputView

IDLE = -1


@dataclass(frozen=True)
class Stream:
    """One stream of a pass; fields as in arch.isa.DESCRIPTOR_STREAM."""

    offset: int
    dy: int
    dx: int
    first: int = 0


@dataclass(frozen=True)
class Entry:
    """One pass descriptor: its streams (None where unused) and what each row multiplies.

    ``taps[row]`` is the index of the row's weight among the weights of an output channel, or IDLE.
    """

    streams: tuple[Stream | None, ...]
    taps: tuple[int, ...]

    def pack(self, params: Params) -> bytes:
        active = sum(1 << row for row, tap in enumerate(self.taps) if tap != IDLE)
        units = [DESCRIPTOR_ROWS.pack({"active": active})]
        for stream in self.streams:
            fields = (
                {}
                if stream is None
                else {
                    "offset": stream.offset,
                    "dy": stream.dy,
                    "dx": stream.dx,
                    "first": stream.first,
                    "enable": 1,
                }
            )
            units.append(DESCRIPTOR_STREAM.pack(fields))
        raw = b"".join(unit.to_bytes(DESCRIPTOR_UNIT_BYTES, "little") for unit in units)
        return raw.ljust(params.descriptor_words * params.weight_word_bytes, b"\0")


@dataclass(frozen=True)
class PassPlan:
    """All passes of one block of output channels.

    ``cb_count`` passes follow from each entry, over blocks of ``rows`` input channels: the tap
    index and the address grow by ``rows``; in the last one only ``last_rows`` rows take part.
    """

    mode: Mode
    entries: tuple[Entry, ...]
    cb_count: int = 1
    last_rows: int = 0

    @property
    def n_passes(self) -> int:
        return len(self.entries) * self.cb_count

    def taps_of_passes(self, params: Params) -> NDArray[np.int64]:
        """(passes, rows): the weight that each row multiplies in each pass, or IDLE."""
        rows = np.arange(params.rows)
        passes = []
        for entry in self.entries:
            base = np.array(entry.taps, np.int64)
            for cb in range(self.cb_count):
                limit = self.last_rows if cb == self.cb_count - 1 else params.rows
                used = (base != IDLE) & (rows < limit)
                passes.append(np.where(used, base + cb * params.rows, IDLE))
        return np.array(passes)


@dataclass(frozen=True)
class _Piece:
    """Bytes of one pixel, or of one row of pixels, that can be read as one run."""

    offset: int
    dy: int
    dx: int
    taps: range


def plan_convolution(params: Params, view: InputView, channels: int) -> PassPlan:
    """Passes of a convolution over ``channels`` input channels.

    Tap by tap where the channels fill the rows; otherwise pieces of several taps share a pass.
    Where the view says that columns beside the image can be read, a row of the kernel is one run.
    """
    looped = _looped(params, view, channels)
    pieces = _pieces(view, channels)
    packed = _packed(params, pieces)
    return packed if packed.n_passes < looped.n_passes else looped


def _looped(params: Params, view: InputView, channels: int) -> PassPlan:
    p = params
    cb_count = -(-channels // p.rows)
    entries = []
    for ky, kx in view.taps():
        offset, dy, dx = view.tap(ky, kx)
        streams: list[Stream | None] = [None] * p.streams
        for pair in range(p.pairs):
            first = pair * p.streams_per_pair
            streams[first] = Stream(offset + pair * p.pair_rows, dy, dx)
        base = (ky * view.x.kernel + kx) * channels
        entries.append(Entry(tuple(streams), tuple(range(base, base + p.rows))))
    last_rows = channels - (cb_count - 1) * p.rows
    return PassPlan(Mode.CONVOLUTION, tuple(entries), cb_count, last_rows)


def _pieces(view: InputView, channels: int) -> list[_Piece]:
    if view.x_is_padded and view.x.dilation == 1 and view.x.pitch == channels:
        pieces = []
        for ky in range(view.y.kernel):
            offset, dy, _ = view.tap(ky, 0)
            base = ky * view.x.kernel * channels
            pieces.append(_Piece(offset, dy, 0, range(base, base + view.x.kernel * channels)))
        return pieces
    return [
        _Piece(*view.tap(ky, kx), range(base, base + channels))
        for i, (ky, kx) in enumerate(view.taps())
        for base in (i * channels,)
    ]


def _packed(params: Params, pieces: list[_Piece]) -> PassPlan:
    """Fill pair after pair with runs; a run is cut where the rows of a pair end."""
    p = params
    entries: list[Entry] = []
    streams: list[Stream | None] = [None] * p.streams
    taps = [IDLE] * p.rows
    pair, row, used = 0, 0, 0

    def next_pair() -> None:
        nonlocal pair, row, used, streams, taps
        pair, row, used = pair + 1, 0, 0
        if pair == p.pairs:
            entries.append(Entry(tuple(streams), tuple(taps)))
            streams, taps, pair = [None] * p.streams, [IDLE] * p.rows, 0

    for piece in pieces:
        start = 0
        while start < len(piece.taps):
            if row == p.pair_rows or used == p.streams_per_pair:
                next_pair()
            n = min(len(piece.taps) - start, p.pair_rows - row)
            # The window starts ``row`` bytes early, so that its bytes are in their rows.
            stream = Stream(piece.offset + start - row, piece.dy, piece.dx, row)
            streams[pair * p.streams_per_pair + used] = stream
            base = pair * p.pair_rows + row
            taps[base : base + n] = piece.taps[start : start + n]
            row, used, start = row + n, used + 1, start + n
    while row:
        next_pair()
    if pair:
        entries.append(Entry(tuple(streams), tuple(taps)))
    return PassPlan(Mode.CONVOLUTION, tuple(entries), 1, p.rows)


def plan_depthwise(params: Params, view: InputView) -> PassPlan:
    """Passes of a depthwise convolution: each stream feeds the taps of a part of a kernel row.

    Taps that are a stride apart follow each other in a stream, so that a group of rows filters
    them; with a dilation along the row, every tap has a stream of its own.
    """
    p = params
    segments = []
    for ky in range(view.y.kernel):
        if view.x.dilation != 1:
            chunks = [[kx] for kx in range(view.x.kernel)]
        else:
            chunks = []
            for phase in range(min(view.x.stride, view.x.kernel)):
                taps = list(range(phase, view.x.kernel, view.x.stride))
                chunks += [taps[i : i + p.group_rows] for i in range(0, len(taps), p.group_rows)]
        segments += [(ky, chunk) for chunk in chunks]
    return _grouped(params, view, segments, p.streams)


def plan_single_taps(params: Params, view: InputView) -> PassPlan:
    """One tap a pass, in the first row: for accumulation by maximum."""
    return _grouped(params, view, [(ky, [kx]) for ky, kx in view.taps()], 1)


def _grouped(
    params: Params, view: InputView, segments: list[tuple[int, list[int]]], per_pass: int
) -> PassPlan:
    p = params
    entries = []
    for i in range(0, len(segments), per_pass):
        streams: list[Stream | None] = [None] * p.streams
        taps = [IDLE] * p.rows
        for group, (ky, chunk) in enumerate(segments[i : i + per_pass]):
            streams[group] = Stream(*view.tap(ky, chunk[0]))
            for r, kx in enumerate(chunk):
                taps[group * p.group_rows + r] = ky * view.x.kernel + kx
        entries.append(Entry(tuple(streams), tuple(taps)))
    return PassPlan(Mode.DEPTHWISE, tuple(entries), 1, p.rows)
