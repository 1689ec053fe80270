"""The user's operators: C++ files, and where what they include is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arch.config import Config
from gen.toolchain import SourceError

# Of a checkout of TensorFlow Lite Micro: what its makefile fetches. FlatBuffers' reader is ours.
_DOWNLOADS = Path("tensorflow/lite/micro/tools/make/downloads")
_LIBRARIES = ("gemmlowp", "kissfft", "ruy")
TOOLCHAINS = ("zig", "gcc")


@dataclass(frozen=True)
class OpSources:
    """C++ files that register operators, or that help those that do.

    Members
    -------
    files : C++17 or C; each is compiled on its own.
    include_folders : where their ``#include`` looks, behind the project's own headers.
    toolchain : what compiles them, and all else that runs on the core: zig or gcc.
    """

    files: tuple[Path, ...] = ()
    include_folders: tuple[Path, ...] = ()
    toolchain: str = "zig"

    def __post_init__(self) -> None:
        if self.toolchain not in TOOLCHAINS:
            raise SourceError(f"toolchain {self.toolchain}: unknown; there are zig and gcc")

    @classmethod
    def of(cls, sources: OpSources | Sequence[Path]) -> OpSources:
        """Files alone stand for themselves."""
        return sources if isinstance(sources, OpSources) else cls(tuple(map(Path, sources)))

    def behind_config(self, config: Config) -> OpSources:
        """The same with those of a configuration in front."""
        return OpSources(
            (*map(Path, config.ops), *self.files),
            (*map(Path, config.op_includes), *self.include_folders),
            self.toolchain,
        )

    def folders_for(self, file: Path) -> tuple[Path, ...]:
        """Where the ``#include`` of one file looks, behind the project's own headers.

        Raises :class:`SourceError` for a folder that is not there.
        """
        for folder in self.include_folders:
            if not folder.is_dir():
                raise SourceError(f"{folder}: no such folder; check the path given to --op-include")
        return (*self.include_folders, *_checkout_of(file))


def _checkout_of(file: Path) -> tuple[Path, ...]:
    """The folders of TensorFlow Lite Micro's checkout, if the file lies in one."""
    for folder in file.resolve().parents:
        if (folder / "tensorflow" / "lite").is_dir() or (folder / "signal" / "src").is_dir():
            fetched = (folder / _DOWNLOADS / name for name in _LIBRARIES)
            return (folder, *(path for path in fetched if path.is_dir()))
    return ()
