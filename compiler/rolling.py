"""Operators that run side by side, a few rows at a time, over rings of rows in the scratchpad.

A tensor between two operators of a group never exists as a whole: rows are made just before they
are read and live in a ring until no operator needs them any more. Nothing is computed twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from arch.params import Params
from compiler.builtin import Kind
from compiler.fold import FoldedPad
from compiler.graph import DType, Operator, Tensor
from compiler.layout import Layout, image_shape
from compiler.lower import FLAT
from compiler.operators import data_operands
from compiler.ops.tables import channel_operand
from compiler.shapes.window import convolution_window, pool_window

WINDOWED = (Kind.CONV_2D, Kind.DEPTHWISE_CONV_2D, Kind.AVERAGE_POOL_2D, Kind.MAX_POOL_2D)


class RowWindow(NamedTuple):
    """Rows that an operator reads of an operand: ``i * stride - before`` and ``reach`` from there.

    The operand has ``size`` rows.
    """

    tensor: Tensor
    size: int
    stride: int
    before: int
    reach: int

    def first(self, row: int) -> int:
        """First row inside the image that output ``row`` reads."""
        return min(self.size, max(0, row * self.stride - self.before))

    def end(self, rows: int) -> int:
        """Rows of the operand that the first ``rows`` outputs need."""
        if rows <= 0:
            return 0
        return max(0, min(self.size, (rows - 1) * self.stride - self.before + self.reach))


def row_windows(
    op: Operator, params: Params, folded: Mapping[int, FoldedPad]
) -> list[RowWindow] | None:
    """What an operator on the array reads for each row that it writes; None if it needs all.

    Operators with more than one image, or with more weights in a block of channels than half of
    the weight memory, are not cut this way.
    """
    if len(op.outputs) != 1 or len(op.output.shape) != 4 or op.output.shape[0] != 1:
        return None
    if op.kind in FLAT:
        row_bytes = op.output.shape[2] * op.output.shape[3]
        if channel_operand(op) is not None:
            return None
        if row_bytes % params.cols or any(len(t.shape) != 4 for t in data_operands(op)):
            return None  # flat commands write whole words
        height = op.output.shape[1]
        return [RowWindow(t, height, 1, 0, 1) for t in data_operands(op)]
    if op.kind not in WINDOWED:
        return None
    source = op.input(0)
    fold = folded.get(id(source))
    tensor, top = (source, 0) if fold is None else (fold.source, fold.top)
    is_pool = op.kind in (Kind.AVERAGE_POOL_2D, Kind.MAX_POOL_2D)
    window = pool_window(op) if is_pool else convolution_window(op)
    if is_pool and window.y.kernel == window.y.size and window.x.kernel == window.x.size:
        return None
    if 2 * _block_bytes(op, params, window.y.kernel, window.x.kernel) > params.weight_memory_bytes:
        return None
    y = window.y
    size = image_shape(tensor.shape)[1]
    return [RowWindow(tensor, size, y.stride, y.before + top, (y.kernel - 1) * y.dilation + 1)]


def _block_bytes(op: Operator, params: Params, height: int, width: int) -> int:
    """Bytes of a block of channels in the weight memory at the most, tables for wraps included."""
    channels = op.input(1).shape[3] if op.kind is Kind.CONV_2D else 1
    passes = height * width * -(-channels // params.rows)
    if len(op.inputs) > 1 and op.input(1).dtype is DType.INT16:
        passes *= 2  # compiler.array_job.narrowed
    tables = height * height * width * params.descriptor_words * params.weight_word_bytes
    return passes * params.rows * params.cols + tables + 9 * params.cols


@dataclass(frozen=True)
class Member:
    """An operator of a group: its number in the graph, and how it reads its operands."""

    layer: int
    op: Operator
    windows: tuple[RowWindow, ...]

    @property
    def n_rows(self) -> int:
        return self.op.output.shape[1]


def shares_tables(members: Sequence[Member]) -> bool:
    """Whether several members look up in tables, so that each loads its own in every turn."""
    return sum(m.op.kind in FLAT for m in members) > 1


class Band(NamedTuple):
    """A turn of a group: rows that each member writes, and rows ready of what is only read."""

    rows: tuple[range, ...]
    read: Mapping[int, range]


def bands(members: Sequence[Member], kept: Set[int], size: int) -> Iterator[Band]:
    """Turns in which the last member writes ``size`` rows each.

    ``kept``: tensors, by identity, of which every row is wanted.
    """
    produced = {id(m.op.output): i for i, m in enumerate(members)}
    done = [0] * len(members)
    loaded: dict[int, int] = {}
    last = members[-1].n_rows
    for end in range(size, last + size, size):
        is_final = end >= last
        ends = [0] * len(members)
        ends[-1] = min(end, last)
        wanted: dict[int, int] = {}
        for i in reversed(range(len(members))):
            if is_final and id(members[i].op.output) in kept:
                ends[i] = members[i].n_rows
            ends[i] = max(ends[i], done[i])
            for w in members[i].windows:
                needed = w.end(ends[i])
                if id(w.tensor) in produced:
                    at = produced[id(w.tensor)]
                    ends[at] = max(ends[at], needed)
                else:
                    wanted[id(w.tensor)] = max(wanted.get(id(w.tensor), 0), needed)
        read = {key: range(loaded.get(key, 0), n) for key, n in wanted.items()}
        loaded = {key: max(n, loaded.get(key, 0)) for key, n in wanted.items()}
        yield Band(tuple(range(a, b) for a, b in zip(done, ends, strict=True)), read)
        done = ends


def ring_rows(members: Sequence[Member], kept: Set[int], size: int) -> dict[int, int]:
    """Rows that every tensor of a group must hold at once, by identity of the tensor.

    For what is loaded or stored there is room for the rows of another turn.
    """
    produced = {id(m.op.output): i for i, m in enumerate(members)}
    most: dict[int, int] = {}
    moved: dict[int, int] = {}
    for band in bands(members, kept, size):
        ready = {key: rows.stop for key, rows in band.read.items()}
        ready |= {key: band.rows[i].stop for key, i in produced.items()}
        oldest = {key: band.rows[i].start for key, i in produced.items()}
        for member, rows in zip(members, band.rows, strict=True):
            for w in member.windows:
                key, first = id(w.tensor), w.first(rows.start)
                oldest[key] = min(oldest.get(key, first), first)
        for key, low in oldest.items():
            most[key] = max(most.get(key, 1), ready[key] - low)
        new = {key: len(rows) for key, rows in band.read.items()}
        new |= {key: len(band.rows[i]) for key, i in produced.items() if key in kept}
        moved = {key: max(n, moved.get(key, 0)) for key, n in new.items()}
    heights = {id(w.tensor): w.size for m in members for w in m.windows}
    heights |= {id(m.op.output): m.n_rows for m in members}
    return {key: min(heights[key], n + moved.get(key, 0)) for key, n in most.items()}


@dataclass(frozen=True)
class Ring:
    """Rows of a tensor that come round: row ``y`` is at that of row ``y % n_rows`` of ``layout``.

    ``layout`` has the tensor's full height.
    """

    layout: Layout
    n_rows: int

    @property
    def n_bytes(self) -> int:
        return self.n_rows * self.layout.row_pitch

    def shift(self, row: int) -> int:
        """Bytes by which a row's round lies before its place in the layout."""
        return row // self.n_rows * self.n_bytes

    def runs(self, rows: range) -> Iterator[range]:
        """Rows cut where the ring comes round."""
        start = rows.start
        while start < rows.stop:
            stop = min(rows.stop, (start // self.n_rows + 1) * self.n_rows)
            yield range(start, stop)
            start = stop


@dataclass(frozen=True)
class Group:
    """Operators that run side by side.

    Parameters
    ----------
    members : in the order of the graph.
    band : rows that the last member writes in a turn.
    rings : by identity of the tensor; those that are not here are in the scratchpad as a whole.
    kept : tensors of which every row is wanted, by identity.
    """

    members: tuple[Member, ...]
    band: int
    rings: Mapping[int, Ring]
    kept: frozenset[int]

    @property
    def first(self) -> int:
        return self.members[0].layer

    @property
    def last(self) -> int:
        return self.members[-1].layer
