"""Operators that only move data, with tensors in external memory: by load and store."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from arch.isa import Engine, Space
from compiler.graph import Operator
from compiler.lower.context import Context
from compiler.lower.copies import copy_steps, plan_of
from compiler.operators import data_operands
from compiler.ops.copies import Copy, Loop
from compiler.slabs import FLAT_UNIT, External, Staging
from compiler.steps import Range, Step
from compiler.transfers import fill_step, rows_step

TRANSFER_LOOPS = 2  # of rows within a command
MAX_ROWS = (1 << 16) - 1
MOST_BYTES = 1 << 20
"""Of a command between scratchpad and memory."""


@dataclass(frozen=True)
class _Piece:
    """Rows of a copy: offsets in both tensors, up to two loops, bytes of a row."""

    source: int
    target: int
    loops: tuple[Loop, ...]
    run: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.run, *(loop.extent for loop in reversed(self.loops)))

    @property
    def source_steps(self) -> tuple[int, ...]:
        return tuple(loop.source_step for loop in reversed(self.loops))

    @property
    def target_steps(self) -> tuple[int, ...]:
        return tuple(loop.target_step for loop in reversed(self.loops))


def external_copy_steps(
    op: Operator, ctx: Context, external: Mapping[int, External], staging: Staging | None
) -> Iterator[Step]:
    """Steps of an operator that copies; ``staging.output`` are places on the way."""
    plan = plan_of(op)
    assert plan is not None
    rooms = None if staging is None else staging.output
    assert staging is not None and rooms is not None
    size = staging.rows * FLAT_UNIT
    if plan.fill:
        yield from _fills(op, ctx, external, plan.fill[0], rooms[0], size)
    turn = 0
    for copy in plan.copies:
        source, target = data_operands(op)[copy.source], op.outputs[copy.target]
        outside, goal = external.get(id(source)), external.get(id(target))
        if outside is None and goal is None:
            yield from copy_steps(ctx, copy, ctx.layout(source).start, ctx.layout(target).start)
            continue
        for piece in _pieces(copy, MOST_BYTES if None in (outside, goal) else size):
            if outside is None:
                at = ctx.layout(source).start + piece.source
                steps = piece.source_steps
            elif goal is None:
                at = ctx.layout(target).start + piece.target
                steps = piece.target_steps
            else:
                at, steps = rooms[turn % 2], ()
                turn += 1
            if outside is not None:
                yield _transfer(
                    ctx, Engine.LOAD, at, steps, outside, piece.source, piece.source_steps, piece
                )
            if goal is not None:
                yield _transfer(
                    ctx, Engine.STORE, at, steps, goal, piece.target, piece.target_steps, piece
                )


def _fills(
    op: Operator,
    ctx: Context,
    external: Mapping[int, External],
    value: int,
    room: int,
    size: int,
) -> Iterator[Step]:
    """Every output filled with one byte."""
    for tensor in op.outputs:
        place = external.get(id(tensor))
        if place is None:
            layout = ctx.layout(tensor)
            yield fill_step(ctx.params, ctx.layer, layout.start, value, (tensor.n_bytes,))
            continue
        yield fill_step(ctx.params, ctx.layer, room, value, (min(size, tensor.n_bytes),))
        for start in range(0, tensor.n_bytes, size):
            piece = _Piece(0, start, (), min(size, tensor.n_bytes - start))
            yield _transfer(ctx, Engine.STORE, room, (), place, start, (), piece)


def _transfer(
    ctx: Context,
    engine: Engine,
    address: int,
    chip_steps: tuple[int, ...],
    place: External,
    offset: int,
    external_steps: tuple[int, ...],
    piece: _Piece,
) -> Step:
    step = rows_step(
        ctx.params,
        engine,
        ctx.layer,
        Space.SCRATCHPAD,
        address,
        place.region,
        place.offset + offset,
        piece.shape,
        chip_steps,
        external_steps,
    )
    chip = _span(Space.SCRATCHPAD.name, address, piece, chip_steps)
    outside = _span(f"REGION{place.region}", place.offset + offset, piece, external_steps)
    step.reads, step.writes = (outside,), (chip,)
    if engine is Engine.STORE:
        step.reads, step.writes = step.writes, step.reads
    return step


def _span(memory: str, start: int, piece: _Piece, steps: tuple[int, ...]) -> Range:
    """The bytes that rows touch, and what lies between them; dense without ``steps``."""
    n_bytes = piece.run
    if not steps:
        for loop in piece.loops:
            n_bytes *= loop.extent
        return Range(memory, start, start + n_bytes)
    reaches = [(n - 1) * step for n, step in zip(piece.shape[1:], steps, strict=True)]
    low = start + sum(min(0, reach) for reach in reaches)
    return Range(memory, low, start + sum(max(0, reach) for reach in reaches) + n_bytes)


def _pieces(copy: Copy, most: int) -> Iterator[_Piece]:
    """A copy in pieces of at most ``most`` bytes."""
    for start in range(0, copy.run, most):
        run = min(most, copy.run - start)
        source, target = copy.source_offset + start, copy.target_offset + start
        yield from _rows(source, target, copy.loops, run, most)


def _rows(
    source: int, target: int, loops: tuple[Loop, ...], run: int, most: int
) -> Iterator[_Piece]:
    inner: tuple[Loop, ...] = ()
    total = run
    outer = list(loops)
    while outer and len(inner) < TRANSFER_LOOPS and total * outer[-1].extent <= most:
        if outer[-1].extent > MAX_ROWS:
            break
        inner = (outer.pop(), *inner)
        total *= inner[0].extent
    cut, count = None, 1
    if outer and len(inner) < TRANSFER_LOOPS:
        cut = outer.pop()
        count = max(1, min(MAX_ROWS, most // total))
    for place in itertools.product(*(range(loop.extent) for loop in outer)):
        at = source + sum(i * loop.source_step for i, loop in zip(place, outer, strict=True))
        to = target + sum(i * loop.target_step for i, loop in zip(place, outer, strict=True))
        if cut is None:
            yield _Piece(at, to, inner, run)
            continue
        for first in range(0, cut.extent, count):
            some = cut._replace(extent=min(count, cut.extent - first))
            yield _Piece(
                at + first * cut.source_step, to + first * cut.target_step, (some, *inner), run
            )
