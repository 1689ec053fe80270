"""ADD and PAD as element-wise commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from arch.isa import Space
from compiler.array_job import IDENTITY
from compiler.flat_job import FlatJob
from compiler.graph import Operator
from compiler.layout import image_shape
from compiler.lower.context import Context, elementwise_step
from compiler.ops.add import add
from compiler.ops.movement import pad
from compiler.steps import Step
from compiler.transfers import PROGRAM_REGION, fill_step, load_step


def add_job(op: Operator, ctx: Context) -> FlatJob:
    """Both operands are looked up in tables that bring them to a common scale."""
    p = add(op)
    tables = p.a.table.astype("<i4").tobytes() + p.b.table.astype("<i4").tobytes()
    offset = ctx.constants.add(tables)
    load = load_step(ctx.params, ctx.layer, Space.TABLES, 0, PROGRAM_REGION, offset, len(tables))
    return FlatJob(
        ctx.layer,
        (ctx.layout(op.input(0)).start, ctx.layout(op.input(1)).start),
        ctx.layout(op.output).start,
        op.output.size,
        {
            "multiplier": p.multiplier,
            "shift": p.shift,
            "zero_point": p.zero_point,
            "low": p.low,
            "high": p.high,
            "table_a": 1,
            "binary": 1,
        },
        (load,),
    )


def lower_pad(op: Operator, ctx: Context) -> Iterator[Step]:
    """Fill the output, then copy the input to its place."""
    p = pad(op)
    source, target = ctx.layout(op.input(0)), ctx.layout(op.output)
    (images, _), (top, _), (left, _), (front, _) = ((0, 0),) * (4 - len(p.paddings)) + p.paddings
    copy = {
        "multiplier": IDENTITY[0],
        "shift": IDENTITY[1],
        "low": -128,
        "high": 127,
    }
    fill = fill_step(ctx.params, ctx.layer, target.start, p.value, (target.size,))
    n, height, width, channels = image_shape(op.input(0).shape)
    for i in range(n):
        place = target.image(images + i)
        corner = top * target.row_pitch + left * target.pixel_pitch + front
        step = elementwise_step(
            ctx,
            source.image(i),
            replace(place, base=place.base + corner),
            channels=channels,
            tile=(height, width),
            config=copy,
        )
        if i == 0:
            step.loads.append(fill)
        yield step
