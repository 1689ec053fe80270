"""Operators that only move data, as element-wise commands that change nothing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from arch.isa import Engine, Mode
from arch.params import Params
from compiler.array_job import IDENTITY
from compiler.graph import Operator
from compiler.lower.context import Context
from compiler.operators import SPECS, data_operands
from compiler.ops.copies import Copy, CopyPlan, Loop
from compiler.steps import SCRATCHPAD, Range, Step
from compiler.transfers import fill_step

MAX_COMMANDS = 512
"""Of one operator: beyond that the core walks what is left of its loops faster than they load."""

COMMAND_LOOPS = 2  # loops of pixels within a command
MAX_EXTENT = (1 << 16) - 1  # of one of them
_NO_LOOP = Loop(1, 0, 0)


def plan_of(op: Operator) -> CopyPlan | None:
    """What an operator copies, if that is all that it does."""
    copies = SPECS[op.kind].copies
    return None if copies is None else copies(op)


def is_copying(op: Operator) -> bool:
    """Whether copies are all that an operator does."""
    return SPECS[op.kind].copies is not None


def can_copy_on_array(op: Operator, params: Params) -> bool:
    """Whether the array's element-wise engine takes the operator's copies, in few commands."""
    plan = plan_of(op)
    if plan is None or not params.config.elementwise:
        return False
    if len(set(plan.fill)) > 1:  # the load engine fills with one byte
        return False
    loops = [copy.loops for copy in plan.copies]
    if any(loop.extent > MAX_EXTENT for copy in loops for loop in copy[-COMMAND_LOOPS:]):
        return False
    return sum(_n_commands(copy) for copy in plan.copies) <= MAX_COMMANDS


def _n_commands(copy: Copy) -> int:
    return math.prod(loop.extent for loop in copy.loops[:-COMMAND_LOOPS])


def lower_copies(op: Operator, ctx: Context) -> Iterator[Step]:
    """Commands for each copy; the first one waits for the fills."""
    plan = plan_of(op)
    assert plan is not None
    sources = [ctx.layout(tensor).start for tensor in data_operands(op)]
    targets = [ctx.layout(tensor) for tensor in op.outputs]
    fills = []
    if plan.fill:
        value = plan.fill[0]
        fills = [fill_step(ctx.params, ctx.layer, t.start, value, (t.size,)) for t in targets]
    if not plan.copies:
        yield from fills
    for copy in plan.copies:
        source, target = sources[copy.source], targets[copy.target].start
        for step in copy_steps(ctx, copy, source, target):
            step.loads, fills = fills, []
            yield step


def copy_steps(ctx: Context, copy: Copy, source: int, target: int) -> Iterator[Step]:
    """Commands of one copy between tensors in the scratchpad."""
    outer, inner = copy.loops[:-COMMAND_LOOPS], copy.loops[-COMMAND_LOOPS:]
    for place in itertools.product(*(range(loop.extent) for loop in outer)):
        at = source + copy.source_offset
        to = target + copy.target_offset
        for i, loop in zip(place, outer, strict=True):
            at += i * loop.source_step
            to += i * loop.target_step
        yield copy_step(ctx, inner, copy.run, at, to)


def copy_step(
    ctx: Context,
    loops: tuple[Loop, ...],
    run: int,
    at: int,
    to: int,
    block_step: int | None = None,
) -> Step:
    """One command that copies runs of bytes in up to two loops.

    ``block_step``: bytes from one ``cols`` bytes of a run to the next at the target, if they do not
    follow each other there.
    """
    p = ctx.params
    step = p.cols if block_step is None else block_step
    rows, pixels = ((_NO_LOOP,) * COMMAND_LOOPS + loops)[-COMMAND_LOOPS:]
    blocks = -(-run // p.cols)
    config = {
        "mode": Mode.ELEMENTWISE,
        "in_base": at,
        "in_block_step": p.cols,
        "row_step": rows.source_step,
        "pixel_step": pixels.source_step,
        "tile_w": pixels.extent,
        "tile_h": rows.extent,
        "run": pixels.extent,
        "blocks": blocks,
        "last_cols": run - (blocks - 1) * p.cols,
        "out_base": to,
        "out_block_step": step,
        "out_row_step": rows.target_step,
        "out_pixel_step": pixels.target_step,
        "multiplier": IDENTITY[0],
        "shift": IDENTITY[1],
        "low": -128,
        "high": 127,
    }
    return Step(
        Engine.ARRAY,
        config,
        ctx.layer,
        reads=(_span(at, [(loop.extent, loop.source_step) for loop in loops], run),),
        writes=(
            _span(
                to,
                [*((loop.extent, loop.target_step) for loop in loops), (blocks, step)],
                run - (blocks - 1) * p.cols,
            ),
        ),
    )


def _span(base: int, loops: list[tuple[int, int]], run: int) -> Range:
    """The bytes that a walk touches, and what lies between them."""
    reaches = [(extent - 1) * step for extent, step in loops]
    low = base + sum(min(0, reach) for reach in reaches)
    high = base + sum(max(0, reach) for reach in reaches) + run
    return Range(SCRATCHPAD, low, high)
