"""The AXI memory model of the whole-accelerator bench, on both simulators and several widths."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.blocks import run_verilog
from sim.build import BuildOptions

BENCH = Path(__file__).parents[2] / "sim" / "bench"
FILES = ("axi_memory", "axi_read_port", "axi_write_port", "burst_queue", "axi_checker")


@pytest.mark.regress("axi_memory")
@pytest.mark.parametrize(
    "simulator,data_bits,address_bits",
    [("verilator", 64, 40), ("verilator", 32, 32), ("verilator", 256, 64), ("icarus", 64, 40)],
)
def test_axi_memory(simulator: str, data_bits: int, address_bits: int) -> None:
    sources = {f"{name}.v": (BENCH / f"{name}.v").read_text() for name in FILES}
    own = Path(__file__).parent / "axi_memory_bench.v"
    sources[own.name] = own.read_text()
    options = BuildOptions(
        simulator=simulator,
        parameters=(
            ("DATA_BITS", str(data_bits)),
            ("ADDRESS_BITS", str(address_bits)),
            ("WORDS", str(0x1_0000 * 8 // data_bits)),
        ),
    )
    run_verilog(sources, "axi_memory_bench", "tests.sim.cocotb_axi_memory", options)
