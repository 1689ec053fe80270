"""What is done to a Gowin netlist behind Yosys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from boards.gowin_fanout import MOST_READERS, spread_block_ram
from boards.gowin_registers import absorb_registers
from tests.boards.netlists import cell, write_netlist

LOW, HIGH, CLOCK, ENABLE, RESET = 2, 3, 4, 5, 6
CONSTANTS = {"low": cell("GND", {}, {"G": [LOW]}), "high": cell("VCC", {}, {"V": [HIGH]})}


def flip_flop(d: int, q: int, **pins: int) -> dict[str, Any]:
    kind = "DFF" + ("R" if "RESET" in pins else "") + ("E" if "CE" in pins else "")
    inputs = {"D": [d], "CLK": [CLOCK]} | {pin: [bit] for pin, bit in pins.items()}
    return cell(kind, inputs, {"Q": [q]})


def multiplier(a: list[int], b: list[int], out: list[int]) -> dict[str, Any]:
    idle = {"CE": [LOW], "CLK": [LOW], "RESET": [LOW]}
    return cell("MULT9X9", {"A": a, "B": b, **idle}, {"DOUT": out})


def module(path: Path, netlist: dict[str, Any]) -> dict[str, Any]:
    """The top module of a netlist's file."""
    text = write_netlist(path / "top.json", netlist).read_text()
    found: dict[str, Any] = json.loads(text)["modules"]["top"]
    return found


def absorbed(path: Path, netlist: dict[str, Any]) -> dict[str, Any]:
    top = module(path, CONSTANTS | netlist)
    absorb_registers(top)
    found: dict[str, Any] = top["cells"]
    return found


def test_registers_on_both_sides_of_a_multiplier_become_its_own(tmp_path: Path):
    found = absorbed(
        tmp_path,
        {
            "a": flip_flop(10, 11, CE=ENABLE, RESET=RESET),
            "multiplier": multiplier([11, 11], [12], [13, 14, 15]),
            "low_bit": flip_flop(13, 20, CE=ENABLE, RESET=RESET),
            "high_bit": flip_flop(14, 21, CE=ENABLE, RESET=RESET),
            "once_more": flip_flop(20, 30, CE=ENABLE, RESET=RESET),
            "twice_more": flip_flop(21, 31, CE=ENABLE, RESET=RESET),
            "reader": cell("LUT2", {"I0": [30], "I1": [31]}, {"F": [40]}),
        },
    )
    assert set(found) == {"low", "high", "multiplier", "reader"}
    now = found["multiplier"]
    assert now["parameters"] == {
        "AREG": "1",
        "OUT_REG": "1",
        "PIPE_REG": "1",
        "MULT_RESET_MODE": "SYNC",
    }
    assert now["connections"] == {
        **{"A": [10, 10], "B": [12], "DOUT": [30, 31, 15]},
        **{"CE": [ENABLE], "CLK": [CLOCK], "RESET": [RESET]},
    }


@pytest.mark.parametrize(
    "reason",
    ["read twice", "other enable", "starts with one", "not a register"],
)
def test_a_multiplier_keeps_its_outputs_where_a_register_would_differ(tmp_path: Path, reason: str):
    netlist = {
        "multiplier": multiplier([11], [12], [13, 14]),
        "low_bit": flip_flop(13, 20, CE=ENABLE),
        "high_bit": flip_flop(14, 21, CE=ENABLE),
    }
    if reason == "read twice":
        netlist["reader"] = cell("LUT1", {"I0": [14]}, {"F": [40]})
    elif reason == "other enable":
        netlist["high_bit"] = flip_flop(14, 21)
    elif reason == "starts with one":
        netlist["high_bit"]["type"] = "DFFSE"
    else:
        netlist["high_bit"] = cell("LUT1", {"I0": [14]}, {"F": [21]})
    assert absorbed(tmp_path, netlist) == CONSTANTS | netlist


def test_an_input_register_stays_where_something_else_needs_it(tmp_path: Path):
    netlist = {
        "a": flip_flop(10, 11, CE=ENABLE),
        "b": flip_flop(15, 12),
        "multiplier": multiplier([11], [12], [13]),
        "behind": flip_flop(13, 20, CE=ENABLE),
    }
    found = absorbed(tmp_path, netlist)
    assert set(found) == {"low", "high", "multiplier", "b"}  # b has another enable
    netlist["reader"] = cell("LUT1", {"I0": [11]}, {"F": [40]})
    found = absorbed(tmp_path, netlist)
    assert set(found) == {"low", "high", "multiplier", "a", "b", "reader"}
    assert found["multiplier"]["parameters"] == {"OUT_REG": "1", "MULT_RESET_MODE": "SYNC"}


def test_a_register_behind_block_ram_becomes_its_own_unless_it_has_a_reset(tmp_path: Path):
    memory = cell("SDPX9B", {"CLKB": [CLOCK], "OCE": [HIGH]}, {"DO": [13, 14]})
    netlist = {"memory": memory, "behind": flip_flop(13, 20, CE=ENABLE)}
    found = absorbed(tmp_path, netlist)
    assert set(found) == {"low", "high", "memory"}
    assert found["memory"]["parameters"] == {"READ_MODE": "1"}
    assert found["memory"]["connections"] == {"CLKB": [CLOCK], "OCE": [ENABLE], "DO": [20, 14]}
    netlist["behind"] = flip_flop(13, 20, RESET=RESET)
    assert absorbed(tmp_path, netlist) == CONSTANTS | netlist


def test_no_output_of_block_ram_has_many_readers(tmp_path: Path):
    n = 2 * MOST_READERS + 1
    netlist = {
        "memory": cell("SDPX9B", {"CLKB": [CLOCK]}, {"DO": [13, 14]}),
        "few": cell("LUT4", dict.fromkeys(("I0", "I1", "I2", "I3"), [14]), {"F": [20]}),
        **{f"reader_{i:02}": flip_flop(13, 100 + i) for i in range(n)},
    }
    top = module(tmp_path, netlist)
    spread_block_ram(top)
    found = top["cells"]
    buffers = {name: found.pop(name) for name in list(found) if name.startswith("memory.DO_0")}
    behind = [cell["connections"]["F"][0] for cell in buffers.values()]
    assert len(set(behind)) == 3 and min(behind) > 100 + n - 1  # new nets
    for one in buffers.values():
        assert one["type"] == "LUT1" and one["parameters"] == {"INIT": "10"}
        assert one["connections"]["I0"] == [13]
    read = [found[f"reader_{i:02}"]["connections"].pop("D")[0] for i in range(n)]
    assert read == [bit for bit in behind for _ in range(n // 3)]
    for i in range(n):
        netlist[f"reader_{i:02}"]["connections"].pop("D")
    assert found == netlist  # the rest is as it was
