"""The core engine on the command stream, against the instruction-set simulator."""

from __future__ import annotations

import pytest

from hw.core_engine import CoreEngine
from sim.blocks import run_block
from tests.hw.configs import variant
from tests.hw.effort import rounds


@pytest.mark.regress("core")
@pytest.mark.parametrize(("name", "n_rounds"), [("small", 6), ("tiny", 3), ("bus256", 3)])
def test_the_engine_does_what_the_simulator_does(name: str, n_rounds: int) -> None:
    run_block(
        CoreEngine(variant(name)),
        f"core_engine_{name}",
        "tests.core.cocotb_engine",
        env={"WEFT_VARIANT": name, "WEFT_ROUNDS": rounds(n_rounds, 0, "verilator")},
        public_depth=2,  # where the core is in its program
    )
