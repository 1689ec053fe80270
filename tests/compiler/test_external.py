"""Tensors that do not fit the scratchpad: operators that copy, and operators on the core."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from arch.config import Config, load_config
from arch.params import Params
from sim.reference import Reference, random_inputs
from tests.functional import Accelerator
from tests.model_builder import DType, Kind, ModelBuilder


def little() -> Config:
    """So little scratchpad that small tensors do not fit."""
    config = load_config("tiny")
    return config.model_copy(update={"scratchpad_kib": 4})


def _moved(b: ModelBuilder, x: int, shape: tuple[int, ...]) -> int:
    return b.activation(shape, *b.quantisation(x))


def pad_channels(b: ModelBuilder) -> list[int]:
    return [b.pad(b.input((1, 24, 20, 12)), [(0, 0), (0, 0), (1, 0), (0, 5)])]


def concatenation_and_split(b: ModelBuilder) -> list[int]:
    x = b.input((1, 28, 18, 8), scale=0.1, zero_point=3)
    small = b.input((1, 28, 18, 1), scale=0.1, zero_point=3)
    y = _moved(b, x, (1, 28, 18, 9))
    b.operator(Kind.CONCATENATION, [x, small], [y], schema.ConcatenationOptionsT(axis=3))
    parts = [_moved(b, x, (1, 28, 6, 9)) for _ in range(3)]
    axis = b.constant(np.array(2, np.int32))
    b.operator(Kind.SPLIT, [axis, y], parts, schema.SplitOptionsT(numSplits=3))
    return [y, *parts]


def transpose_and_reverse(b: ModelBuilder) -> list[int]:
    x = b.input((1, 14, 30, 14))
    y = _moved(b, x, (1, 30, 14, 14))
    order = b.constant(np.array([0, 2, 1, 3], np.int32))
    b.operator(Kind.TRANSPOSE, [x, order], [y], schema.TransposeOptionsT())
    z = _moved(b, x, (1, 30, 14, 14))
    axis = b.constant(np.array([1], np.int32))
    b.operator(Kind.REVERSE_V2, [y, axis], [z], schema.ReverseV2OptionsT())
    return [z]


def on_the_core(b: ModelBuilder) -> list[int]:
    """A product with a broadcast operand, between operators on the array; the sum is constant."""
    x = b.input((1, 26, 20, 8), scale=0.05, zero_point=5)
    y = b.depthwise_conv2d(x, scale=0.05, zero_point=-3, filter_scale=0.002)
    factors = b.input((1, 1, 1, 8), scale=0.02, zero_point=0)
    z = b.activation((1, 26, 20, 8), 0.05, 0)
    b.operator(Kind.MUL, [y, factors], [z], schema.MulOptionsT())
    w = b.constant(b.rng.integers(-128, 128, (1, 26, 20, 8), np.int8), scale=0.05, zero_point=0)
    return [b.add(z, w), z]


def wide_elements(b: ModelBuilder) -> list[int]:
    x = b.tensor((1, 30, 20, 8), dtype=DType.INT16, scale=0.01, zero_point=0)
    b.subgraph.inputs.append(x)
    y = b.tensor((1, 30, 20, 8), dtype=DType.INT16, scale=0.02, zero_point=0)
    b.operator(Kind.LEAKY_RELU, [x], [y], schema.LeakyReluOptionsT(alpha=0.1))
    return [y]


def squeeze_and_excitation(b: ModelBuilder) -> list[int]:
    """Neither the mean over all pixels nor what scales their channels has them on chip."""
    x = b.input((1, 26, 20, 8), scale=0.05, zero_point=5)
    factors = b.mean(x)
    z = b.activation((1, 26, 20, 8), 0.05, 0)
    b.operator(Kind.MUL, [x, factors], [z], schema.MulOptionsT())
    return [z]


CASES: dict[str, Callable[[ModelBuilder], list[int]]] = {
    f.__name__: f
    for f in (
        pad_channels,
        concatenation_and_split,
        transpose_and_reverse,
        on_the_core,
        squeeze_and_excitation,
        wide_elements,
    )
}


@pytest.mark.parametrize("name", CASES)
def test_operator_gives_the_reference_s_outputs(name: str) -> None:
    b = ModelBuilder(11)
    reference = Reference(b.build(*CASES[name](b)))
    accelerator = Accelerator(reference.graph, little())
    largest = max(t.n_bytes for t in reference.graph.tensors)
    assert largest > Params(little()).scratchpad_bytes, "or nothing is tested"
    for seed in range(2):
        inputs = random_inputs(reference.graph, seed)
        for actual, expected in zip(accelerator.run(inputs), reference.run(inputs), strict=True):
            np.testing.assert_array_equal(actual, expected)
