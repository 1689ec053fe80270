"""The AXI reader against memories that check the protocol."""

from __future__ import annotations

import pytest

from arch.errors import WeftError
from hw.axi_read import check_slots
from sim.blocks import run_block
from tests.hw.bus_benches import ReadBench
from tests.hw.configs import variant

CASES = [
    ("small", (4, 1, 8), "verilator"),
    ("tiny", (4, 1, 4), "verilator"),
    ("bus128", (2, 8), "verilator"),
    ("bus256", (4, 1, 2, 8), "verilator"),
    ("bare", (1,), "verilator"),
    ("small", (4, 1, 8), "icarus"),
]


@pytest.mark.parametrize(("name", "slots", "simulator"), CASES)
def test_reader_brings_what_was_asked_for(name, slots, simulator):
    run_block(
        ReadBench(variant(name), slots),
        f"axi_read_{name}",
        "tests.hw.cocotb_axi_read",
        simulator=simulator,
        env={
            "WEFT_VARIANT": name,
            "WEFT_SLOTS": ",".join(str(n) for n in slots),
            "WEFT_ROUNDS": "16" if simulator == "verilator" else "2",
        },
    )


def test_clients_beyond_the_ids_are_refused():
    with pytest.raises(WeftError, match="slots: 5 clients, but an AXI id tells 1 to 4 apart"):
        check_slots((1, 1, 1, 1, 1))


def test_slots_that_are_no_power_of_two_are_refused():
    with pytest.raises(WeftError, match="slots: 3 is not a power of two; use 4"):
        check_slots((4, 3))
