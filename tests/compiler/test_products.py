"""Operators that sum products, against TensorFlow Lite Micro."""

from __future__ import annotations

import pytest

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
from tests.product_cases import ON_CORE, PRODUCTS, STATEFUL


def test_transpose_conv_on_the_array_gives_the_outputs_of_the_reference_kernel() -> None:
    name = "transpose_conv"
    for seed in seeds(60):
        reference = reference_of(name, PRODUCTS[name], seed)
        where = repeat_with(seed, name)
        engines = check_accelerator(reference, small(), input_sets(reference, seed), where)
        assert engines == ["array"]


@pytest.mark.parametrize("name", ON_CORE)
def test_core_gives_the_outputs_of_the_reference_kernel(name: str) -> None:
    for seed in seeds(25):
        check_core(reference_of(name, PRODUCTS[name], seed), seed, repeat_with(seed, name))


@pytest.mark.parametrize("name", ON_CORE)
def test_accelerator_gives_the_outputs_of_the_reference_kernel(name: str) -> None:
    for seed in seeds(4):
        reference, where = reference_of(name, PRODUCTS[name], seed), repeat_with(seed, name)
        runs = input_sets(reference, seed, 4)
        assert check_accelerator(reference, small(), runs, where) == ["core"]


@pytest.mark.parametrize("name", STATEFUL)
def test_what_keeps_state_goes_on_as_the_reference_kernel_does(name: str) -> None:
    for seed in seeds(40):
        reference, where = reference_of(name, PRODUCTS[name], seed), repeat_with(seed, name)
        check_state(reference, seed, 6, where, on_rv32=seed % 8 == 0)


@pytest.mark.parametrize("name", STATEFUL)
def test_accelerator_keeps_state_between_inferences(name: str) -> None:
    for seed in seeds(4):
        reference, where = reference_of(name, PRODUCTS[name], seed), repeat_with(seed, name)
        runs = input_sets(reference, seed, 5)
        assert check_accelerator(reference, small(), runs, where) == ["core"]
