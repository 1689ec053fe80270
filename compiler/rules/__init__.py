"""What operators must be like to be supported, by family.

A constraint is a function whose docstring is both the documentation and the end of the message
that a user gets when it is not met. It returns what it found instead, or None if it is met. Later
constraints of an operator may rely on the earlier ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from arch.quant import quantize_multiplier
from compiler.graph import DType, Operator, Tensor
from compiler.ops.requantization import MAX_SHIFT

Constraint = Callable[[Operator], str | None]

PLAIN_TYPES = (
    DType.INT8,
    DType.UINT8,
    DType.INT16,
    DType.UINT16,
    DType.INT32,
    DType.UINT32,
    DType.INT64,
    DType.FLOAT32,
    DType.BOOL,
)
CUSTOM_TYPES = (*PLAIN_TYPES, DType.UINT64, DType.FLOAT64)
"""Of tensors that custom operators read and write: what the operator interface has."""


def documented(rule: Constraint, text: str, types: Iterable[str] = ()) -> Constraint:
    """A constraint that was made for one kind of operator, with its documentation.

    ``types`` are the element types that it allows, as the table of operators lists them.
    """
    rule.__doc__ = text
    rule.__dict__["types"] = tuple(types)
    return rule


def types_of(rule: Constraint) -> tuple[str, ...]:
    """The element types that a constraint allows; none where it is about something else."""
    types: tuple[str, ...] = rule.__dict__.get("types", ())
    return types


def tensors_of(op: Operator) -> Iterator[Tensor]:
    """All operands and outputs."""
    yield from (tensor for tensor in op.inputs if tensor is not None)
    yield from op.outputs


def is_constant_int32(tensor: Tensor) -> bool:
    return tensor.dtype is DType.INT32 and tensor.is_constant


def is_scale(value: float) -> bool:
    return math.isfinite(value) and value > 0


def unfit(factor: float) -> str | None:
    """The factor, if it has no multiplier and shift."""
    if math.isfinite(factor) and quantize_multiplier(factor)[1] <= MAX_SHIFT:
        return None
    return f"it is {factor:g}"
