"""Convolutions, pools and matrix products of float32, against TensorFlow Lite Micro."""

from __future__ import annotations

import numpy as np
import pytest

from tests.float_cases import FLOATS, STATEFUL_FLOATS
from tests.functional import Accelerator
from tests.kernel_check import (
    check_accelerator,
    check_core,
    check_state,
    input_sets,
    reference_of,
    repeat_with,
    seeds,
    small,
)
from tests.model_builder import DType, Kind, ModelBuilder, schema
from tests.typed import int32, typed, typed_input


@pytest.mark.parametrize("name", FLOATS)
def test_operators_of_float32_give_the_bits_of_the_reference_kernel(name: str) -> None:
    for seed in seeds(6):
        reference, where = reference_of(name, FLOATS[name], seed), repeat_with(seed, name)
        check_core(reference, seed, where)
        if seed % 4 == 1:
            runs = input_sets(reference, seed)
            assert check_accelerator(reference, small(), runs, where) == ["core"]


@pytest.mark.parametrize("name", STATEFUL_FLOATS)
def test_states_of_float32_go_on_as_the_reference_kernel_does(name: str) -> None:
    for seed in seeds(6):
        where = repeat_with(seed, name)
        reference = reference_of(name, STATEFUL_FLOATS[name], seed)
        check_state(reference, seed, 4, where, on_rv32=seed % 4 == 1)
        if seed % 4 == 2:
            reference = reference_of(name, STATEFUL_FLOATS[name], seed)
            runs = input_sets(reference, seed, 3)
            assert check_accelerator(reference, small(), runs, where) == ["core"]


def test_gelu_of_large_values_differs_from_litert_by_three_in_the_last_place_at_most() -> None:
    """Where LiteRT's error function depends on the machine."""

    def gelu(b: ModelBuilder) -> list[int]:
        x = typed_input(b, (2000,), DType.FLOAT32)
        y = typed(b, (2000,), DType.FLOAT32)
        b.operator(Kind.GELU, [x], [y], schema.GeluOptionsT(approximate=False))
        return [y]

    reference = reference_of("gelu", gelu, 1)
    values = np.linspace(-8, 8, 2000, dtype=np.float32)
    (expected,), (actual,) = (
        runner.run([values]) for runner in (reference, Accelerator(reference.graph, small()))
    )
    places = expected.view(np.int32).astype(np.int64) - actual.view(np.int32)
    assert np.abs(places).max() <= 3


def test_what_is_loaded_over_a_reshaped_tensor_waits_for_all_of_its_readers() -> None:
    """Elements of four bytes: a constant that a later operator reads lies where the last of an
    input were, which the first operator reads in another shape."""

    def network(b: ModelBuilder) -> list[int]:
        x = typed_input(b, (1, 8, 60), DType.FLOAT32)
        flat = typed(b, (1, 480), DType.FLOAT32)
        b.operator(Kind.RESHAPE, [x, int32(b, [1, 480])], [flat], schema.ReshapeOptionsT())
        weights = b.constant(b.rng.standard_normal((1, 480)).astype(np.float32))
        y = typed(b, (1, 1), DType.FLOAT32)
        b.operator(Kind.FULLY_CONNECTED, [flat, weights], [y], schema.FullyConnectedOptionsT())
        scalar = b.constant(np.array([1.25], np.float32))
        vector = b.constant(b.rng.standard_normal((1, 120)).astype(np.float32))
        for operand, columns in ((scalar, 1), (vector, 120), (scalar, 120)):
            total = typed(b, (1, columns), DType.FLOAT32)
            b.operator(Kind.ADD, [y, operand], [total], schema.AddOptionsT())
            y = total
        return [y]

    reference = reference_of("reshaped", network, 1)
    engines = check_accelerator(reference, small(), input_sets(reference, 1), "")
    assert engines == ["none", *["core"] * 4]
