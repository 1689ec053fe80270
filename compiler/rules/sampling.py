"""Constraints of operators that pick or interpolate elements."""

from __future__ import annotations

from compiler.graph import DType, Operator
from compiler.options import ResizeOptions

MAX_GATHER_ND_DEPTH = 5


def indices_are_int32(op: Operator) -> str | None:
    """The indices are int32; one that names no element stops the inference."""
    indices = op.input(1)
    return None if indices.dtype is DType.INT32 else f"its indices {indices} are not"


def starts_are_int32(op: Operator) -> str | None:
    """The indices at which the part begins are int32; they are moved to where it fits."""
    starts = op.input(2)
    return None if starts.dtype is DType.INT32 else f"its indices {starts} are not"


def indices_name_few_dimensions(op: Operator) -> str | None:
    """Each place is named by at most 5 indices."""
    depth = op.input(1).shape[-1]
    return None if depth <= MAX_GATHER_ND_DEPTH else f"it has {depth}"


def corners_or_centres(op: Operator) -> str | None:
    """It has not both align_corners and half_pixel_centers."""
    assert isinstance(op.options, ResizeOptions)
    both = op.options.align_corners and op.options.half_pixel_centers
    return "it has both" if both else None


def int16_reference_is_litert(op: Operator) -> str | None:
    """Of int16, the reference is LiteRT, as TensorFlow Lite Micro has no such kernel."""
    return None
