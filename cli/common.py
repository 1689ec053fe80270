"""What the commands share: consoles, the progress line, paths of models and operators."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from arch.errors import WeftError
from cli import models
from firmware.sources import OpSources

UNLIMITED = 10_000  # columns; lines in files and pipes are as long as they are

out = Console(width=None if sys.stdout.isatty() else UNLIMITED)
err = Console(stderr=True)

OpsOption = Annotated[
    list[Path] | None,
    typer.Option("--op", help="C++ file with custom operators; may be given several times."),
]
IncludesOption = Annotated[
    list[Path] | None,
    typer.Option("--op-include", help="Folder that those files include from; likewise."),
]
ToolchainOption = Annotated[
    str, typer.Option(help="What compiles for the core: zig, or gcc of Debian's packages.")
]


def model_path(name: str) -> Path:
    """A file, or one of the networks that ``weft models`` fetches."""
    if name in models.SOURCES and not Path(name).exists():
        return models.find(name)
    path = Path(name)
    if not path.is_file():
        known = ", ".join(models.SOURCES)
        raise WeftError(f"{name}: is neither a file nor one of {known}; check the path")
    return path


def op_files(
    ops: list[Path] | None, includes: list[Path] | None, toolchain: str = "zig"
) -> OpSources:
    for path in ops or []:
        if not path.is_file():
            raise WeftError(f"{path}: no such C++ file; check the path given to --op")
    return OpSources(tuple(ops or ()), tuple(includes or ()), toolchain)


@contextmanager
def progress_line() -> Iterator[Progress]:
    """A line on stderr that says what is being done; gone when it is finished.

    Nothing is shown where stderr is no terminal.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
    )
    progress = Progress(*columns, console=err, transient=True, disable=not err.is_terminal)
    if progress.disable:
        yield progress
        return
    with progress:
        yield progress
