"""tools/check_prerequisites.sh names what is missing, with the package that brings it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.repository import ROOT

SCRIPT = ROOT / "tools" / "check_prerequisites.sh"
TOOLS = ("make", "perl", "c++")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder with stand-ins for all tools and with this Python: the whole PATH."""
    for tool in TOOLS:
        _program(tmp_path / tool, "exit 0")
    _program(tmp_path / "python3", f'exec "{sys.executable}" "$@"')
    return tmp_path


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def check(path: Path, python: str = "python3", **environment: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [shutil.which("sh") or "/bin/sh", str(SCRIPT), python],
        env={"PATH": str(path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not done.stdout
    return done.returncode, done.stderr.splitlines()


def test_nothing_is_said_where_nothing_is_missing(path: Path) -> None:
    assert check(path) == (0, [])


@pytest.mark.parametrize(
    ("tool", "what", "package"),
    [
        ("make", "make", "make"),
        ("perl", "perl", "perl"),
        ("c++", "a C++ compiler (c++)", "g++"),
        ("python3", "Python 3.11 or later (python3)", "python3 python3-venv libpython3-dev"),
    ],
)
def test_a_missing_tool_is_named_with_its_package(
    path: Path, tool: str, what: str, package: str
) -> None:
    (path / tool).unlink()
    code, lines = check(path)
    assert code == 1
    assert lines == [f"weft: {what} is missing; install it with: apt install {package}"]


def test_everything_that_is_missing_is_named_at_once(path: Path) -> None:
    for tool in TOOLS:
        (path / tool).unlink()
    code, lines = check(path)
    assert code == 1
    assert len(lines) == len(TOOLS)


def test_an_old_python_is_named_with_its_version(path: Path) -> None:
    stand_in = 'case "$1" in -V) echo "Python 3.9.2";; *) exit 1;; esac'
    _program(path / "python3", stand_in)
    code, lines = check(path)
    assert code == 1
    assert lines == [
        "weft: python3 is Python 3.9.2; 3.11 or later is needed: make PYTHON=python3.11 ..."
    ]


@pytest.mark.parametrize(
    ("module", "what", "package"),
    [
        ("ensurepip", "the module venv of Python", "python3-venv"),
        ("venv", "the module venv of Python", "python3-venv"),
        ("sysconfig", "Python's shared library", "libpython3-dev"),
    ],
)
def test_a_python_without_a_part_that_debian_packs_apart(
    path: Path, module: str, what: str, package: str
) -> None:
    """As on a machine with python3 alone: the import fails."""
    broken = path / "broken"
    broken.mkdir()
    (broken / f"{module}.py").write_text("raise ImportError\n")
    _program(path / "python3", f'PYTHONPATH="{broken}" exec "{sys.executable}" "$@"')
    code, lines = check(path)
    assert code == 1
    assert lines[-1:] == [f"weft: {what} is missing; install it with: apt install {package}"]


def test_another_python_and_another_compiler_can_be_named(path: Path) -> None:
    (path / "python3").rename(path / "python3.11")
    (path / "c++").rename(path / "clang++")
    assert check(path, "python3.11", CXX="clang++") == (0, [])
    code, lines = check(path, "python3.11", CXX="g++-99")
    assert code == 1
    assert lines == ["weft: a C++ compiler (g++-99) is missing; install it with: apt install g++"]
