"""Operators on two functions of one tensor are one table, and cost nothing behind a convolution."""

from __future__ import annotations

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from arch.config import load_config
from sim.reference import Reference, random_inputs
from tests.functional import Accelerator
from tests.model_builder import Kind, ModelBuilder

NONE, RELU6 = schema.ActivationFunctionType.NONE, schema.ActivationFunctionType.RELU6


def image(b: ModelBuilder) -> int:
    x = b.input((1, 6, 5, 8), scale=0.05, zero_point=4)
    return b.conv2d(x, 8, scale=0.05, zero_point=-6, filter_scale=0.001)


def like(b: ModelBuilder, x: int, scale: float, zero_point: int) -> int:
    return b.activation(b.shape(x), scale, zero_point)


def swish(b: ModelBuilder, x: int) -> int:
    gate = like(b, x, 1 / 256, -128)
    b.operator(Kind.LOGISTIC, [x], [gate])
    y = like(b, x, 0.03, -110)
    b.operator(Kind.MUL, [gate, x], [y], schema.MulOptionsT())
    return y


def hard_swish(b: ModelBuilder, x: int) -> int:
    three = b.constant(np.array(127, np.int8), scale=3 / 127, zero_point=0)
    shifted = like(b, x, 6 / 255, -128)
    b.operator(Kind.ADD, [x, three], [shifted], schema.AddOptionsT(fusedActivationFunction=RELU6))
    y = like(b, x, 0.2, -100)
    b.operator(Kind.MUL, [x, shifted], [y], schema.MulOptionsT())
    sixth = b.constant(np.array(127, np.int8), scale=1 / 6 / 127, zero_point=0)
    z = like(b, x, 0.03, -100)
    b.operator(Kind.MUL, [y, sixth], [z], schema.MulOptionsT())
    return z


def square(b: ModelBuilder, x: int) -> int:
    y = like(b, x, 0.1, -128)
    b.operator(Kind.MUL, [x, x], [y], schema.MulOptionsT())
    return y


def kept_gate(b: ModelBuilder, x: int) -> int:
    """The gate has another reader, so it must be there as well."""
    y = swish(b, x)
    gate = int(b.subgraph.operators[-1].inputs[0])
    return b.add(b.max_pool2d(gate, (1, 1), (1, 1)), y, scale=0.05, zero_point=0)


NETWORKS = {
    "swish": (swish, ["array", "none", "none"]),
    "hard_swish": (hard_swish, ["array", "none", "none", "array"]),
    "square": (square, ["array", "none"]),
    "kept_gate": (kept_gate, ["array"] * 5),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_network_gives_the_reference_s_outputs_from_tables(name: str) -> None:
    b = ModelBuilder(2)
    add, engines = NETWORKS[name]
    reference = Reference(b.build(add(b, image(b))))
    accelerator = Accelerator(reference.graph, load_config("small"))
    assert accelerator.engines() == engines
    for seed in range(2):
        inputs = random_inputs(reference.graph, seed)
        (actual,), (expected,) = accelerator.run(inputs), reference.run(inputs)
        assert len(np.unique(expected)) > 30
        np.testing.assert_array_equal(actual, expected)
