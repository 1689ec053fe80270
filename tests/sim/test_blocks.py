"""The block runner builds once, passes, fails and reports as it should."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess
from xml.etree import ElementTree

import pytest

from sim import blocks, tools
from sim.blocks import BlockFailure, run_block
from sim.build import BuildOptions, build_simulation
from sim.tools import IcarusMissing, SimulatorError
from tests.sim.accumulator import Accumulator

MODULE = "tests.sim.cocotb_accumulator"


def run(tmp_path: Path, simulator: str = "verilator", wrong: str = "0", **options) -> str:
    """Run the accumulator's tests; returns what the test drew from its random generator."""
    env = {"SEED_FILE": str(tmp_path / "drawn"), "WRONG": wrong}
    run_block(Accumulator(), "accumulator", MODULE, simulator=simulator, env=env, **options)
    return (tmp_path / "drawn").read_text()


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_a_good_block_passes_and_leaves_junit_xml(tmp_path, simulator):
    run(tmp_path, simulator, results=tmp_path / "results.xml")
    cases = list(ElementTree.parse(tmp_path / "results.xml").getroot().iter("testcase"))
    assert [case.get("name") for case in cases] == ["sums_follow_python", "fails_when_asked"]


def test_a_failing_test_is_named_with_seed_and_log(tmp_path):
    with pytest.raises(BlockFailure, match="1 of 2 failed: fails_when_asked; seed 7; log: ") as e:
        run(tmp_path, wrong="1", seed=7)
    assert "asked to fail" in Path(str(e.value).rsplit("log: ", 1)[1]).read_text()


def test_the_seed_is_printed_and_taken_back(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WEFT_SEED", "1234")
    first = run(tmp_path)
    assert "seed 1234 (repeat with WEFT_SEED=1234)" in capsys.readouterr().out
    assert run(tmp_path) == first
    monkeypatch.setenv("WEFT_SEED", "1235")
    assert run(tmp_path) != first


def test_a_seed_that_is_no_number_is_refused(monkeypatch):
    monkeypatch.setenv("WEFT_SEED", "many")
    with pytest.raises(SimulatorError, match="WEFT_SEED: 'many' is not a whole number"):
        blocks.choose_seed()


def test_a_filter_selects_tests_and_matching_none_is_a_failure(tmp_path):
    run_block(Accumulator(), "accumulator", MODULE, test_filter="sums", env={"WRONG": "1"})
    with pytest.raises(BlockFailure, match="no test ran"):
        run(tmp_path, test_filter="nothing_is_called_so")


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_a_waveform_is_written(tmp_path, simulator):
    run(tmp_path, simulator, waves=tmp_path / "block.vcd")
    assert "i__payload" in (tmp_path / "block.vcd").read_text()


def test_variables_choose_folders_and_a_test(tmp_path, monkeypatch, capsys):
    """What `make regress` sets: one test by name, its waveform, its results."""
    monkeypatch.setenv("WEFT_WAVES", str(tmp_path / "waves"))
    monkeypatch.setenv("WEFT_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("WEFT_TEST", "sums_follow")
    run_block(Accumulator(), "accumulator", MODULE)
    (wave,), (result,) = (list((tmp_path / name).iterdir()) for name in ("waves", "results"))
    assert wave.name == "accumulator.cocotb_accumulator.verilator.vcd"
    assert f"waveform {wave}" in capsys.readouterr().out
    cases = list(ElementTree.parse(result).getroot().iter("testcase"))
    assert [case.get("name") for case in cases] == ["sums_follow_python"]


def test_fst_names_the_library_that_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("sim.build.subprocess.run", lambda *a, **k: CompletedProcess(a, 1))
    with pytest.raises(SimulatorError, match="fst waveform: zlib.h not found; install the package"):
        run(tmp_path, waves=tmp_path / "block.fst")


def test_a_build_is_taken_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WEFT_CACHE", str(tmp_path))
    text = {"accumulator.v": blocks.emit_verilog(Accumulator(), "accumulator")}
    first = build_simulation(text, "accumulator")
    again = build_simulation(text, "accumulator")
    assert first.seconds > 0 and again.seconds == 0 and first.folder == again.folder
    other = build_simulation(text, "accumulator", BuildOptions(cxx_flags="-O0"))
    assert other.folder != first.folder


def test_a_compile_error_is_one_line_with_the_log(tmp_path, monkeypatch):
    monkeypatch.setenv("WEFT_CACHE", str(tmp_path))
    with pytest.raises(SimulatorError) as error:
        build_simulation({"bad.v": "module bad(input a); assign b = = a; endmodule"}, "bad")
    text = str(error.value)
    assert text.startswith("verilator: cannot build bad: %Error: bad.v:1:")
    assert "\n" not in text and Path(text.rsplit("log: ", 1)[1]).is_file()


def test_without_icarus_a_test_is_skipped_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(tools.shutil, "which", lambda name: None)
    tools.find_icarus.cache_clear()
    with pytest.raises(IcarusMissing, match="iverilog: not found; install the package iverilog"):
        run(tmp_path, "icarus")
    monkeypatch.undo()
    tools.find_icarus.cache_clear()
