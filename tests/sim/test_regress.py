"""The regression's command on a folder of its own, with a test that passes and one that fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sim.regress import Entry, RegressionError, choose

PROJECT = Path(__file__).parents[2]
TESTS = """
import pytest
from sim.blocks import run_block
from tests.sim.accumulator import Accumulator

@pytest.mark.regress("adder")
@pytest.mark.parametrize("simulator", ["verilator"])
@pytest.mark.parametrize("wrong", ["0", "1"])
def test_adder(wrong, simulator, tmp_path):
    env = {"WRONG": wrong, "SEED_FILE": str(tmp_path / "drawn")}
    run_block(Accumulator(), "accumulator", "tests.sim.cocotb_accumulator",
              simulator=simulator, env=env)

@pytest.mark.regress("absent")
def test_absent():
    pytest.skip("not here")

@pytest.mark.regress("idle")
def test_that_simulates_nothing():
    pass

def test_without_the_marker():
    assert False
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_adder.py").write_text(TESTS)
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\nmarkers = ["regress"]\n')
    return tmp_path


def regress(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import pathlib, sys, sim.regress as r\n"
        f"r.ROOT = pathlib.Path({str(project)!r})\n"
        "sys.exit(r.main(sys.argv[1:]))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_results_are_in_the_table_and_the_failure_is_in_the_exit_code(project: Path) -> None:
    done = regress(project, "--seed", "5", "-j", "2")
    assert done.returncode == 1, done.stderr
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    assert rows["adder-0"][1:3] == ["verilator", "5"] and rows["adder-0"][-1] == "passed"
    assert int(rows["adder-0"][3].replace(",", "")) > 100  # cycles
    assert rows["adder-1"][-1] == rows["idle"][-1] == "failed"
    assert rows["absent"][-1] == "skipped"
    assert "asked to fail" in done.stdout
    assert "1 passed, 2 failed, 1 skipped" in done.stdout
    assert 'again: make regress ARGS="--test adder-1 --seed 5"' in done.stdout


def test_junit_has_cocotbs_cases_with_their_seed(project: Path) -> None:
    file = project / "reports" / "out.xml"
    assert regress(project, "--seed", "5", "--junit", str(file)).returncode == 1
    suites = {s.get("name"): s for s in ElementTree.parse(file).getroot().iter("testsuite")}
    good, bad = suites["adder-0.verilator"], suites["adder-1.verilator"]
    assert (good.get("tests"), good.get("failures")) == ("2", "0")
    assert (bad.get("tests"), bad.get("failures")) == ("2", "1")
    assert suites["absent.verilator"].get("skipped") == "1"
    names = [case.get("name") for case in good.iter("testcase")]
    assert names == ["sums_follow_python", "fails_when_asked"]
    assert {p.get("value") for p in good.iter("property") if p.get("name") == "random_seed"} == {
        "5"
    }


def test_one_test_leaves_its_waveform(project: Path) -> None:
    file = project / "waves" / "adder.vcd"
    done = regress(project, "--test", "adder-0", "--cocotb-test", "sums", "--waves", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "$enddefinitions" in file.read_text()
    assert f"waveform: {file}" in done.stdout


def test_the_list_has_the_marked_tests_only(project: Path) -> None:
    names = [line.split()[0] for line in regress(project, "--list").stdout.splitlines()]
    assert names == ["absent", "adder-0", "adder-1", "idle"]


ENTRIES = [Entry("a-1", "verilator", "x"), Entry("a-1", "icarus", "x"), Entry("b", "icarus", "y")]


def test_names_and_simulators_are_chosen() -> None:
    assert choose(ENTRIES, [], "verilator") == ENTRIES[:1]
    assert choose(ENTRIES, ["a*"], "all") == ENTRIES[:2]
    assert choose(ENTRIES, ["b", "a-?"], "icarus") == ENTRIES[1:]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("c*", r"--test c\*: matches no test on verilator; --list shows the names"),
        ("b", "--test b: matches no test on verilator; it runs on icarus"),
    ],
)
def test_a_name_that_matches_nothing_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(RegressionError, match=message):
        choose(ENTRIES, [pattern], "verilator")
