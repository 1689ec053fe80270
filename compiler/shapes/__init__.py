"""The shapes that operators give their outputs, by family."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compiler.graph import Operator

Shape = tuple[int, ...]
ShapeRule = Callable[["Operator"], "Shape | list[Shape]"]
"""The shape of the output, or those of all outputs."""


class ShapeError(Exception):
    """Operands that the operator cannot take; the text says what is wrong with them."""


def shape_text(shape: Shape) -> str:
    """A shape as it stands in messages: 1x49x10x1, or scalar."""
    return "x".join(map(str, shape)) or "scalar"


def shape_problem(op: Operator, rule: ShapeRule) -> str | None:
    """What is wrong with an operator's shapes; None if nothing is."""
    if not op.inputs or not op.outputs:
        return "needs its operands and its outputs"
    try:
        found = rule(op)
    except ShapeError as error:
        return str(error)
    expected = found if isinstance(found, list) else [found]
    if len(op.outputs) != len(expected):
        return f"it has {len(op.outputs)} outputs where {len(expected)} are due"
    for i, (output, shape) in enumerate(zip(op.outputs, expected, strict=True)):
        if output.shape != shape:
            which = "its output" if len(expected) == 1 else f"its output {i}"
            return f"{which} is {shape_text(output.shape)} where {shape_text(shape)} is due"
    return None


def shape_of(op: Operator, position: int) -> Shape:
    """The shape of an operand."""
    tensor = op.optional_input(position)
    if tensor is None:
        raise ShapeError(f"operand {position} is absent")
    return tensor.shape


def ranked(op: Operator, position: int, rank: int) -> Shape:
    """The shape of an operand that must have ``rank`` dimensions."""
    tensor = op.optional_input(position)
    if tensor is None or len(tensor.shape) != rank:
        found = "absent" if tensor is None else shape_text(tensor.shape)
        raise ShapeError(f"operand {position} is {found} where {rank} dimensions are due")
    return tensor.shape


def integers(op: Operator, position: int) -> list[int]:
    """The elements of an operand that must be a constant of integers."""
    tensor = op.optional_input(position)
    if tensor is None or tensor.data is None or tensor.data.dtype.kind not in "iu":
        raise ShapeError(f"operand {position} is not a constant of integers")
    return [int(value) for value in tensor.data.reshape(-1)]


def dimension(axis: int, rank: int) -> int:
    """A dimension that may be counted from the end."""
    if not -rank <= axis < rank:
        raise ShapeError(f"its axis is {axis} for {rank} dimensions")
    return axis % rank


def same(op: Operator) -> Shape:
    """The output has the shape of operand 0."""
    return shape_of(op, 0)
