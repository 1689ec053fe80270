"""Operators with a constant for each channel run on the array, a table for each."""

from __future__ import annotations

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from sim.reference import Reference, extreme_inputs, random_inputs
from tests.functional import Accelerator
from tests.kernel_check import repeat_with, seeds, small
from tests.model_builder import Kind, ModelBuilder

OPTIONS = {
    "ADD": schema.AddOptionsT,
    "SUB": schema.SubOptionsT,
    "MUL": schema.MulOptionsT,
    "PRELU": None,
    "MAXIMUM": None,
}


def by_channel(b: ModelBuilder, kind: str, shape: tuple[int, ...]) -> int:
    """Some neighbouring channels have the same constant."""
    x = b.input(shape)
    values = np.sort(b.rng.integers(-40, 40, shape[-1], np.int8)) // 8 * 8
    place = shape[-1:] if kind != "PRELU" else (1, 1, shape[-1])
    constant = b.constant(values.reshape(place), scale=b.scale(), zero_point=-3)
    scales = b.quantisation(x)[0], b.quantisation(constant)[0]
    scale = {"MUL": scales[0] * scales[1] * 90, "PRELU": scales[0]}.get(kind, max(scales) * 1.3)
    y = b.activation(shape, scale)
    made = OPTIONS[kind]
    operands = [constant, x] if kind == "SUB" else [x, constant]
    b.operator(getattr(Kind, kind), operands, [y], made() if made is not None else None)
    return y


@pytest.mark.parametrize("shape", [(1, 5, 6, 19), (2, 3, 4, 8)])
@pytest.mark.parametrize("kind", OPTIONS)
def test_operator_gives_the_reference_s_codes(kind: str, shape: tuple[int, ...]) -> None:
    for seed in seeds(3):
        b = ModelBuilder(seed)
        reference = Reference(b.build(by_channel(b, kind, shape)))
        accelerator = Accelerator(reference.graph, small())
        assert accelerator.engines() == ["array"]
        for inputs in (random_inputs(reference.graph, seed), *extreme_inputs(reference.graph)):
            (actual,), (expected,) = accelerator.run(inputs), reference.run(inputs)
            np.testing.assert_array_equal(actual, expected, repeat_with(seed, kind))
