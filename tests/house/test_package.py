"""What is installed is complete: every file, and every package that the code imports."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatch
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.house.repository import ROOT

OWN = {"arch", "hw", "gen", "compiler", "firmware", "sim", "boards", "cli", "examples", "tests"}
EXTRAS = {
    "boards": ("boards",),
    "examples": ("train",),
    "tests": ("test", "train"),
    "sim/roofline.py": ("plot",),
    "sim/regress.py": ("test",),  # runs the tests, so it wants a clone
}
"""What folders and files may rely on beyond the dependencies of the package."""


@cache
def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@cache
def distributions_of_modules() -> Mapping[str, list[str]]:
    return packages_distributions()


def installed_folders() -> list[Path]:
    patterns = project()["tool"]["setuptools"]["packages"]["find"]["include"]  # type: ignore[index]
    return [ROOT / name for name in sorted(OWN) if any(fnmatch(name, p) for p in patterns)]


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def declared(place: str) -> set[str]:
    """Distributions that a file may rely on."""
    table = project()["project"]
    requirements = list(table["dependencies"])  # type: ignore[index]
    for start, extras in EXTRAS.items():
        for extra in extras if place.startswith(start) else ():
            requirements += table["optional-dependencies"][extra]  # type: ignore[index]
    return {normalised(re.split(r"[^\w.-]", text)[0]) for text in requirements}


def foreign_imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names - OWN - set(sys.stdlib_module_names)


@pytest.mark.parametrize("folder", sorted(OWN))
def test_every_import_is_a_declared_dependency(folder: str) -> None:
    by_module = distributions_of_modules()
    missing = set()
    for path in (ROOT / folder).rglob("*.py"):
        for module in foreign_imports(path):
            distributions = {normalised(name) for name in by_module.get(module, [])}
            # A module that is not installed here is known by its distribution's usual name.
            usual = {"sklearn": "scikit-learn"}.get(module, module)
            distributions = distributions or {normalised(usual)}
            place = path.relative_to(ROOT).as_posix()
            if not distributions & declared(place):
                missing.add(f"{place}: {module}")
    assert not missing


def test_every_file_is_installed() -> None:
    """What is no Python is installed only if pyproject.toml says so."""
    data = project()["tool"]["setuptools"]["package-data"]  # type: ignore[index]
    left_out = []
    for folder in installed_folders():
        named = {path for pattern in data.get(folder.name, []) for path in folder.glob(pattern)}
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix not in (".py", ".pyc") and path not in named:
                left_out.append(str(path.relative_to(ROOT)))
    assert not left_out


def test_every_folder_of_python_is_a_package() -> None:
    """Setuptools finds folders by their __init__.py."""
    for folder in installed_folders():
        for path in folder.rglob("*.py"):
            assert (path.parent / "__init__.py").is_file(), path


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    lines = [
        line for line in text.splitlines() if re.match(r'^    "[\w-]+[\[<>=~!\w. *-]*",', line)
    ]
    assert len(lines) > 15
    assert not [line for line in lines if "# " not in line]
