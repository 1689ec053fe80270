"""The host registers against arch.registers, with cocotbext-axi as the manager."""

from __future__ import annotations

import pytest

from sim.blocks import run_block
from tests.hw.configs import variant
from tests.hw.host_bench import HostBench


@pytest.mark.regress("host")
@pytest.mark.parametrize(
    ("name", "simulator"),
    [("tiny", "verilator"), ("small", "verilator"), ("bus256", "verilator"), ("small", "icarus")],
)
def test_host_registers_follow_the_table(name, simulator):
    run_block(
        HostBench(variant(name)),
        f"host_{name}",
        "tests.hw.cocotb_host",
        simulator=simulator,
        env={"WEFT_VARIANT": name},
    )
