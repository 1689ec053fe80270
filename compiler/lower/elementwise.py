"""ADD as element-wise commands."""

from __future__ import annotations

from arch.isa import Space
from compiler.flat_job import FlatJob
from compiler.graph import Operator
from compiler.lower.context import Context
from compiler.ops.add import add
from compiler.transfers import PROGRAM_REGION, load_step


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
