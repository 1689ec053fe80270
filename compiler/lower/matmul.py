"""BATCH_MATMUL on the array: the second operand becomes the weights.

What the array takes as weights comes from external memory. So columns of the second operand are
put into the order of the weight memory by the element-wise unit, stored in the arena and loaded
again, while the array works on the columns before.

With zero points za and zb, sum((a - za) * (b - zb)) is the sum of a * b, of -za * b, of a * -zb,
and of za * zb. The first three are passes over the same sums: the second reads its pixels beside
the image, where they are all the padding value, and the third has constant weights.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from arch.isa import Engine, Space
from arch.params import Params
from arch.quant import wrap32
from compiler.array_job import (
    TILE_PIXELS,
    ArrayJob,
    Scales,
    steps_of,
    tile_config,
    tile_step,
    tiles_of,
)
from compiler.graph import DType, Operator
from compiler.layout import InputView, Layout, ViewAxis
from compiler.lower.context import Context
from compiler.lower.copies import copy_step
from compiler.ops.batch_matmul import BatchMatMulParams, batch_matmul, has_constant_weights
from compiler.ops.copies import Loop
from compiler.passplan import Entry, PassPlan
from compiler.plans import plan_convolution
from compiler.steps import Blob, BlobPart, Step
from compiler.transfers import ARENA_REGION, rows_step
from compiler.workspace import WorkspaceSize


@dataclass(frozen=True)
class _Factor:
    """A zero point's negative as what a byte holds, and how often: 0 times for zero."""

    value: int
    times: int

    @classmethod
    def of(cls, zero_point: int) -> _Factor:
        if zero_point == -128:
            return cls(64, 2)
        return cls(-zero_point, int(zero_point != 0))


@dataclass(frozen=True)
class _Product:
    """The matrices of an operator on the array, but for their addresses.

    Members
    -------
    tile_bytes : weights of one block of columns, for one reading of them.
    a_is_turned, b_is_turned : neighbours along the sums are not neighbours in memory (a), or
        neighbouring columns are not (b).
    """

    params: Params
    matmul: BatchMatMulParams
    a: _Factor
    b: _Factor
    plan: PassPlan
    tile_bytes: int
    a_is_turned: bool
    b_is_turned: bool
    bias: int

    @property
    def n_blocks(self) -> int:
        return -(-self.matmul.columns // self.params.cols)

    @property
    def table(self) -> bytes:
        return b"".join(entry.pack(self.params) for entry in self.plan.entries)

    @property
    def constants(self) -> bytes:
        """What follows the variable weights of each block."""
        p = self.params
        quant = np.full(p.cols, self.bias, np.int32).tobytes()
        quant = quant.ljust(p.quant_words(False) * p.weight_word_bytes, b"\0")
        return np.int8(self.b.value).tobytes() * (self.tile_bytes * self.b.times) + quant

    @property
    def readings(self) -> int:
        """How often the variable weights are read."""
        return 1 + self.a.times

    @property
    def block_bytes(self) -> int:
        return self.readings * self.tile_bytes + len(self.constants)

    @property
    def blocks_at_once(self) -> int:
        """Half of the weight memory is for two loads of blocks, so that one can run ahead."""
        budget = self.params.weight_memory_bytes // 4 - len(self.table)
        return min(self.n_blocks, max(1, budget // self.block_bytes))

    @property
    def fits(self) -> bool:
        return len(self.table) + self.block_bytes <= self.params.weight_memory_bytes // 2

    @property
    def staged_bytes(self) -> int:
        return self.blocks_at_once * self.tile_bytes

    @property
    def turned_bytes(self) -> int:
        """Of the columns that are used at once, in rows; with room for a window behind them."""
        width = self.blocks_at_once * self.params.cols
        return self.b_is_turned * (self.matmul.depth + 1) * width

    @property
    def workspace(self) -> WorkspaceSize:
        a_bytes = self.a_is_turned * self.matmul.rows * self.matmul.depth
        chip = self.staged_bytes + self.turned_bytes + a_bytes
        return WorkspaceSize(chip, 2 * self.staged_bytes)


def _product(op: Operator, params: Params) -> _Product:
    m, p = batch_matmul(op), params
    za, zb = op.input(0).zero_point, op.input(1).zero_point
    a, b = _Factor.of(za), _Factor.of(zb)
    view = _view(m, 0, m.depth)
    plan = plan_convolution(p, view, m.depth)
    (entry,) = plan.entries
    outside = replace(entry, streams=tuple(s and replace(s, dy=s.dy - 1) for s in entry.streams))
    entries = (entry, *[outside] * a.times, *[entry] * b.times)
    words = sum(
        any(tap >= 0 for tap in taps[list(rows)])
        for taps in plan.taps_of_passes(p)
        for rows in p.row_order
    )
    return _Product(
        params=p,
        matmul=m,
        a=a,
        b=b,
        plan=replace(plan, entries=entries),
        tile_bytes=words * p.weight_word_bytes,
        a_is_turned=m.depth > 1 and m.a_depth_step != 1,
        b_is_turned=m.columns > 1 and m.b_column_step != 1,
        bias=int(wrap32(np.int64(m.depth * za * zb))),
    )


def _view(m: BatchMatMulParams, base: int, pitch: int) -> InputView:
    """A row of pixels: the rows of the first operand."""
    y = ViewAxis(1, 1, 1, 1, 0, 1, m.rows * pitch)
    return InputView(y, ViewAxis(m.rows, 1, 1, 1, 0, m.rows, pitch), base)


def matmul_is_on_array(op: Operator, params: Params) -> bool:
    """all is int8, and `cols` columns fit half of the weight memory or are constant."""
    if op.output.dtype is not DType.INT8:
        return False
    if has_constant_weights(op):
        return True
    product = _product(op, params)
    tensors = sum(t.n_bytes for t in (op.input(0), op.input(1), op.output))
    room = tensors + product.workspace.chip_bytes <= params.scratchpad_bytes
    return params.config.elementwise and product.fits and room


def matmul_workspace(op: Operator, params: Params) -> WorkspaceSize:
    """What :func:`lower_matmul` needs."""
    return WorkspaceSize() if has_constant_weights(op) else _product(op, params).workspace


def lower_matmul(op: Operator, ctx: Context) -> Iterator[Step]:
    """Products of all batches."""
    if has_constant_weights(op):
        yield from _constant_products(op, ctx)
        return
    product = _product(op, ctx.params)
    # The array copies what the next product needs before it waits for the weights of this one.
    late: list[Step] = []
    for turn, unit in enumerate(_units(op, ctx, product)):
        yield from unit.copies(turn % 2)
        yield from late
        late = list(unit.products(turn % 2))
    yield from late


def _batches(m: BatchMatMulParams) -> Iterator[tuple[int, int, int]]:
    """Offsets of the first operand, the second and the output."""
    for number, place in enumerate(itertools.product(*map(range, m.batches))):
        a = sum(i * step for i, step in zip(place, m.a_batch_steps, strict=True))
        b = sum(i * step for i, step in zip(place, m.b_batch_steps, strict=True))
        yield a, b, number * m.rows * m.columns


def _job(op: Operator, ctx: Context, plan: PassPlan, a: int, pitch: int, to: int) -> ArrayJob:
    """A product without its weights."""
    m = batch_matmul(op)
    rows, columns = m.rows, m.columns
    source = Layout(a, 1, rows, m.depth, pitch, rows * pitch, rows * pitch, a, rows * pitch)
    size = rows * columns
    return ArrayJob(
        layer=ctx.layer,
        plan=plan,
        view=_view(m, a, pitch),
        source=source,
        target=Layout(to, 1, rows, columns, columns, size, size, to, size),
        n_out=columns,
        weights=np.zeros((1, 1), np.int8),
        scales=Scales(
            np.zeros(columns, np.int64),
            np.full(columns, m.multiplier),
            np.full(columns, m.shift),
            op.output.zero_point,
            -128,
            127,
        ),
        pad=0,
    )


def _constant_products(op: Operator, ctx: Context) -> Iterator[Step]:
    """Zero points of the first operand are in the biases then."""
    m, p = batch_matmul(op), ctx.params
    data = op.input(1).data
    assert data is not None
    flat = data.reshape(-1).astype(np.int64)
    za, zb = op.input(0).zero_point, op.input(1).zero_point
    factor = _Factor.of(zb)
    plan = plan_convolution(p, _view(m, 0, m.a_row_step), m.depth)
    (entry,) = plan.entries
    taps = [
        tuple(t if t < 0 else t + i * m.depth for t in entry.taps) for i in range(1 + factor.times)
    ]
    plan = replace(plan, entries=tuple(Entry(entry.streams, t) for t in taps))
    at, to = ctx.layout(op.input(0)).start, ctx.layout(op.output).start
    for a, b, out in _batches(m):
        where = np.arange(m.columns)[:, None] * m.b_column_step
        weights = flat[b + where + np.arange(m.depth) * m.b_depth_step]
        bias = wrap32(-za * (weights - zb).sum(axis=1))
        constant = np.full((m.columns, m.depth * factor.times), factor.value)
        job = _job(op, ctx, plan, at + a, m.a_row_step, to + out)
        yield from steps_of(
            p,
            replace(
                job,
                weights=np.concatenate([weights, constant], axis=1).astype(np.int8),
                scales=replace(job.scales, bias=bias),
            ),
        )


@dataclass(frozen=True)
class _Unit:
    """Some blocks of columns of one batch."""

    ctx: Context
    product: _Product
    job: ArrayJob
    blocks: range
    a: int
    b: int

    @property
    def _staged(self) -> int:
        assert self.ctx.workspace is not None
        return self.ctx.workspace.address

    def _arena(self, turn: int) -> int:
        assert self.ctx.workspace is not None
        return self.ctx.workspace.offset + turn * self.product.staged_bytes

    def copies(self, turn: int) -> Iterator[Step]:
        """The columns, in the order of the weight memory, to the arena."""
        product, ctx = self.product, self.ctx
        m, cols = product.matmul, ctx.params.cols
        first = self.blocks.start * cols
        width = min(self.blocks.stop * cols, m.columns) - first
        source, step = self.b + first * m.b_column_step, m.b_depth_step
        if product.b_is_turned:
            turned = self._staged + product.staged_bytes
            rows, along = Loop(m.depth, step, width), Loop(width, m.b_column_step, 1)
            yield copy_step(ctx, (rows, along), 1, source, turned)
            source, step = turned, width
        for loops, row, place in _tile_loops(ctx.params, m.depth, step):
            at, to = source + row * step, self._staged + place
            yield copy_step(ctx, loops, width, at, to, product.tile_bytes)
        shape = (len(self.blocks) * product.tile_bytes,)
        yield rows_step(
            ctx.params,
            Engine.STORE,
            ctx.layer,
            Space.SCRATCHPAD,
            self._staged,
            ARENA_REGION,
            self._arena(turn),
            shape,
        )

    def products(self, turn: int) -> Iterator[Step]:
        """The array's commands."""
        product, ctx = self.product, self.ctx
        m, p = product.matmul, ctx.params
        if product.a_is_turned:
            loops = Loop(m.rows, m.a_row_step, m.depth), Loop(m.depth, m.a_depth_step, 1)
            yield copy_step(ctx, loops, 1, self.a, self.job.view.base)
        blob = self._blob(turn)
        for tile in tiles_of(p, self.job, TILE_PIXELS):
            yield tile_step(p, self.job, tile, blob, tile_config(p, self.job, tile, self.blocks))

    def _blob(self, turn: int) -> Blob:
        q, n = self.product, len(self.blocks)
        table, constants, tile = q.table, q.constants, q.tile_bytes
        behind = len(table) + q.readings * tile
        return Blob(
            table + constants,
            len(table) // q.params.weight_word_bytes,
            (
                BlobPart(None, 0, 0, (len(table),)),
                BlobPart(
                    ARENA_REGION,
                    self._arena(turn),
                    len(table),
                    (tile, q.readings, n),
                    (0, tile),
                    (tile, q.block_bytes),
                ),
                BlobPart(None, len(table), behind, (len(constants), n), (0,), (q.block_bytes,)),
            ),
            len(table) + n * q.block_bytes,
        )


def _units(op: Operator, ctx: Context, product: _Product) -> Iterator[_Unit]:
    assert ctx.workspace is not None
    m = product.matmul
    starts = [ctx.layout(t).start for t in (op.input(0), op.input(1), op.output)]
    turned_a = ctx.workspace.address + product.staged_bytes + product.turned_bytes
    for a, b, out in _batches(m):
        pixels, pitch = starts[0] + a, m.a_row_step
        if product.a_is_turned:
            pixels, pitch = turned_a, m.depth
        job = _job(op, ctx, product.plan, pixels, pitch, starts[2] + out)
        job = replace(job, pad=product.a.value)
        for first in range(0, product.n_blocks, product.blocks_at_once):
            blocks = range(first, min(first + product.blocks_at_once, product.n_blocks))
            yield _Unit(ctx, product, job, blocks, starts[0] + a, starts[1] + b)


def _tile_loops(
    params: Params, depth: int, row_step: int
) -> Iterator[tuple[tuple[Loop, ...], int, int]]:
    """Copies of rows of ``cols`` bytes into tiles: loops, the first row, and its place.

    A word of a tile holds the same row of ``weight_rows_per_cycle`` neighbouring groups of rows;
    words follow each other along a group, then from groups to groups (Params.row_order).
    """
    p = params
    n_whole, rest = divmod(depth, p.rows)
    groups = range(0, p.streams, p.weight_rows_per_cycle)
    for first, j in itertools.product(groups, range(p.weight_rows_per_cycle)):
        row = (first + j) * p.group_rows
        place = first * p.group_rows * p.cols + j * p.cols
        along = Loop(p.group_rows, row_step, p.weight_word_bytes)
        if n_whole:
            tiles = Loop(n_whole, p.rows * row_step, p.rows * p.cols)
            yield (tiles, along), row, place
        n_last = min(max(rest - row, 0), p.group_rows)
        if n_last:
            # Groups in front of it are whole, or this one would have no rows.
            last = n_whole * p.rows
            yield (along._replace(extent=n_last),), last + row, last * p.cols + place
