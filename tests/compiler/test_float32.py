"""Convolutions, pools and matrix products of float32, against TensorFlow Lite Micro."""

from __future__ import annotations

import pytest

from tests.float_cases import FLOATS
from tests.kernel_check import (
    check_accelerator,
    check_core,
    input_sets,
    reference_of,
    repeat_with,
    seeds,
    small,
)


@pytest.mark.parametrize("name", FLOATS)
def test_operators_of_float32_give_the_bits_of_the_reference_kernel(name: str) -> None:
    for seed in seeds(8):
        reference, where = reference_of(name, FLOATS[name], seed), repeat_with(seed, name)
        check_core(reference, seed, where)
        if seed % 4 == 1:
            runs = input_sets(reference, seed)
            assert check_accelerator(reference, small(), runs, where) == ["core"]
