"""Shapes that a model computes: of a RESHAPE, and as numbers."""

from __future__ import annotations

import numpy as np
import pytest

from arch.config import load_config
from sim.reference import Reference, random_inputs
from tests.functional import Accelerator
from tests.model_builder import DType, Kind, ModelBuilder, schema
from tests.typed import int32


def first_of_shape(b: ModelBuilder, x: int) -> int:
    """What a converter writes for the size of the batch."""
    shape = b.tensor((len(b.shape(x)),), dtype=DType.INT32)
    b.operator(Kind.SHAPE, [x], [shape], schema.ShapeOptionsT(outType=DType.INT32))
    size = b.tensor((), dtype=DType.INT32)
    options = schema.StridedSliceOptionsT(shrinkAxisMask=1)
    ends = [int32(b, [0]), int32(b, [1]), int32(b, [1])]
    b.operator(Kind.STRIDED_SLICE, [shape, *ends], [size], options)
    return size


def check(data: bytes, engines: list[str]) -> None:
    reference = Reference(data)
    accelerator = Accelerator(reference.graph, load_config("small"))
    assert [layer.engine for layer in accelerator.program.layers] == engines
    inputs = random_inputs(reference.graph, 3)
    for actual, expected in zip(accelerator.run(inputs), reference.run(inputs), strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_a_computed_shape_of_reshape_costs_nothing() -> None:
    b = ModelBuilder(1)
    x = b.conv2d(b.input((2, 5, 4, 3)), 6)
    size = first_of_shape(b, x)
    n = int(np.prod(b.shape(x))) // 2
    shape = b.tensor((2,), dtype=DType.INT32)
    rest = b.constant(np.array(n, np.int32))
    b.operator(Kind.PACK, [size, rest], [shape], schema.PackOptionsT(valuesCount=2))
    flat = b.activation((2, n), *b.quantisation(x))
    b.operator(Kind.RESHAPE, [x, shape], [flat], schema.ReshapeOptionsT())
    check(b.build(b.fully_connected(flat, 7)), ["array", "none", "array"])


def test_a_shape_may_be_used_as_numbers() -> None:
    b = ModelBuilder(2)
    x = b.input((3, 4))
    size = first_of_shape(b, x)
    twice = b.tensor((), dtype=DType.INT32)
    b.operator(Kind.ADD, [size, size], [twice], schema.AddOptionsT())
    check(b.build(b.softmax(x), twice), ["core", "core"])


def dimension(b: ModelBuilder, x: int, axis: int) -> int:
    """One dimension of a tensor, as a scalar."""
    shape = b.tensor((len(b.shape(x)),), dtype=DType.INT32)
    b.operator(Kind.SHAPE, [x], [shape], schema.ShapeOptionsT(outType=DType.INT32))
    size = b.tensor((), dtype=DType.INT32)
    b.operator(Kind.GATHER, [shape, int32(b, axis)], [size], schema.GatherOptionsT())
    return size


def made(b: ModelBuilder, kind: int, operands: list[int], shape: tuple[int, ...]) -> int:
    """The int32 result of an operator without options."""
    y = b.tensor(shape, dtype=DType.INT32)
    b.operator(kind, operands, [y])
    return y


def test_what_is_computed_from_shapes_may_say_what_others_do() -> None:
    """A BROADCAST_TO, and a RESIZE to half as much again."""
    b = ModelBuilder(3)
    x = b.input((1, 4, 6, 3))
    sizes = []
    for axis in (1, 2):
        triple = made(b, Kind.MUL, [dimension(b, x, axis), int32(b, 3)], ())
        sizes.append(made(b, Kind.FLOOR_DIV, [triple, int32(b, 2)], ()))
    size = b.tensor((2,), dtype=DType.INT32)
    b.operator(Kind.PACK, sizes, [size], schema.PackOptionsT(valuesCount=2))
    large = b.activation((1, 6, 9, 3), *b.quantisation(x))
    b.operator(Kind.RESIZE_BILINEAR, [x, size], [large], schema.ResizeBilinearOptionsT())
    shape = made(b, Kind.BROADCAST_ARGS, [int32(b, [2, 1, 1, 1]), int32(b, [1, 6, 9, 3])], (4,))
    both = b.activation((2, 6, 9, 3), *b.quantisation(x))
    b.operator(Kind.BROADCAST_TO, [large, shape], [both], version=2)
    check(b.build(both), ["core", "array"])


@pytest.mark.parametrize("dtype", [DType.FLOAT16, DType.INT8])
def test_weights_are_made_float32_before_the_model_runs(dtype: int) -> None:
    b = ModelBuilder(4)
    x = b.tensor((2, 5), dtype=DType.FLOAT32)
    b.subgraph.inputs.append(x)
    if dtype == DType.FLOAT16:
        halves = b.rng.standard_normal((3, 5)).astype(np.float16)
        narrow = b.tensor((3, 5), dtype=dtype, data=halves)
    else:
        codes = b.rng.integers(-128, 128, (3, 5), np.int8)
        narrow = b.constant(codes, scale=0.0123, zero_point=-7)
    weights, y = b.tensor((3, 5), dtype=DType.FLOAT32), b.tensor((2, 3), dtype=DType.FLOAT32)
    b.operator(Kind.DEQUANTIZE, [narrow], [weights])
    b.operator(Kind.FULLY_CONNECTED, [x, weights], [y], schema.FullyConnectedOptionsT())
    check(b.build(y), ["core"])
