"""The array engine in Verilog equals the functional model on random commands."""

from __future__ import annotations

import pytest

from sim.blocks import run_block
from tests.hw.array_bench import SHAPES, ArrayBench, shape_params


@pytest.mark.regress("array")
@pytest.mark.parametrize("shape", SHAPES)
def test_random_commands_equal_the_functional_model(shape: str) -> None:
    run_block(
        ArrayBench(shape_params(shape)),
        f"array_bench_{shape}",
        "tests.hw.cocotb_array",
        env={"WEFT_SHAPE": shape},
    )
