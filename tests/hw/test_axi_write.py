"""The AXI writer against memories that check the protocol."""

from __future__ import annotations

import pytest

from sim.blocks import run_block
from tests.hw.bus_benches import WriteBench
from tests.hw.configs import variant
from tests.hw.effort import rounds

SLOTS = {"small": (1, 8), "tiny": (1, 4), "bus128": (8,), "bus256": (2, 1, 8), "bare": (1,)}
CASES = [*((name, "verilator") for name in SLOTS), ("small", "icarus")]


@pytest.mark.regress("axi_write")
@pytest.mark.parametrize(("name", "simulator"), CASES)
def test_writer_puts_bytes_where_they_belong(name, simulator):
    slots = SLOTS[name]
    run_block(
        WriteBench(variant(name), slots),
        f"axi_write_{name}",
        "tests.hw.cocotb_axi_write",
        simulator=simulator,
        env={
            "WEFT_VARIANT": name,
            "WEFT_SLOTS": ",".join(str(n) for n in slots),
            "WEFT_ROUNDS": rounds(4, 1, simulator),
        },
    )
