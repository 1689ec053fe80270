"""The AXI reader against memories that check the protocol."""

from __future__ import annotations

import pytest

from arch.errors import WeftError
from hw.axi_read import check_slots
from sim.blocks import run_block
from tests.hw.bus_benches import ReadBench
from tests.hw.configs import variant
from tests.hw.effort import rounds

SLOTS = {
    "small": (4, 1, 8),
    "tiny": (4, 1, 4),
    "bus128": (2, 8),
    "bus256": (4, 1, 2, 8),
    "bare": (1,),
}
CASES = [*((name, "verilator") for name in SLOTS), ("small", "icarus")]


@pytest.mark.regress("axi_read")
@pytest.mark.parametrize(("name", "simulator"), CASES)
def test_reader_brings_what_was_asked_for(name, simulator):
    slots = SLOTS[name]
    run_block(
        ReadBench(variant(name), slots),
        f"axi_read_{name}",
        "tests.hw.cocotb_axi_read",
        simulator=simulator,
        env={
            "WEFT_VARIANT": name,
            "WEFT_SLOTS": ",".join(str(n) for n in slots),
            "WEFT_ROUNDS": rounds(4, 1, simulator),
        },
    )


def test_clients_beyond_the_ids_are_refused():
    with pytest.raises(WeftError, match="slots: 5 clients, but an AXI id tells 1 to 4 apart"):
        check_slots((1, 1, 1, 1, 1))


def test_slots_that_are_no_power_of_two_are_refused():
    with pytest.raises(WeftError, match="slots: 3 is not a power of two; use 4"):
        check_slots((4, 3))
