"""The command port against the encoder."""

from __future__ import annotations

import pytest

from arch.isa import Opcode
from hw.command_port import CommandPort
from sim.blocks import run_block


@pytest.mark.regress("command_port")
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
@pytest.mark.parametrize("opcode", ["LOAD", "ARRAY", "CORE"])
def test_command_port_keeps_configuration_and_compares_waits(opcode, simulator):
    run_block(
        CommandPort(Opcode[opcode]),
        f"command_port_{opcode.lower()}",
        "tests.hw.cocotb_command_port",
        simulator=simulator,
        env={"WEFT_OPCODE": opcode},
    )
