"""Operators that pick or interpolate elements of a tensor by index.

Sources: tensorflow/lite/micro/kernels/gather.cc and gather_nd.cc,
tensorflow/lite/kernels/internal/reference/resize_bilinear.h (ResizeBilinearInteger and
ComputeInterpolationValues), resize_nearest_neighbor.h (GetNearestNeighbor).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from compiler.graph import DType, Operator
from compiler.ops.copies import CopyPlan, View, copy_of, element_bytes
from compiler.options import GatherOptions, ResizeOptions, UnsignedResizeOptions
from compiler.shapes.sampling import gather_dimensions

WEIGHT_ONE = 1 << 10
MAX_EXACT = 1 << (24 - 8 - 2)  # steps of products of weights that leave a float32 room for codes


@dataclass(frozen=True)
class GatherParams:
    """Slices of ``slice_bytes`` at ``extent`` places behind each other, ``outer`` times over.

    Every batch has ``n_indices`` indices of its own.
    """

    batches: int
    outer: int
    extent: int
    n_indices: int
    slice_bytes: int


def gather(op: Operator) -> GatherParams:
    """Of a GATHER that the constraints have passed."""
    assert isinstance(op.options, GatherOptions)
    axis, batch = gather_dimensions(op)
    shape, indices = op.input(0).shape, op.input(1).shape
    return GatherParams(
        batches=math.prod(shape[:batch]),
        outer=math.prod(shape[batch:axis]),
        extent=shape[axis],
        n_indices=math.prod(indices[batch:]),
        slice_bytes=math.prod(shape[axis + 1 :]) * element_bytes(op.output),
    )


@dataclass(frozen=True)
class GatherNdParams:
    """Slices at places that ``len(extents)`` indices each name; steps in bytes."""

    n_slices: int
    extents: tuple[int, ...]
    steps: tuple[int, ...]
    slice_bytes: int


def gather_nd(op: Operator) -> GatherNdParams:
    """Of a GATHER_ND that the constraints have passed."""
    shape, indices, size = op.input(0).shape, op.input(1).shape, element_bytes(op.output)
    depth = indices[-1]
    return GatherNdParams(
        n_slices=math.prod(indices[:-1]),
        extents=shape[:depth],
        steps=tuple(math.prod(shape[i + 1 :]) * size for i in range(depth)),
        slice_bytes=math.prod(shape[depth:]) * size,
    )


class Sample(NamedTuple):
    """One output index of an axis: two inputs and their weights, which may be float32."""

    low: int
    high: int
    low_weight: float
    high_weight: float

    def scaled(self, factor: int) -> Sample:
        return self._replace(
            low_weight=self.low_weight * factor, high_weight=self.high_weight * factor
        )


def bilinear(op: Operator) -> tuple[list[Sample], list[Sample]]:
    """Samples of height and width of a RESIZE_BILINEAR."""
    options = op.options
    assert isinstance(options, ResizeOptions)
    axis = _float_axis if weighs_in_float32(op) else _integer_axis
    source, target = op.input(0).shape, op.output.shape
    return axis(source[1], target[1], options), axis(source[2], target[2], options)


def weighs_in_float32(op: Operator) -> bool:
    """Whether a RESIZE_BILINEAR has weights of float32: also of uint8, as its options then say."""
    return op.output.dtype is DType.FLOAT32 or isinstance(op.options, UnsignedResizeOptions)


def in_steps(op: Operator) -> tuple[list[Sample], list[Sample]] | None:
    """The samples of a RESIZE_BILINEAR of uint8 with weights in steps of 1 / WEIGHT_ONE.

    None where float32 rounds somewhere on the way, or steps are finer. Codes take eight bits,
    weights beyond the first pixel up to one more for each axis.
    """
    axes = bilinear(op)
    denominators = [
        max(Fraction(w).denominator for s in axis for w in (s.low_weight, s.high_weight))
        for axis in axes
    ]
    if math.prod(denominators) > MAX_EXACT or max(denominators) > WEIGHT_ONE:
        return None
    y, x = ([s.scaled(WEIGHT_ONE) for s in axis] for axis in axes)
    return y, x


def _integer_axis(n_in: int, n_out: int, options: ResizeOptions) -> list[Sample]:
    scale = ((n_in << 10) + n_out // 2) // n_out
    if options.align_corners and n_out > 1:
        scale = (((n_in - 1) << 10) + (n_out - 1) // 2) // (n_out - 1)
    samples = []
    for i in range(n_out):
        position = i * scale
        if options.half_pixel_centers:
            position += scale // 2 - WEIGHT_ONE // 2
        low = max(int(position / WEIGHT_ONE), 0)  # C's division
        high = min(int((position + WEIGHT_ONE - 1) / WEIGHT_ONE), n_in - 1)
        weight = position - WEIGHT_ONE * low
        samples.append(Sample(low, high, WEIGHT_ONE - weight, weight))
    return samples


def _float_axis(n_in: int, n_out: int, options: ResizeOptions) -> list[Sample]:
    f = np.float32
    scale = f(n_in) / f(n_out)
    if options.align_corners and n_out > 1:
        scale = f(n_in - 1) / f(n_out - 1)
    samples = []
    for i in range(n_out):
        position = f(i) * scale
        if options.half_pixel_centers:
            position = (f(i) + f(0.5)) * scale - f(0.5)
        low = max(int(np.floor(position)), 0)
        high = min(int(np.ceil(position)), n_in - 1)
        weight = position - f(low)
        samples.append(Sample(low, high, float(f(1) - weight), float(weight)))
    return samples


def nearest(op: Operator) -> tuple[list[int], list[int]]:
    """Input rows and columns of a RESIZE_NEAREST_NEIGHBOR, for each of the output."""
    options = op.options
    assert isinstance(options, ResizeOptions)
    source, target = op.input(0).shape, op.output.shape
    return _nearest(source[1], target[1], options), _nearest(source[2], target[2], options)


def _nearest(n_in: int, n_out: int, options: ResizeOptions) -> list[int]:
    f = np.float32
    corners = options.align_corners and n_out > 1
    scale = f(n_in - 1) / f(n_out - 1) if corners else f(n_in) / f(n_out)
    offset = f(0.5) if options.half_pixel_centers else f(0)
    indices = []
    for i in range(n_out):
        position = (f(i) + offset) * scale
        # Half away from zero, which for what is not negative is half up.
        index = int(np.floor(position + f(0.5)) if options.align_corners else np.floor(position))
        indices.append(max(0, min(index, n_in - 1)))
    return indices


def nearest_copies(op: Operator) -> CopyPlan | None:
    """A RESIZE_NEAREST_NEIGHBOR that repeats every pixel; None for other factors."""
    view, place = View.dense(op.input(0).shape), View.dense(op.output.shape)
    for axis, indices in zip((2, 1), reversed(nearest(op)), strict=True):
        n_in, n_out = view.extents[axis], len(indices)
        if n_out % n_in or indices != [i // (n_out // n_in) for i in range(n_out)]:
            return None
        view = view.repeated(axis + 1, n_out // n_in)
        place = place.split(axis, n_out // n_in)
    return CopyPlan((copy_of(0, view, 0, place, element_bytes(op.output)),))
