"""Constraints of operators that reduce dimensions."""

from __future__ import annotations

from compiler.graph import DType, Operator
from compiler.ops.sums import sum_factor
from compiler.rules import is_constant_int32, unfit


def axes_are_constant(op: Operator) -> str | None:
    """The axes are an int32 constant."""
    axes = op.input(1)
    return None if is_constant_int32(axes) else f"its axes {axes} are no int32 constant"


def axis_is_constant(op: Operator) -> str | None:
    """The axis is an int32 constant of one element."""
    axis = op.input(1)
    if is_constant_int32(axis) and axis.size == 1:
        return None
    return f"its axis {axis} is no such constant"


def sum_multiplier_fits(op: Operator) -> str | None:
    """Of integers: the input's scale over the output's is below 2**30."""
    if op.output.dtype is DType.FLOAT32:
        return None
    return unfit(op.input(0).scale / op.output.scale)


def reduction_keeps_quantisation(op: Operator) -> str | None:
    """Of int8 and int16: input and output have the same scale and zero point."""
    x, y = op.input(0), op.output
    if y.dtype not in (DType.INT8, DType.INT16) or (x.scale, x.zero_point) == (
        y.scale,
        y.zero_point,
    ):
        return None
    return f"they are {x.scale:g}, {x.zero_point} and {y.scale:g}, {y.zero_point}"


def sum_fits(op: Operator) -> str | None:
    """Of int8: the output's scale is more than 2**-19 of the input's."""
    if op.output.dtype is DType.FLOAT32 or sum_factor(op) < 1:
        return None
    return f"they are {op.output.scale:g} and {op.input(0).scale:g}"


def addends_are_alike(op: Operator) -> str | None:
    """All operands have the type of the first, and, of int8, its scale and zero point."""
    first = op.input(0)
    for i in range(1, len(op.inputs)):
        other = op.input(i)
        if other.dtype is not first.dtype:
            return f"{other} is {other.dtype.name}"
        if first.dtype is DType.INT8 and other.quantization != first.quantization:
            return f"{other} has another scale or zero point"
    return None
