"""Operators that pick or interpolate elements, against TensorFlow Lite Micro."""

from __future__ import annotations

import numpy as np
import pytest

from arch.op_interface import OpStatus
from firmware.describe import describe
from tests.kernel_check import (
    check_accelerator,
    check_core,
    host_for,
    input_sets,
    reference_of,
    repeat_with,
    seeds,
    small,
)
from tests.model_builder import Kind, ModelBuilder, schema
from tests.sampling_cases import SAMPLING, embedding_lookup


@pytest.mark.parametrize("name", SAMPLING)
def test_core_gives_the_outputs_of_the_reference_kernel(name: str) -> None:
    for seed in seeds(40):
        check_core(reference_of(name, SAMPLING[name], seed), seed, repeat_with(seed, name))


@pytest.mark.parametrize("name", SAMPLING)
def test_accelerator_gives_the_outputs_of_the_reference_kernel(name: str) -> None:
    for seed in seeds(5):
        reference = reference_of(name, SAMPLING[name], seed)
        check_accelerator(reference, small(), input_sets(reference, seed), repeat_with(seed, name))


def test_pixels_that_are_repeated_are_copied_by_the_array() -> None:
    def twice(b: ModelBuilder) -> list[int]:
        x = b.input((1, 5, 7, 6))
        y = b.activation((1, 10, 14, 6), *b.quantisation(x))
        size = b.constant(np.array([10, 14], np.int32))
        options = schema.ResizeNearestNeighborOptionsT()
        b.operator(Kind.RESIZE_NEAREST_NEIGHBOR, [x, size], [y], options)
        return [y]

    reference = reference_of("twice", twice, 1)
    assert check_accelerator(reference, small(), input_sets(reference, 1), "twice") == ["array"]


@pytest.mark.parametrize("name", ["gather", "gather_nd"])
def test_an_index_that_names_no_element_is_an_error(name: str) -> None:
    reference = reference_of(name, SAMPLING[name], 3)
    (op,) = reference.graph.operators
    indices = np.array(op.input(1).data)
    for bad in (-1, max(op.input(0).shape)):
        indices.reshape(-1)[-1] = bad
        arrays = {id(op.input(1)): indices}
        use = describe(op, lambda t: arrays.get(id(t), np.zeros(t.shape, t.dtype.numpy)))  # noqa: B023
        assert host_for(use.name).call(use.name, use) == OpStatus.ERROR


def test_an_embedding_lookup_is_a_gather_of_rows() -> None:
    for seed in seeds(5):
        reference = reference_of("embedding_lookup", embedding_lookup, seed)
        where = repeat_with(seed, "embedding_lookup")
        assert check_accelerator(reference, small(), [[]], where) == ["core"]
