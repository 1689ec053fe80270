"""The second tool chain: Debian's riscv64-unknown-elf-gcc with picolibc, for the core alone.

It takes no part in what is shipped; it shows that neither the headers nor the runtime depend on one
compiler. C++ headers are those of Arm's package, which Debian builds from the same sources; of
libstdc++ there is what is in headers.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gen.toolchain import (
    CXX_FLAGS,
    LANGUAGE_FLAGS,
    SourceError,
    ToolchainError,
    first_diagnostic,
)

PACKAGES = "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf libstdc++-arm-none-eabi-dev"
_PICOLIBC = Path("/usr/lib/picolibc/riscv64-unknown-elf")
_CXX_HEADERS = Path("/usr/include/newlib/c++")
_MACHINE = ("-march=rv32im", "-mabi=ilp32")


@dataclass(frozen=True)
class Gcc:
    """The installed compiler, the folders of its headers, and the libraries that it links."""

    program: Path
    version: str
    c_headers: Path
    cxx_headers: tuple[Path, ...]
    libraries: tuple[Path, ...]


@cache
def find_gcc() -> Gcc:
    """The compiler; raises :class:`ToolchainError` with what is to be installed."""
    found = shutil.which("riscv64-unknown-elf-gcc")
    cxx = max(_CXX_HEADERS.glob("*"), default=None)
    libraries = [_PICOLIBC / "lib" / "rv32im" / "ilp32" / "libc.a"]  # libm is in it
    if found is None or cxx is None or not all(path.is_file() for path in libraries):
        raise ToolchainError(f"toolchain gcc: not installed; apt-get install {PACKAGES}")
    program = Path(found)
    libraries.append(Path(_run(program, [*_MACHINE, "-print-libgcc-file-name"]).strip()))
    return Gcc(
        program,
        _run(program, ["--version"]).splitlines()[0],
        _PICOLIBC / "include",
        (cxx, cxx / "arm-none-eabi"),
        tuple(libraries),
    )


def _run(program: Path, arguments: Sequence[str | Path]) -> str:
    """Standard output; raises :class:`SourceError` with the first diagnostic."""
    done = subprocess.run(
        [str(program), *map(str, arguments)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        text = done.stderr + done.stdout
        raise SourceError(first_diagnostic(text) or f"{program.name}: {text[:200]!r}")
    return done.stdout


def compile_with_gcc(
    source: Path, output: Path, include_folders: Sequence[Path], flags: Sequence[str] = ()
) -> None:
    """Compile one C, C++ or assembly file; raises :class:`SourceError`."""
    if not source.is_file():
        raise SourceError(f"{source}: no such file; name an operator's C++ source")
    gcc = find_gcc()
    is_cxx = source.suffix not in (".c", ".S")
    headers = [*(gcc.cxx_headers if is_cxx else ()), gcc.c_headers]
    _run(
        gcc.program,
        [
            *_MACHINE,
            "-Wa,-march=rv32im_zicsr",
            *LANGUAGE_FLAGS,
            *("-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables"),
            # A loop that copies must not become a call of the function that it is in.
            "-fno-tree-loop-distribute-patterns",
            # int32_t is int, as it is with the first tool chain and on the host.
            *("-U__INT32_TYPE__", "-D__INT32_TYPE__=int"),
            *("-U__UINT32_TYPE__", "-D__UINT32_TYPE__=unsigned"),
            *(("-x", "c++", "-nostdinc++", *CXX_FLAGS) if is_cxx else ()),
            # From C++20 on the headers make std::string themselves.
            *(("-std=c++20",) if is_cxx else ()),
            *flags,
            *(f"-I{folder}" for folder in include_folders),
            *(flag for folder in headers for flag in ("-isystem", folder)),
            *("-c", source.resolve(), "-o", output),
        ],
    )
