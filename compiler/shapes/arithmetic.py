"""Operators that compute element by element, row by row, or over whole dimensions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from compiler.options import ReducerOptions
from compiler.shapes import (
    Shape,
    ShapeError,
    dimension,
    integers,
    ranked,
    shape_of,
    shape_text,
)

if TYPE_CHECKING:
    from compiler.graph import Operator


def fully_connected(op: Operator) -> Shape:
    """Any shape of rows of outputs: the reference takes rows as they come, whatever the rank."""
    shape, (n_out, n_in) = shape_of(op, 0), ranked(op, 1, 2)
    if min(n_in, n_out) < 1 or math.prod(shape) % n_in:
        raise ShapeError(f"its input is {shape_text(shape)}, which is not made of rows of {n_in}")
    rows, output = math.prod(shape) // n_in, op.output.shape
    if output and output[-1] == n_out and math.prod(output) == rows * n_out:
        return output
    return (rows, n_out)


def broadcast(op: Operator) -> Shape:
    """NumPy's broadcasting of all operands."""
    shapes = [shape_of(op, i) for i in range(max(2, len(op.inputs)))]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        text = f"{', '.join(map(shape_text, shapes[:-1]))} and {shape_text(shapes[-1])}"
        raise ShapeError(f"its operands are {text}, which cannot be broadcast") from None


def reduced_axes(op: Operator) -> tuple[int, ...]:
    """The dimensions that a reduction removes, ascending and without repetition."""
    rank = len(shape_of(op, 0))
    axes = integers(op, 1)
    if any(not -rank <= axis < rank for axis in axes):
        raise ShapeError(f"it reduces dimensions {axes} of {rank}")
    return tuple(sorted({axis % rank for axis in axes}))


def reduction(op: Operator) -> Shape:
    options = op.options
    assert isinstance(options, ReducerOptions)
    axes, shape = reduced_axes(op), shape_of(op, 0)
    if options.keep_dims:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def searched_axis(op: Operator) -> int:
    """The dimension along which an ARG_MAX, ARG_MIN or CUMSUM works."""
    return dimension(integers(op, 1)[0], len(shape_of(op, 0)))


def search(op: Operator) -> Shape:
    axis = searched_axis(op)
    return tuple(n for i, n in enumerate(shape_of(op, 0)) if i != axis)


def along_axis(op: Operator) -> Shape:
    searched_axis(op)
    return shape_of(op, 0)


def sum_of_equals(op: Operator) -> Shape:
    """Of operands of one shape."""
    first = shape_of(op, 0)
    for i in range(1, len(op.inputs)):
        if shape_of(op, i) != first:
            shapes = f"{shape_text(first)} and {shape_text(shape_of(op, i))}"
            raise ShapeError(f"its operands are {shapes}")
    return first
