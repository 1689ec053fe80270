"""The sequencer against arch.decode."""

from __future__ import annotations

import pytest

from hw.sequencer import Sequencer
from sim.blocks import run_block
from tests.hw.configs import variant
from tests.hw.effort import rounds


@pytest.mark.regress("sequencer")
@pytest.mark.parametrize(
    ("name", "simulator"),
    [
        ("tiny", "verilator"),
        ("small", "verilator"),
        ("bus128", "verilator"),
        ("bus256", "verilator"),
        ("small", "icarus"),
    ],
)
def test_sequencer_dispatches_as_decoded(name, simulator):
    run_block(
        Sequencer(variant(name)),
        f"sequencer_{name}",
        "tests.hw.cocotb_sequencer",
        simulator=simulator,
        env={
            "WEFT_VARIANT": name,
            "WEFT_ROUNDS": rounds(6, 3, simulator),
            "WEFT_LONG": str(int((name, simulator) == ("small", "verilator"))),
        },
    )
