"""Shapes that a model computes: of a RESHAPE, and as numbers."""

from __future__ import annotations

import numpy as np

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
    check(b.build(b.softmax(x), twice), ["array", "core", "core"])
