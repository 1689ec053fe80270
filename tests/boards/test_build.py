"""The build path without its tools: fit, clocks, counts, timing, boards."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from arch.config import load_config
from arch.params import Params
from boards import tools
from boards.board import Fpga
from boards.build import BuildReport, digest_of, place, rows_in_logic
from boards.catalogue import NAMES, UnknownBoard, find_board
from boards.devices import LFE5U_25F, LFE5U_85F
from boards.flow import DoesNotFit, check_fit, synthesis_script, synthesise, timing_of
from boards.gateware.clock import ClockError
from boards.gateware.ecp5 import pll_settings
from boards.gateware.uart import UartError, cycles_per_bit
from boards.resources import Netlist, component_of
from tests.boards.netlists import cell, write_netlist


def test_a_design_that_does_not_fit_is_refused_with_resource_need_and_limit():
    check_fit("small on ulx3s", LFE5U_85F, {"LUT4": 83640, "DSP": 156})
    message = (
        "small on ulx3s: needs 209 of block RAM and LFE5U-85F has 208; "
        r"use a smaller configuration or a larger board \(see: weft boards\)"
    )
    with pytest.raises(DoesNotFit, match=message):
        check_fit("small on ulx3s", LFE5U_85F, {"LUT4": 1000, "block RAM": 209})


@pytest.mark.parametrize(
    ("config", "fpga", "rows"),
    [
        ("small", LFE5U_85F, 0),  # 64 + 4 * 4 + 4 of 156
        ("medium", LFE5U_85F, 1),  # 128 + 4 * 8 + 4 = 164 of 156: a row of 8 less
        ("tiny", LFE5U_25F, 0),  # 16 + 4 * 2 + 4 of 28
        ("small", LFE5U_25F, 7),  # 84 of 28: 7 rows of 8 less
    ],
)
def test_rows_are_built_in_logic_only_where_multipliers_are_short(config, fpga, rows):
    assert rows_in_logic(Params(load_config(config)), fpga.limits["DSP"]) == rows


def test_the_script_takes_multipliers_away_row_by_row():
    assert "booth" not in synthesis_script(LFE5U_85F, 0)
    script = synthesis_script(LFE5U_85F, 2)
    assert "activation_0_*" in script and "activation_1_*" in script
    assert "activation_2_*" not in script


def test_a_design_that_yosys_stops_at_is_tried_again_with_fewer_names(tmp_path, monkeypatch):
    scripts: list[str] = []
    reason = "Assert `GetSize(conn.first) == GetSize(conn.second)' failed"

    def yosys(tool: tools.Tool, arguments: list[str], folder: Path, *logs: str) -> str:
        scripts.append((folder / "top.ys").read_text())
        if len(scripts) == 1:
            raise tools.ToolError(f"{tool.package}: {reason}; log: yosys.log")
        write_netlist(folder / "top.json", {})
        return ""

    monkeypatch.setattr(tools, "call", yosys)
    synthesise(LFE5U_85F, tmp_path, 1)
    assert len(scripts) == 2
    assert (
        scripts[1].replace(
            "synth_ecp5 -no-rw-check -top top -run begin:map_luts\nopt_clean -purge\n"
            "synth_ecp5 -no-rw-check -top top -run map_luts:\n",
            "synth_ecp5 -no-rw-check -top top\n",
        )
        == scripts[0]
    )
    scripts.clear()
    reason = "top.il:1: syntax error"
    with pytest.raises(tools.ToolError, match="syntax error"):
        synthesise(LFE5U_85F, tmp_path, 1)
    assert len(scripts) == 1


@pytest.mark.parametrize("wanted", [25e6, 50e6, 60e6, 62.5e6, 70e6, 75e6, 80e6, 100e6])
def test_pll_stays_within_the_limits_of_the_datasheet(wanted):
    s = pll_settings(25e6, wanted)
    output = 25e6 / s.input_divider * s.feedback_divider
    assert output == s.output_hz == pytest.approx(wanted, rel=0.005)
    assert 400e6 <= output * s.output_divider <= 800e6
    assert 25e6 / s.input_divider >= 3.125e6


def test_a_clock_that_cannot_be_made_is_refused():
    with pytest.raises(ClockError, match="clock: 1 MHz cannot be made from 25 MHz; choose another"):
        pll_settings(25e6, 1e6)


def test_baud_rates_off_by_more_than_two_percent_are_refused():
    assert cycles_per_bit(60e6, 1_000_000) == 60
    assert cycles_per_bit(75e6, 3_000_000) == 25
    with pytest.raises(UartError, match="cannot be made from a clock of 7 MHz"):
        cycles_per_bit(7e6, 2_000_000)


def test_nameless_logic_counts_for_the_component_that_it_serves(tmp_path: Path):
    cells = {
        "top.npu.load.register": cell("TRELLIS_FF", {"DI": [3]}, {"Q": [4]}),
        "top.npu.array_engine.array.product": cell("MULT18X18D", {"A0": [4]}, {"P0": [5]}),
        "$abc$1": cell("LUT4", {"A": [2]}, {"Z": [3]}),
        "$abc$2": cell("LUT4", {"A": [1]}, {"Z": [2]}),
        "$abc$3": cell("CCU2C", {"A0": [5]}, {"S0": [6]}),
    }
    netnames = {"top.npu.array_engine.drain.sum": {"bits": [6]}}
    netlist = Netlist(write_netlist(tmp_path / "top.json", cells, netnames))
    assert netlist.totals() == {"LUT4": 4, "FF": 1, "DSP": 1}
    assert netlist.by_component() == {
        "load": {"LUT4": 2, "FF": 1},
        "array_engine.array": {"DSP": 1},
        "array_engine.drain": {"LUT4": 2},
    }


def test_flip_flops_that_cannot_share_a_cell_with_their_table_take_one_each(tmp_path: Path):
    def totals(cells: dict[str, dict[str, Any]]) -> dict[str, int]:
        return dict(Netlist(write_netlist(tmp_path / "top.json", cells)).totals())

    def both(table: str, output: str, flip_flop: str) -> dict[str, dict[str, Any]]:
        return {
            "table": cell(table, {"I0": [1]}, {output: [2]}),
            "behind": cell(flip_flop, {"D": [2]}, {"Q": [3]}),
            "second": cell(flip_flop, {"D": [2]}, {"Q": [4]}),
            "alone": cell(flip_flop, {"D": [3]}, {"Q": [5]}),
        }

    # Gowin: the table's output is its own, so one of the two behind it fits.
    assert totals(both("LUT3", "F", "DFFE")) == {"LUT4": 1, "FF": 3, "logic cell": 3}
    # iCE40: the cell's one output is the flip-flop's, and the table's would be wanted too.
    assert totals(both("SB_LUT4", "O", "SB_DFFE")) == {"LUT4": 1, "FF": 3, "logic cell": 4}
    single = both("SB_LUT4", "O", "SB_DFFE")
    del single["second"]
    assert totals(single) == {"LUT4": 1, "FF": 2, "logic cell": 2}


def test_cells_at_the_ends_of_gowins_carry_chains_count(tmp_path: Path):
    def cells_for(bits: int, carry_is_read: bool) -> int:
        cells = {
            f"bit_{i}": cell(
                "ALU", {"I0": [9], "CIN": [10 + i]}, {"COUT": [11 + i], "SUM": [30 + i]}
            )
            for i in range(bits)
        }
        cells["alone"] = cell("DFF", {"D": [9]}, {"Q": [8]})
        if carry_is_read:
            cells["reader"] = cell("LUT1", {"I0": [10 + bits]}, {"F": [7]})
        return Netlist(write_netlist(tmp_path / "top.json", cells)).totals()["logic cell"] - 1

    assert cells_for(3, False) == 4  # and one ahead
    assert cells_for(4, False) == 6  # one ahead, one to make it even
    assert cells_for(4, True) == 1 + 6  # one ahead, one behind
    assert cells_for(3, True) == 1 + 6  # one ahead, one behind, one to make it even


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("top.npu.array_engine.drain.lane_0.s1_x", "array_engine.drain"),
        ("top.npu.scratchpad.bank_0.0.0", "scratchpad"),
        ("top.npu.windows$452.s3_valid", "windows"),
        ("top.npu.log_valid", "npu"),
        ("top.link.crc.state", "link"),
    ],
)
def test_components_are_at_most_two_levels_deep(name, component):
    assert component_of(name) == component


def test_the_critical_path_is_that_of_the_slowest_clock_in_components():
    def step(kind: str, delay: float, source: str, sink: str) -> dict[str, Any]:
        return {"type": kind, "delay": delay, "from": {"cell": source}, "to": {"cell": sink}}

    path = [
        step("clk-to-q", 0.5, "top.npu.windows.a", "top.npu.windows.a"),
        step("routing", 1.5, "top.npu.windows.a", "$abc$7"),
        step("logic", 0.25, "$abc$7", "$abc$7"),
        step("routing", 2.0, "$abc$7", "top.npu.scratchpad.b"),
    ]
    report = {
        "fmax": {"$glbnet$clk": {"achieved": 80.129}, "other": {"achieved": 200.0}},
        "critical_paths": [
            {"from": "async", "to": "posedge $glbnet$clk", "path": []},
            {"from": "posedge $glbnet$clk", "to": "posedge $glbnet$clk", "path": path},
        ],
    }
    timing = timing_of(report, 3)
    assert (timing.seed, timing.fmax_mhz) == (3, 80.13)
    assert timing.path == "windows > scratchpad"
    assert (timing.logic_ns, timing.routing_ns) == (0.75, 3.5)


def test_the_digest_of_a_design_does_not_depend_on_where_its_sources_lie():
    text = 'module \\top\n  attribute \\src "/{}/top.py:61"\n  wire width {} \\a\nend\n'
    assert digest_of(text.format("home/one", 2)) == digest_of(text.format("srv/two", 2))
    assert digest_of(text.format("home/one", 2)) != digest_of(text.format("home/one", 3))


@pytest.mark.parametrize("broken", [0, 3])
def test_seeds_are_placed_at_a_time_and_reported_in_order(tmp_path, monkeypatch, broken):
    together = threading.Barrier(2, timeout=10)  # nothing goes on before two are at work
    second_done = threading.Event()

    def nextpnr(tool: tools.Tool, arguments: list[str], folder: Path, log: str) -> str:
        if tool is tools.ICEPACK:
            packed.extend(arguments)
            return ""
        seed = int(arguments[arguments.index("--seed") + 1])
        together.wait()
        if seed == 1:
            assert second_done.wait(10)
        second_done.set()
        if seed == broken:
            raise tools.ToolError(f"{tool.package}: no room; log: {log}")
        report = {"fmax": {"clk": {"achieved": 20.0 + seed % 4}}, "critical_paths": []}
        (folder / arguments[arguments.index("--report") + 1]).write_text(json.dumps(report))
        return ""

    packed: list[str] = []
    said: list[str] = []
    monkeypatch.setattr(tools, "call", nextpnr)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    report = BuildReport(load_config("tiny"), find_board("icebreaker"), 12_000_000, {})
    place(report, tmp_path, range(1, 5), said.append)
    ended = [seed for seed in (1, 2, 3, 4) if seed != broken]
    assert packed == ["placed2.asc" if broken else "placed3.asc", "top.bin"]
    reasons = {seed: str(error) for seed, error in report.failures.items()}
    log = "no room; log: nextpnr3.log"
    assert reasons == ({3: f"{tools.NEXTPNR_ICE40.package}: {log}"} if broken else {})
    assert report.as_json().get("failed_seeds") == (reasons or None)
    assert [timing.seed for timing in report.timings] == ended
    assert [timing.fmax_mhz for timing in report.timings] == [20 + seed % 4 for seed in ended]
    assert "placing and routing, seed 1, 2 of [1, 2, 3, 4] (minutes)" in said
    assert not any("1, 2, 3" in line.split(" of ")[0] for line in said)


def test_where_every_seed_fails_the_first_ones_reason_is_told(tmp_path, monkeypatch):
    def nextpnr(tool: tools.Tool, arguments: list[str], folder: Path, log: str) -> str:
        raise tools.ToolError(f"{tool.package}: no room; log: {log}")

    monkeypatch.setattr(tools, "call", nextpnr)
    report = BuildReport(load_config("tiny"), find_board("icebreaker"), 12_000_000, {})
    with pytest.raises(tools.ToolError, match="no room; log: nextpnr1.log"):
        place(report, tmp_path, range(1, 3), lambda text: None)
    assert report.timings == []


def test_a_missing_tool_names_the_way_to_get_it():
    absent = tools.Tool("no-such-package", "no_such_module", "main")
    with pytest.raises(tools.ToolError, match="no-such-package: is not installed; .*make boards"):
        tools.need(absent)


def test_the_reason_is_looked_for_in_the_log_that_tells_more(tmp_path, monkeypatch):
    (tmp_path / "stops.py").write_text(
        "def run(arguments):\n"
        "    open('own.log', 'w').write('1. Pass\\nERROR: out of tables.\\n')\n"
        "    print('Warning: no matter')\n"
        "    return 1\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    stops = tools.Tool("amaranth", "stops", "run")  # any package that is installed
    with pytest.raises(tools.ToolError, match="amaranth: Warning: no matter; log: .*out.log"):
        tools.call(stops, [], tmp_path, "out.log")
    with pytest.raises(tools.ToolError, match="amaranth: out of tables; log: .*own.log"):
        tools.call(stops, [], tmp_path, "out.log", "own.log")


def test_every_board_is_known_by_its_name_and_limits_cover_what_is_checked():
    for name in NAMES:
        board = find_board(name)
        assert board.name == name and len(name) <= 16
        assert isinstance(board.fpga, Fpga) and board.memory_bytes & (board.memory_bytes - 1) == 0
        cycles_per_bit(board.clock_hz, board.baud)
    with pytest.raises(UnknownBoard, match="ulx3: is no board that weft knows; did you mean ulx3s"):
        find_board("ulx3")
