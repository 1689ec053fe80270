"""The load engine behind the AXI reader, against a naive copy."""

from __future__ import annotations

import pytest

from sim.blocks import run_block
from tests.hw.bus_benches import LoadBench
from tests.hw.configs import variant
from tests.hw.effort import rounds

CASES = [
    ("small", "verilator"),
    ("tiny", "verilator"),
    ("bus128", "verilator"),
    ("bus256", "verilator"),
    ("bare", "verilator"),
    ("small", "icarus"),
]


@pytest.mark.regress("load")
@pytest.mark.parametrize(("name", "simulator"), CASES)
def test_load_copies_as_a_naive_model(name, simulator):
    run_block(
        LoadBench(variant(name)),
        f"load_{name}",
        "tests.hw.cocotb_load",
        simulator=simulator,
        env={"WEFT_VARIANT": name, "WEFT_ROUNDS": rounds(4, 1, simulator)},
    )
