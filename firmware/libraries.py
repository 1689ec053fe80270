"""Parts of the standard libraries, built from ziglang's sources only when something calls them.

Soft float, 64-bit division and most of libm are zig's own (compiler_rt and its libc), the rest of
libm and of the C library is musl's, file by file, and of libc++ there is what is not in headers.
The core and the host's build of the operators take their mathematical functions from the same
sources, so that both compute the same bits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from gen.toolchain import (
    CXX_FLAGS,
    LANGUAGE_FLAGS,
    Target,
    ToolchainError,
    built_once,
    digest_of,
    find_zig,
    run_zig,
)

_ZIG_MODULES = ("compiler_rt", "c")
_MUSL_FOLDERS = ("math", "string", "stdlib", "ctype", "errno", "multibyte")
# Sources of libc++ by what the mangled names of their functions contain; those that need a file
# system, threads or locales are not here. What matches nothing may be in any of them.
_LIBCXX_FILES = {
    "__sort": "algorithm",
    "to_chars": "charconv",
    "bad_function_call": "functional",
    "__next_prime": "hash",
    "__shared": "memory",
    "optional": "optional",
    "error": "stdexcept",
    "out_of_range": "stdexcept",
    "basic_string": "string",
    "to_string": "string",
    "sto": "string",
    "vector": "vector",
}


def _object(
    target: Target, name: str, command: list[str], cwd: Path, output_flag: str = "-o"
) -> Path:
    """What ``command`` makes in the folder ``cwd``, from the cache if it is there."""
    zig = find_zig()

    def build(path: Path) -> None:
        output = [output_flag, str(path)] if output_flag == "-o" else [f"{output_flag}={path}"]
        code, text = run_zig([*command, *output], cwd)
        if code:
            raise ToolchainError(f"ziglang {zig.version}: {name} does not compile: {text[:200]!r}")

    digest = digest_of(zig.version, str(zig.library), target, command)
    return built_once("libraries", f"{name}-{target.name}-{digest}", ".o", build)


def zig_objects(target: Target) -> list[Path]:
    """compiler_rt and zig's part of libc: one object each, with a section for every function."""
    position = "-fPIC" if "-fPIC" in target.flags else "-fno-PIC"

    def build(module: str) -> Path:
        command = [
            *("build-obj", f"{module}.zig", "-lc", "-OReleaseFast", "-fstrip"),
            *("-target", target.triple, f"-mcpu={target.cpu}", "--name", module),
            *("-ffunction-sections", "-fdata-sections", "-fno-stack-check", position),
        ]
        return _object(target, module, command, find_zig().library, output_flag="-femit-bin")

    with ThreadPoolExecutor() as pool:
        return list(pool.map(build, _ZIG_MODULES))


@cache
def _musl_files(folder: str) -> dict[str, Path]:
    """Sources of a folder of musl by the function that their name says they define."""
    root = find_zig().library / "libc" / "musl" / "src"
    return {path.stem: path for path in sorted((root / folder).glob("*.c"))}


def _musl_source(folder: str, symbol: str) -> Path | None:
    files = _musl_files(folder)
    # Tables such as __powf_log2_data are in files such as powf_data.c.
    table = re.fullmatch(r"__(\w+?)_(?:\w+_)?data", symbol)
    name = f"{table[1]}_data" if table else symbol
    return files.get(name) or files.get(name.lstrip("_"))


def musl_object(target: Target, symbol: str) -> Path | None:
    """musl's object that defines ``symbol``; None where no source is named after it."""
    for folder in _MUSL_FOLDERS:
        source = _musl_source(folder, symbol)
        if source is not None:
            return _musl_object(target, source)
    return None


def math_object(target: Target, symbol: str) -> Path | None:
    """The same of musl's libm alone."""
    source = _musl_source("math", symbol)
    return _musl_object(target, source) if source is not None else None


def in_libm(symbol: str) -> bool:
    """Whether one of libm's functions means another part of libm by this name."""
    return symbol in math_functions() or _musl_source("math", symbol) is not None


def _musl_object(target: Target, source: Path) -> Path:
    root = find_zig().library / "libc" / "musl"
    folders = [f"arch/{target.musl_folder}", "arch/generic", "src/include", "src/internal"]
    return _object(
        target,
        source.stem,
        [
            *("cc", "-target", target.triple, f"-mcpu={target.cpu}", "-w"),
            *(flag for flag in LANGUAGE_FLAGS if flag not in ("-g", "-fno-exceptions")),
            *target.flags,
            *("-std=c99", "-D_XOPEN_SOURCE=700"),
            *(f"-I{folder}" for folder in [*folders, "include"]),
            *("-c", str(source.relative_to(root))),
        ],
        root,
    )


def libcxx_objects(target: Target, symbol: str) -> list[Path]:
    """Objects of libc++ that may define a mangled name; none where it is not libc++'s."""
    if re.match(r"_Z(?:N[KV]*|T[VIS]N?)?St", symbol) is None:
        return []
    likely = [name for part, name in _LIBCXX_FILES.items() if part in symbol]
    return [
        _libcxx_object(target, name) for name in dict.fromkeys(likely or _LIBCXX_FILES.values())
    ]


def _libcxx_object(target: Target, name: str) -> Path:
    flags = [*LANGUAGE_FLAGS, *CXX_FLAGS]
    return _object(
        target,
        f"libcxx-{name}",
        [
            *("c++", "-target", target.triple, f"-mcpu={target.cpu}", "-w"),
            *(flag for flag in flags if flag not in ("-g", "-std=c++17")),
            *target.flags,
            *("-std=c++23", "-D_LIBCPP_BUILDING_LIBRARY", "-DLIBCXX_BUILDING_LIBCXXABI"),
            *("-I.", "-I../../libcxxabi/include", "-I../libc"),
            *("-c", f"{name}.cpp"),
        ],
        find_zig().library / "libcxx" / "src",
    )


@cache
def math_functions() -> frozenset[str]:
    """Names that <math.h> declares."""
    header = find_zig().library / "libc" / "musl" / "include" / "math.h"
    return frozenset(re.findall(r"\b([a-z_]\w*)\s*\(", header.read_text()))


def providers(target: Target) -> list[Callable[[str], list[Path]]]:
    """What can define a missing symbol, the quickest to build first."""
    return [
        lambda symbol: zig_objects(target),
        lambda symbol: [found] if (found := musl_object(target, symbol)) else [],
        lambda symbol: libcxx_objects(target, symbol),
    ]
