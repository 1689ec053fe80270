"""Operators that pick or interpolate elements of a tensor by index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.options import GatherOptions
from compiler.shapes import Shape, ShapeError, dimension, integers, ranked, shape_of, shape_text

if TYPE_CHECKING:
    from compiler.graph import Operator


def gather_dimensions(op: Operator) -> tuple[int, int]:
    """The dimension that indices count, and the number of those that are batches."""
    assert isinstance(op.options, GatherOptions)
    shape, indices = shape_of(op, 0), shape_of(op, 1)
    axis, batch = dimension(op.options.axis, len(shape)), op.options.batch_dims
    batch += len(indices) if batch < 0 else 0
    if not 0 <= batch <= min(axis, len(indices)) or shape[:batch] != indices[:batch]:
        raise ShapeError(
            f"it takes {op.options.batch_dims} dimensions of {shape_text(shape)} and"
            f" {shape_text(indices)} for batches"
        )
    return axis, batch


def gather(op: Operator) -> Shape:
    axis, batch = gather_dimensions(op)
    shape, indices = shape_of(op, 0), shape_of(op, 1)
    return (*shape[:axis], *indices[batch:], *shape[axis + 1 :])


def gather_nd(op: Operator) -> Shape:
    shape, indices = shape_of(op, 0), shape_of(op, 1)
    if not indices or indices[-1] > len(shape):
        raise ShapeError(f"its indices are {shape_text(indices)} for {len(shape)} dimensions")
    return (*indices[:-1], *shape[indices[-1] :])


def resize(op: Operator) -> Shape:
    n, _, _, channels = ranked(op, 0, 4)
    size = integers(op, 1)
    if len(size) != 2 or min(size) < 1:
        raise ShapeError(f"its new size is {size}")
    return n, size[0], size[1], channels


def dynamic_update_slice(op: Operator) -> Shape:
    shape, part, starts = (shape_of(op, i) for i in range(3))
    fits = len(part) == len(shape) and all(p <= n for p, n in zip(part, shape, strict=True))
    if not shape or not fits or starts != (len(shape),):
        raise ShapeError(
            f"it puts {shape_text(part)} at {shape_text(starts)} of {shape_text(shape)}"
        )
    return shape
