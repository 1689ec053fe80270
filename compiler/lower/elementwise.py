"""Functions of one byte, sums and PAD as element-wise commands."""

from __future__ import annotations

from collections.abc import Iterator

from arch.isa import Engine, Space
from compiler.array_job import IDENTITY
from compiler.flat_job import FlatJob
from compiler.graph import Operator
from compiler.lower.context import Context
from compiler.ops.add import add
from compiler.ops.tables import Table, table_of, table_operand
from compiler.steps import TABLES, Range, Step
from compiler.transfers import PROGRAM_REGION, load_step

TABLE_BYTES = 1024  # of one table on chip

UNCHANGED = {"multiplier": IDENTITY[0], "shift": IDENTITY[1], "low": -128, "high": 127}


def elementwise_job(op: Operator, ctx: Context) -> FlatJob:
    """A function of one byte is a table; a sum has one for each operand."""
    position = table_operand(op)
    if position is None:
        return _sum_job(op, ctx)
    table = table_of(op)
    assert table is not None
    return FlatJob(
        ctx.layer,
        (ctx.layout(op.input(position)).start,),
        ctx.layout(op.output).start,
        op.output.size,
        {**UNCHANGED, "table_a": 1},
        (table_load(ctx, table.astype("<i4").tobytes()),),
    )


def table_load(ctx: Context, tables: bytes) -> Step:
    """Load tables, from table 0 on."""
    offset = ctx.constants.add(tables)
    return load_step(ctx.params, ctx.layer, Space.TABLES, 0, PROGRAM_REGION, offset, len(tables))


def with_table_behind(steps: Iterator[Step], ctx: Context, table: Table) -> Iterator[Step]:
    """The same steps of windows, with every result looked up in a table."""
    load: Step | None = table_load(ctx, table.astype("<i4").tobytes())
    for step in steps:
        if step.engine is Engine.ARRAY:
            step.config = {**step.config, "table_out": 1}
            step.reads = (*step.reads, Range(TABLES, 0, TABLE_BYTES))
            if load is not None:
                step.loads.insert(0, load)
            load = None
        yield step


def _sum_job(op: Operator, ctx: Context) -> FlatJob:
    """Both operands are looked up in tables that bring them to a common scale."""
    p = add(op)
    table_b = -p.b.table if p.subtract else p.b.table
    tables = p.a.table.astype("<i4").tobytes() + table_b.astype("<i4").tobytes()
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
        (table_load(ctx, tables),),
    )
