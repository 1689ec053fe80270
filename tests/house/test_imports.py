"""Imports run downwards only, and hardware stays where it belongs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.house.repository import ROOT

BELOW: dict[str, tuple[str, ...]] = {
    "arch": (),
    "hw": ("arch",),
    "gen": ("arch", "hw"),
    "compiler": ("arch",),
    "firmware": ("arch", "gen", "compiler"),
    "sim": ("arch", "hw", "gen", "compiler", "firmware"),
    "boards": ("arch", "hw", "gen", "compiler", "firmware", "sim"),
    "cli": ("arch", "gen", "compiler", "firmware", "sim", "boards"),
    "examples": ("arch", "gen", "compiler", "firmware", "sim", "boards", "cli"),
    "tests": (
        "arch", "hw", "gen", "compiler", "firmware", "sim", "boards", "cli", "examples",
    ),
}  # fmt: skip
"""What each folder may import, besides itself."""

MAY_NAME_AMARANTH = {"hw", "gen", "sim", "boards", "tests"}
FREE_OF_AMARANTH = ("arch", "compiler", "firmware", "cli")
"""Importing a module of these must not load Amaranth, not even by way of others."""

OLD_NAMES = {"Record", "log2_int", "add_sync_process"}
OLD_MODULES = {"amaranth.hdl.rec", "amaranth.hdl.mem", "amaranth.lib.coding", "amaranth.compat"}


@cache
def modules() -> dict[str, Path]:
    """Every Python file by its import name."""
    found = {}
    for folder in BELOW:
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def folder_of(module: str) -> str:
    return module.split(".")[0]


def imported(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """Modules that some statements import; ``from a import b`` gives both a and a.b."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import; name the folder"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text())


def at_load(node: ast.AST) -> Iterator[ast.AST]:
    """Statements that run when a module is imported: not those in functions or for types only."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield from at_load(child)


def against_the_order(folder: str, text: str) -> list[str]:
    """Folders that a file of ``folder`` imports and must not."""
    own = {folder_of(name) for name in imported(ast.walk(ast.parse(text)))} & set(BELOW)
    return sorted(own - {folder, *BELOW[folder]})


def test_every_folder_has_its_place_in_the_order() -> None:
    hidden = {"build", "dist"}
    folders = {path.parent.name for path in ROOT.glob("*/*.py")} - hidden
    assert {name for name in folders if not name.startswith(".")} <= set(BELOW)


@pytest.mark.parametrize("folder", list(BELOW))
def test_imports_run_downwards_only(folder: str) -> None:
    found = {
        module: wrong
        for module, path in modules().items()
        if folder_of(module) == folder and (wrong := against_the_order(folder, path.read_text()))
    }
    assert not found


def test_an_import_against_the_order_is_noticed() -> None:
    assert against_the_order("compiler", "def f():\n    from sim.run import prepare") == ["sim"]
    assert against_the_order("hw", "import compiler.graph, arch.isa") == ["compiler"]
    assert against_the_order("sim", "from tests import networks") == ["tests"]


def test_amaranth_is_named_only_where_hardware_is() -> None:
    found = [
        module
        for module in modules()
        if folder_of(module) not in MAY_NAME_AMARANTH
        and any(folder_of(name) == "amaranth" for name in imported(ast.walk(tree(module))))
    ]
    assert not found


def way_to_amaranth(module: str, seen: set[str]) -> list[str]:
    """The chain of imports by which loading a module loads Amaranth; empty if it does not."""
    seen.add(module)
    for name in imported(at_load(tree(module))):
        if folder_of(name) == "amaranth":
            return [module, name]
        if name in modules() and name not in seen and (way := way_to_amaranth(name, seen)):
            return [module, *way]
    return []


@pytest.mark.parametrize("folder", FREE_OF_AMARANTH)
def test_loading_what_is_no_hardware_loads_no_amaranth(folder: str) -> None:
    own = [module for module in modules() if folder_of(module) == folder]
    assert own
    ways = [way for module in own if (way := way_to_amaranth(module, set()))]
    assert not ways, "\n".join(" -> ".join(way) for way in ways)


def test_the_way_to_amaranth_is_found_where_there_is_one() -> None:
    assert way_to_amaranth("gen.generate", set())[-1].startswith("amaranth")


def test_nothing_of_amaranth_that_is_on_its_way_out() -> None:
    """Record, hdl.Memory and star imports give no warning in 0.5."""
    found = []
    for module in modules():
        nodes = list(ast.walk(tree(module)))
        names = set(imported(iter(nodes)))
        if not any(folder_of(name) == "amaranth" for name in names):
            continue
        used = {n.id for n in nodes if isinstance(n, ast.Name)}
        used |= {n.attr for n in nodes if isinstance(n, ast.Attribute)}
        used |= {name.rsplit(".", 1)[-1] for name in names if folder_of(name) == "amaranth"}
        bad = sorted(used & (OLD_NAMES | {"*"}))
        bad += sorted(names & (OLD_MODULES | {"amaranth.hdl.Memory", "amaranth.Memory"}))
        if bad:
            found.append(f"{module}: {', '.join(bad)}")
    assert not found
