"""Plans of passes: which taps and channels sit in which rows of the array, pass by pass."""

from __future__ import annotations

from dataclasses import dataclass

from arch.isa import Mode
from arch.params import Params
from compiler.conflicts import cycles_per_slot
from compiler.layout import InputView
from compiler.passplan import IDLE, Entry, PassPlan, Stream


@dataclass(frozen=True)
class _Piece:
    """Bytes of one pixel, or of one row of pixels, that can be read as one run."""

    offset: int
    dy: int
    dx: int
    taps: range


@dataclass(frozen=True)
class _Run:
    """``n`` bytes of a piece, from its byte ``start`` on, for consecutive rows of a pair."""

    piece: _Piece
    start: int
    n: int


_Pair = list[_Run]


def plan_convolution(params: Params, view: InputView, channels: int) -> PassPlan:
    """Passes of a convolution over ``channels`` input channels.

    Tap by tap where the channels fill the rows; otherwise pieces of several taps share a pass.
    Where the view says that columns beside the image can be read, a row of the kernel is one run.
    """
    looped = _looped(params, view, channels)
    pieces = _pieces(view, channels)
    packed = _packed(params, view, pieces)
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


def _packed(params: Params, view: InputView, pieces: list[_Piece]) -> PassPlan:
    """The packing with the fewest conflicts of banks: they depend on where rows remain idle."""
    n_pairs = len(_pairs(params, pieces, None))
    plans = [_plan_of(params, _pairs(params, pieces, short)) for short in (None, *range(n_pairs))]
    least = min(plan.n_passes for plan in plans)
    candidates = [plan for plan in plans if plan.n_passes == least]
    if len(candidates) == 1:
        return candidates[0]
    return min(candidates, key=lambda plan: cycles_per_slot(params, view, plan))


def _pairs(params: Params, pieces: list[_Piece], short: int | None) -> list[_Pair]:
    """Fill pair after pair with runs; a run is cut where the rows of a pair end.

    Rows that are too many remain idle in pair ``short``, or, for None, in the last one.
    """
    idle = -sum(len(piece.taps) for piece in pieces) % params.pair_rows
    pairs: list[_Pair] = []

    def room() -> int:
        if not pairs or len(pairs[-1]) == params.streams_per_pair:
            return 0
        rows = params.pair_rows - (idle if len(pairs) - 1 == short else 0)
        return rows - sum(run.n for run in pairs[-1])

    for piece in pieces:
        start = 0
        while start < len(piece.taps):
            if not room():
                pairs.append([])
            n = min(len(piece.taps) - start, room())
            pairs[-1].append(_Run(piece, start, n))
            start += n
    return pairs


def _plan_of(params: Params, pairs: list[_Pair]) -> PassPlan:
    p = params
    entries = []
    for i in range(0, len(pairs), p.pairs):
        streams: list[Stream | None] = [None] * p.streams
        taps = [IDLE] * p.rows
        for number, pair in enumerate(pairs[i : i + p.pairs]):
            row = 0
            for which, run in enumerate(pair):
                # The window starts ``row`` bytes early, so that its bytes are in their rows.
                offset = run.piece.offset + run.start - row
                stream = Stream(offset, run.piece.dy, run.piece.dx, row)
                streams[number * p.streams_per_pair + which] = stream
                base = number * p.pair_rows + row
                taps[base : base + run.n] = run.piece.taps[run.start : run.start + run.n]
                row += run.n
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
