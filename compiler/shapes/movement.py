"""Operators that move data without changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.shapes import Shape, ShapeError, integers, shape_of, shape_text

if TYPE_CHECKING:
    from compiler.graph import Operator


def paddings(op: Operator) -> tuple[tuple[int, int], ...]:
    """What a PAD adds before and after each dimension."""
    table, rank = integers(op, 1), len(shape_of(op, 0))
    if len(table) != 2 * rank or min(table, default=0) < 0:
        raise ShapeError(f"its paddings are {table} for an input of {rank} dimensions")
    return tuple((table[2 * i], table[2 * i + 1]) for i in range(rank))


def pad(op: Operator) -> Shape:
    pairs = zip(shape_of(op, 0), paddings(op), strict=True)
    return tuple(before + n + after for n, (before, after) in pairs)


def any_of_same_size(op: Operator) -> Shape:
    """The output's own shape, as in the reference, which reads no operand but the data."""
    size = op.input(0).size
    if op.output.size != size:
        raise ShapeError(f"its output is {shape_text(op.output.shape)} for {size} elements")
    return op.output.shape
