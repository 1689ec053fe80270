"""Host, sequencer, buses and DMA together, against the functional model."""

from __future__ import annotations

import pytest

from sim.blocks import run_block
from tests.hw.configs import variant
from tests.hw.control_bench import ControlBench
from tests.hw.effort import rounds


@pytest.mark.regress("control")
@pytest.mark.parametrize(
    ("name", "simulator"),
    [
        ("tiny4k", "verilator"),
        ("small8k", "verilator"),
        ("bus256_8k", "verilator"),
        ("tiny4k", "icarus"),
    ],
)
def test_programs_run_fail_and_run_again(name, simulator):
    run_block(
        ControlBench(variant(name)),
        f"control_{name}",
        "tests.hw.cocotb_control",
        simulator=simulator,
        env={"WEFT_VARIANT": name, "WEFT_ROUNDS": rounds(2, 1, simulator)},
    )
