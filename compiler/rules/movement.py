"""Constraints of operators that move data, and of custom ones."""

from __future__ import annotations

from compiler.graph import Operator
from compiler.options import ReshapeOptions
from compiler.rules import PLAIN_TYPES, is_constant_int32, tensors_of

MAX_PAD_RANK = 5
MAX_RESHAPE_RANK = 8


def paddings_are_constant(op: Operator) -> str | None:
    """The paddings are an int32 constant, for at most 5 dimensions."""
    table, rank = op.input(1), len(op.input(0).shape)
    if not is_constant_int32(table):
        return f"its paddings {table} are no int32 constant"
    return None if rank <= MAX_PAD_RANK else f"its input has {rank} dimensions"


def reshaped_data_is_plain(op: Operator) -> str | None:
    """Input and output have the same type, of whole bytes, and at most 8 dimensions."""
    x, y = op.input(0), op.output
    if x.dtype is not y.dtype or x.dtype not in PLAIN_TYPES:
        return f"they are {x.dtype.name} and {y.dtype.name}"
    assert isinstance(op.options, ReshapeOptions)
    rank = len(op.options.new_shape)
    return None if rank <= MAX_RESHAPE_RANK else f"its new shape has {rank} dimensions"


def custom_operator_is_named(op: Operator) -> str | None:
    """It has a name, by which its C++ source is found (see docs/ops.md), and an output."""
    if not op.custom_name:
        return "it has no name"
    return None if op.outputs else "it has no outputs"


def custom_tensors_are_plain(op: Operator) -> str | None:
    """Its operands and outputs are integers of 8 to 64 bits, float32 or bool."""
    for tensor in tensors_of(op):
        if tensor.dtype not in PLAIN_TYPES:
            return f"{tensor} is {tensor.dtype.name}"
    return None
