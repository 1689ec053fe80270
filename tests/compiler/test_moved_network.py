"""Operators that move data, between convolutions: the whole accelerator's functional model."""

from __future__ import annotations

from sim.reference import Reference
from tests.kernel_check import (
    BASE_SEED,
    check_accelerator,
    input_sets,
    small,
    without_elementwise,
)
from tests.model_builder import ModelBuilder
from tests.moved_network import moved_network


def test_network_that_moves_data_gives_the_outputs_of_the_reference() -> None:
    for seed in range(BASE_SEED, BASE_SEED + 3):
        b = ModelBuilder(seed)
        reference = Reference(b.build(*moved_network(b)))
        runs, where = input_sets(reference, seed), f"WEFT_SEED={seed}"
        engines = check_accelerator(reference, small(), runs, where)
        assert engines == [*["array"] * 10, "core"]
        if seed == BASE_SEED:
            check_accelerator(reference, without_elementwise(), runs, where)
