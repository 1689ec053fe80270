"""The C++ compiler: ziglang from PyPI, for the core and for what the host shares with it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from arch.errors import WeftError


class ToolchainError(WeftError):
    """A compiler that is missing, or that fails for a reason outside the user's sources."""


class SourceError(WeftError):
    """An operator's source that does not compile or link: ``file:line: message``."""


@dataclass(frozen=True)
class Zig:
    """The installed compiler: its program, the folder of its libraries' sources, its version."""

    program: Path
    library: Path
    version: str


@dataclass(frozen=True)
class Target:
    """What is compiled for.

    Members
    -------
    triple, cpu : as zig names them.
    musl_folder : name of musl's folder for the architecture.
    flags : flags beyond :data:`LANGUAGE_FLAGS`.
    """

    name: str
    triple: str
    cpu: str
    musl_folder: str
    flags: tuple[str, ...]


# Floating point must round alike on every target: no fused operations.
LANGUAGE_FLAGS = (
    "-O2",
    "-g",
    "-fsigned-char",
    "-ffp-contract=off",
    "-fno-strict-aliasing",
    "-fno-exceptions",
)
CXX_FLAGS = ("-std=c++17", "-fno-rtti", "-fno-threadsafe-statics")

# The triple only chooses headers: nothing of Linux is linked. libc++ is told that there are no
# threads, so that nothing is atomic; the core has no A extension.
CORE = Target(
    name="core",
    triple="riscv32-linux-musl",
    cpu="generic_rv32+m+relax",
    musl_folder="riscv32",
    flags=(
        "-fno-pic",
        "-fomit-frame-pointer",
        "-fno-stack-protector",
        "-fno-asynchronous-unwind-tables",
        "-fno-unwind-tables",
        "-ffunction-sections",
        "-fdata-sections",
        "-U_LIBCPP_HAS_THREADS",
        "-D_LIBCPP_HAS_THREADS=0",
    ),
)


def core_target(extensions: frozenset[str]) -> Target:
    """What a core with extensions is compiled for (the libraries do without them)."""
    names = {"zba": "zba", "zbb": "zbb", "compressed": "c"}
    features = "".join(f"+{feature}" for name, feature in names.items() if name in extensions)
    flags = ("-DWEFT_HAS_DOT4",) if "dot4" in extensions else ()
    return replace(CORE, cpu=CORE.cpu + features, flags=(*CORE.flags, *flags))


def host_target() -> Target:
    """The host, for the mathematical functions that it shares with the core."""
    machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    return Target(
        name=f"host-{machine}",
        triple=f"{machine}-linux-musl",
        cpu="baseline",
        musl_folder=machine,
        flags=("-fPIC", "-ffunction-sections", "-fdata-sections"),
    )


@cache
def find_zig() -> Zig:
    """The compiler; raises :class:`ToolchainError` where the package is missing."""
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise ToolchainError("ziglang: not installed, and firmware needs it; pip install ziglang")
    folder = Path(spec.origin).parent
    return Zig(folder / "zig", folder / "lib", importlib.metadata.version("ziglang"))


def cache_folder() -> Path:
    """Folder of what is built: WEFT_CACHE, or ~/.cache/weft."""
    chosen = os.environ.get("WEFT_CACHE")
    folder = Path(chosen) if chosen else Path.home() / ".cache" / "weft"
    return folder.expanduser().resolve()


def built_once(folder: str, digest: str, suffix: str, build: Callable[[Path], None]) -> Path:
    """A file of the cache, made by ``build(path)`` if it is not there yet.

    Several processes may build the same file; each puts a complete one in place.
    """
    path = cache_folder() / folder / f"{digest}{suffix}"
    if path.exists():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as work:
            made = Path(work) / f"build{suffix}"
            build(made)
            os.replace(made, path)
    except OSError as error:
        raise ToolchainError(
            f"{path.parent}: cannot be written ({error.strerror}); set WEFT_CACHE to a folder"
            " that can"
        ) from None
    return path


def digest_of(*parts: object) -> str:
    """A digest of what a built file depends on; files are given as their bytes."""
    state = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        state.update(len(data).to_bytes(8, "little") + data)
    return state.hexdigest()[:32]


def run_zig(arguments: Sequence[str | Path], cwd: Path | None = None) -> tuple[int, str]:
    """Exit code and diagnostics; what zig itself caches is kept in the project's cache."""
    zig_cache = str(cache_folder() / "zig")
    done = subprocess.run(
        [str(find_zig().program), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "ZIG_GLOBAL_CACHE_DIR": zig_cache, "ZIG_LOCAL_CACHE_DIR": zig_cache},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def first_diagnostic(output: str) -> str | None:
    """The first error of a C++ compiler's output as ``file:line: message``."""
    found = re.search(r"^(.+?):(\d+):(?:\d+:)? (?:fatal )?error: (.+)$", output, re.MULTILINE)
    if found is None:
        return None
    path, line, message = found.groups()
    return f"{shown_path(path)}:{line}: {message}"


def shown_path(path: str) -> str:
    """A path as short as it can be said from the current folder."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return path


def compile_object(
    target: Target,
    source: Path,
    output: Path,
    include_folders: Sequence[Path] = (),
    *,
    flags: Sequence[str] = (),
) -> None:
    """Compile one C, C++ or assembly file; zig's cache makes it quick where nothing changed.

    Raises :class:`SourceError` with the first diagnostic.
    """
    if not source.is_file():
        raise SourceError(f"{source}: no such file; name an operator's C++ source")
    is_cxx = source.suffix not in (".c", ".S")
    code, text = run_zig(
        [
            "c++" if is_cxx else "cc",
            *("-target", target.triple, f"-mcpu={target.cpu}"),
            *LANGUAGE_FLAGS,
            *target.flags,
            *(CXX_FLAGS if is_cxx else ()),
            *flags,
            *(f"-I{folder}" for folder in include_folders),
            "-fno-color-diagnostics",
            *("-c", source.resolve(), "-o", output),
        ]
    )
    if code:
        raise SourceError(first_diagnostic(text) or f"{source}: {_first_line(text)}")


def _first_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "the compiler failed without a message"
