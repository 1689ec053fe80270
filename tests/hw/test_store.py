"""The store engine in front of the AXI writer, against a naive copy."""

from __future__ import annotations

import pytest

from sim.blocks import run_block
from tests.hw.bus_benches import StoreBench
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


@pytest.mark.regress("store")
@pytest.mark.parametrize(("name", "simulator"), CASES)
def test_store_copies_as_a_naive_model(name, simulator):
    run_block(
        StoreBench(variant(name)),
        f"store_{name}",
        "tests.hw.cocotb_store",
        simulator=simulator,
        env={"WEFT_VARIANT": name, "WEFT_ROUNDS": rounds(5, 1, simulator)},
    )
