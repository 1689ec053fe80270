"""Commands in the documentation are commands: their names, options and files exist."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
import typer

from arch.config import PRESETS
from cli.main import app
from cli.models import SOURCES
from tests.house.repository import FOLDERS, ROOT, name_of, pages

FENCE = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r"^WEFT_[A-Z]+=")
TOP = typer.main.get_command(app)
UsageError: type[Exception] = typer.BadParameter.__bases__[0]  # typer brings its own click


class Line(NamedTuple):
    """One command of a page, as its words, and the variables in front of it."""

    page: str
    variables: tuple[str, ...]
    words: tuple[str, ...]


def lines_of(page: Path) -> list[Line]:
    found = []
    for block in FENCE.findall(page.read_text()):
        for text in block.replace("\\\n", " ").splitlines():
            words = shlex.split(text, comments=True)
            variables = [word for word in words if VARIABLE.match(word)]
            rest = words[len(variables) :]
            if rest:
                found.append(Line(name_of(page), tuple(variables), tuple(rest)))
    return found


LINES = [line for page in pages() for line in lines_of(page)]


def problem(line: Line) -> str | None:
    """What is wrong with a command; None if nothing is."""
    program, *rest = line.words
    name = program.removeprefix(".venv/bin/")
    if name == "weft":
        return weft_problem(rest)
    if name == "make":
        return make_problem(rest)
    if name in ("python", "python3"):
        return python_problem(rest)
    return None if name in ("apt", ".", "echo", "ruff", "pip") else f"{program}: unknown program"


def weft_problem(words: list[str]) -> str | None:
    if words == ["--help"]:
        return None
    command = TOP.commands.get(words[0])  # type: ignore[attr-defined]
    if command is None:
        return f"weft {words[0]}: no such command"
    try:
        values = command.make_context(words[0], words[1:]).params
    except UsageError as error:
        return f"weft {words[0]}: {error.format_message()}"  # type: ignore[attr-defined]
    config, model = values.get("config", "tiny"), values.get("model", "kws")
    if config not in PRESETS and not config.endswith(".yaml"):
        return f"{config}: no configuration"
    if model not in SOURCES and not model.endswith(".tflite"):
        return f"{model}: no model"
    return missing_file(words)


def missing_file(words: list[str]) -> str | None:
    """A file of the checkout that is not there; names without a folder are the reader's own."""
    for word in words:
        path = word.split("::")[0]
        if path.split("/")[0] in FOLDERS and "/" in path and not (ROOT / path).exists():
            return f"{word}: no such file"
    return None


def make_problem(words: list[str]) -> str | None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    wrong = [word for word in words if "=" not in word and word not in targets]
    return f"make {wrong[0]}: no such target" if wrong else None


def python_problem(words: list[str]) -> str | None:
    if words[0] != "-m":
        return missing_file(words)
    if words[1] == "pytest" or importlib.util.find_spec(words[1]) is not None:
        return missing_file(words[2:])
    return f"python -m {words[1]}: no such module"


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.page}: {shlex.join(line.words)}")
def test_commands_of_the_documentation_exist(line: Line) -> None:
    assert problem(line) is None


def test_the_documentation_has_commands() -> None:
    assert {line.words[:2] for line in LINES} >= {
        ("make", "demo"), ("make", "test"), ("make", "regress"), ("weft", "generate"),
        ("weft", "compile"), ("weft", "run"), ("weft", "models"), ("weft", "configs"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("weft rum kws -c small", "weft rum: no such command"),
        ("weft run kws -c small --sed 1", "weft run: No such option: --sed"),
        ("weft run kws -c huge", "huge: no configuration"),
        ("weft run kws", "weft run: Missing option"),
        ("weft run examples/digits/no.tflite -c small", "examples/digits/no.tflite: no such file"),
        ("make dmeo", "make dmeo: no such target"),
        ("python -m gen.nothing", "python -m gen.nothing: no such module"),
        ("python -m pytest tests/no.py", "tests/no.py: no such file"),
        ("wfet run", "wfet: unknown program"),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(text: str, message: str) -> None:
    found = problem(Line("page", (), tuple(shlex.split(text))))
    assert found is not None
    assert found.startswith(message)


def test_variables_of_the_documentation_are_read_somewhere() -> None:
    """Names of environment variables in pages occur in the code."""
    code = "".join(
        path.read_text()
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        if path != Path(__file__)
    )
    named = {name for page in pages() for name in re.findall(r"`(WEFT_[A-Z]+)`", page.read_text())}
    assert named
    assert not {name for name in named if f'"{name}"' not in code}
