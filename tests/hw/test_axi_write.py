"""The AXI writer against memories that check the protocol."""

from __future__ import annotations

import pytest

from sim.blocks import run_block
from tests.hw.bus_benches import WriteBench
from tests.hw.configs import variant

CASES = [
    ("small", (1, 8), "verilator"),
    ("tiny", (1, 4), "verilator"),
    ("bus128", (8,), "verilator"),
    ("bus256", (2, 1, 8), "verilator"),
    ("bare", (1,), "verilator"),
    ("small", (1, 8), "icarus"),
]


@pytest.mark.parametrize(("name", "slots", "simulator"), CASES)
def test_writer_puts_bytes_where_they_belong(name, slots, simulator):
    run_block(
        WriteBench(variant(name), slots),
        f"axi_write_{name}",
        "tests.hw.cocotb_axi_write",
        simulator=simulator,
        env={
            "WEFT_VARIANT": name,
            "WEFT_SLOTS": ",".join(str(n) for n in slots),
            "WEFT_ROUNDS": "16" if simulator == "verilator" else "2",
        },
    )
