"""A network in which data is moved between convolutions in every common way."""

from __future__ import annotations

import numpy as np

from tests.model_builder import Kind, ModelBuilder, schema
from tests.typed import int32


def moved_network(b: ModelBuilder) -> list[int]:
    """Adds it; returns its outputs."""
    x = b.conv2d(b.input((1, 8, 8, 3), scale=0.05, zero_point=-3), 8, zero_point=4)
    like = b.quantisation(x)
    left, right = (b.activation((1, 8, 8, 4), *like) for _ in range(2))
    options = schema.SplitOptionsT(numSplits=2)
    b.operator(Kind.SPLIT, [int32(b, 3), x], [left, right], options)
    joined = b.activation((1, 8, 8, 8), *like)
    concatenation = schema.ConcatenationOptionsT(axis=-1, fusedActivationFunction=0)
    b.operator(Kind.CONCATENATION, [right, left], [joined], concatenation)
    deep = b.activation((1, 4, 4, 32), *like)
    options = schema.SpaceToDepthOptionsT(blockSize=2)
    b.operator(Kind.SPACE_TO_DEPTH, [joined], [deep], options)
    y = b.conv2d(deep, 6, (1, 1), zero_point=0)
    wide = b.activation((1, 8, 8, 6), *b.quantisation(y))
    options = schema.ResizeNearestNeighborOptionsT()
    b.operator(Kind.RESIZE_NEAREST_NEIGHBOR, [y, int32(b, [8, 8])], [wide], options)
    z = _transpose_conv(b, y)
    both = b.add(wide, z)
    turned = b.activation((1, 6, 8, 8), *b.quantisation(both))
    b.operator(Kind.TRANSPOSE, [both, int32(b, [0, 3, 1, 2])], [turned])
    cut = b.activation((1, 3, 8, 4), *b.quantisation(both))
    operands = [turned, *(int32(b, v) for v in ([0, 5, 0, 1], [1, -7, 8, 8], [1, -2, 1, 2]))]
    options = schema.StridedSliceOptionsT(beginMask=1, endMask=5)
    b.operator(Kind.STRIDED_SLICE, operands, [cut], options)
    smooth = b.activation((1, 7, 9, 4), *b.quantisation(both))
    options = schema.ResizeBilinearOptionsT(halfPixelCenters=True)
    b.operator(Kind.RESIZE_BILINEAR, [cut, int32(b, [7, 9])], [smooth], options)
    return [smooth, turned]


def _transpose_conv(b: ModelBuilder, x: int) -> int:
    weights = b.rng.integers(-127, 128, (6, 3, 3, 6), np.int8)
    filters = b.constant(weights, scale=0.01, zero_point=0)
    y = b.activation((1, 8, 8, 6), b.quantisation(x)[0] * 4, 3)
    options = schema.TransposeConvOptionsT(padding=0, strideH=2, strideW=2)
    b.operator(Kind.TRANSPOSE_CONV, [int32(b, [1, 8, 8, 6]), filters, x], [y], options)
    return y
