"""Operators that sum products, against TensorFlow Lite Micro."""

from __future__ import annotations

from tests.kernel_check import (
    check_accelerator,
    input_sets,
    reference_of,
    repeat_with,
    seeds,
    small,
)
from tests.product_cases import PRODUCTS


def test_transpose_conv_on_the_array_gives_the_outputs_of_the_reference_kernel() -> None:
    name = "transpose_conv"
    for seed in seeds(60):
        reference = reference_of(name, PRODUCTS[name], seed)
        where = repeat_with(seed, name)
        engines = check_accelerator(reference, small(), input_sets(reference, seed), where)
        assert engines == ["array"]
