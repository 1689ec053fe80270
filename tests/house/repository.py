"""The files of this checkout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    "arch", "hw", "gen", "compiler", "firmware", "sim", "boards", "cli", "examples", "tests",
    "tools", "docs",
)  # fmt: skip


def files(*suffixes: str) -> Iterator[Path]:
    """Files of the project with one of the suffixes, those of the top folder included."""
    for folder in (ROOT, *(ROOT / name for name in FOLDERS)):
        for path in sorted(folder.glob("*") if folder == ROOT else folder.rglob("*")):
            if path.is_file() and path.suffix in suffixes:
                yield path


def pages() -> list[Path]:
    """Every page of documentation."""
    return list(files(".md"))


def name_of(path: Path) -> str:
    """Relative to the checkout, as people write it."""
    return path.relative_to(ROOT).as_posix()


def exists(name: str) -> bool:
    """Whether a file or folder of the checkout is there."""
    return (ROOT / name).exists()
