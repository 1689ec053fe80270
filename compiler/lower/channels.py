"""Operators with a constant for each channel: one table, and one walk over the pixels, for each.

A byte a cycle is far from what the array can do, but it is many times what the core does.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from arch.isa import Engine, Mode
from arch.params import Params
from compiler.graph import Operator
from compiler.lower.context import Context
from compiler.lower.elementwise import TABLE_BYTES, UNCHANGED, table_load
from compiler.ops.tables import channel_operand, channel_tables
from compiler.steps import SCRATCHPAD, TABLES, Range, Step

MAX_PIXELS = 60_000  # of one command; tile_w has 16 bits
SHARE = 0.8
"""Of the scratchpad, which has to hold both tensors as a whole."""


def is_by_channel(op: Operator, params: Params) -> bool:
    """Whether the array does an operator channel by channel."""
    if not params.config.elementwise or channel_operand(op) is None:
        return False
    return 2 * op.output.n_bytes <= SHARE * params.scratchpad_bytes


def lower_channels(op: Operator, ctx: Context) -> Iterator[Step]:
    """Commands for each run of neighbouring channels with the same table."""
    position = channel_operand(op)
    assert position is not None
    source, target = ctx.layout(op.input(position)).start, ctx.layout(op.output).start
    channels = op.output.shape[-1]
    tables = channel_tables(op)
    order = sorted(range(channels), key=lambda channel: (tables[channel].tobytes(), channel))
    for _, group in groupby(order, key=lambda channel: tables[channel].tobytes()):
        own = list(group)
        load = [table_load(ctx, tables[own[0]].astype("<i4").tobytes())]
        for first, count in _runs(own):
            for step in _commands(ctx, op, source + first, target + first, count):
                step.loads, load = load, []
                yield step


def _runs(channels: list[int]) -> Iterator[tuple[int, int]]:
    """First channel and number of neighbours."""
    start = channels[0]
    for before, channel in zip(channels, [*channels[1:], -1], strict=True):
        if channel != before + 1:
            yield start, before + 1 - start
            start = channel


def _commands(ctx: Context, op: Operator, at: int, to: int, count: int) -> Iterator[Step]:
    p, channels = ctx.params, op.output.shape[-1]
    blocks = -(-count // p.cols)
    pixels = op.output.size // channels
    for first in range(0, pixels, MAX_PIXELS):
        n = min(MAX_PIXELS, pixels - first)
        source, target = at + first * channels, to + first * channels
        config = {
            "mode": Mode.ELEMENTWISE,
            "in_base": source,
            "in_block_step": p.cols,
            "pixel_step": channels,
            "tile_w": n,
            "tile_h": 1,
            "run": n,
            "blocks": blocks,
            "last_cols": count - (blocks - 1) * p.cols,
            "out_base": target,
            "out_block_step": p.cols,
            "out_pixel_step": channels,
            **UNCHANGED,
            "table_a": 1,
        }
        span = (n - 1) * channels + count
        yield Step(
            Engine.ARRAY,
            config,
            ctx.layer,
            reads=(Range(SCRATCHPAD, source, source + span), Range(TABLES, 0, TABLE_BYTES)),
            writes=(Range(SCRATCHPAD, target, target + span),),
        )
