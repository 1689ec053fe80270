"""The core engine on the command stream, against the instruction-set simulator."""

from __future__ import annotations

import pytest

from hw.core_engine import CoreEngine
from sim.blocks import run_block
from tests.hw.configs import variant


@pytest.mark.regress("core")
@pytest.mark.parametrize(("name", "rounds"), [("small", 12), ("tiny", 4), ("bus256", 4)])
def test_the_engine_does_what_the_simulator_does(name: str, rounds: int) -> None:
    run_block(
        CoreEngine(variant(name)),
        f"core_engine_{name}",
        "tests.core.cocotb_engine",
        env={"WEFT_VARIANT": name, "WEFT_ROUNDS": str(rounds)},
    )
