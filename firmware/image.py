"""The core's program: built from the operators that a model uses, and read back from ELF."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from arch.errors import WeftError
from arch.memory_map import IMEM_BASE
from arch.op_interface import NAME_BYTES
from arch.params import Params
from firmware.gcc import compile_with_gcc, find_gcc
from firmware.link import link_core
from firmware.sources import OpSources
from gen.c_header import HEADER_NAME, c_header
from gen.elf import read_elf
from gen.instructions import check_instructions
from gen.linker_map import linker_script
from gen.toolchain import (
    SourceError,
    Target,
    built_once,
    compile_object,
    core_target,
    digest_of,
    find_zig,
)

FIRMWARE_FOLDER = Path(__file__).parent
OPS_FOLDER = FIRMWARE_FOLDER / "ops"
RUNTIME_FOLDER = FIRMWARE_FOLDER / "runtime"
INCLUDE_FOLDERS = (FIRMWARE_FOLDER, FIRMWARE_FOLDER / "tflm")
_RUNTIME = (
    "entry.S",
    "trap.S",
    "state.cc",
    "memory.c",
    "heap.cc",
    "support.cc",
    "printf.cc",
    "division.cc",
)
ACCELERATOR_SOURCE = RUNTIME_FOLDER / "accelerator.cc"
"""Both builds have it, as what it does is the same."""
_REGISTRATION = struct.Struct(f"<{NAME_BYTES}sII")


class UnknownOperatorError(WeftError):
    """An operator that neither the library nor the user's sources have."""


class AddressRange(NamedTuple):
    """Addresses from ``start`` up to, not including, ``end``."""

    start: int
    end: int

    @property
    def n_bytes(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class OpFunctions:
    """Addresses of an operator's functions on the core; ``init`` is None where there is none."""

    eval: int
    init: int | None


@dataclass(frozen=True)
class FirmwareImage:
    """A linked program of the core.

    Members
    -------
    imem : bytes from ``imem_base`` on.
    dmem : bytes from ``dmem_base`` on: initialised data and constants.
    entry : function of the boot command.
    bss : cleared by the entry code.
    free : data memory for descriptors, constants, state and scratch.
    stack : grows down from its end; below its start there is no memory.
    functions : by the name that an operator is registered under.
    prepare, keep : the runtime's functions that call an init once, and that end an inference.
    elf : the file, with symbols and debug information.
    """

    imem: bytes
    dmem: bytes
    entry: int
    bss: AddressRange
    free: AddressRange
    stack: AddressRange
    functions: Mapping[str, OpFunctions]
    elf: Path
    prepare: int
    keep: int
    dmem_base: int
    imem_base: int = IMEM_BASE


def builtin_op_names() -> list[str]:
    """Names of the operators in the library."""
    return sorted(path.stem.upper() for path in OPS_FOLDER.glob("*.cc"))


def builtin_source(name: str) -> Path:
    """The library's source of an operator; raises :class:`UnknownOperatorError`."""
    path = OPS_FOLDER / f"{name.lower()}.cc"
    if not path.is_file():
        known = ", ".join(builtin_op_names())
        raise UnknownOperatorError(
            f"{name}: the core's library has no such operator; it has {known};"
            " give a C++ source of your own"
        )
    return path


def build_firmware(
    params: Params, op_sources: OpSources | Sequence[Path], builtin_ops: Sequence[str]
) -> FirmwareImage:
    """Compile and link start-up, main loop and operators; from the cache where nothing changed.

    Parameters
    ----------
    params : the configuration; its core's memories must hold the program.
    op_sources : the user's C++ sources, of which one registers an operator at least.
    builtin_ops : names from :func:`builtin_op_names`.

    Raises subclasses of WeftError, of one line, for sources that do not compile or link, for
    names that are unknown or registered twice, and for programs that do not fit.
    """
    script = linker_script(params)  # refuses a configuration without a core before anything else
    sources = [RUNTIME_FOLDER / name for name in _RUNTIME]
    sources += [builtin_source(name) for name in dict.fromkeys(builtin_ops)]
    sources.append(ACCELERATOR_SOURCE)
    n_own = len(sources)
    own = OpSources.of(op_sources)
    sources += own.files
    header_folder = _header_folder(params)
    target = core_target(params.config.core_extensions)
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = [Path(work) / f"{i}_{source.stem}.o" for i, source in enumerate(sources)]
        folders = [(header_folder, *own.folders_for(source)) for source in sources]
        compile_one = _compile_with_gcc if own.toolchain == "gcc" else partial(_compile, target)
        list(pool.map(compile_one, sources, objects, folders))
        _check_registers(own.files, objects[n_own:])
        contents = [path.read_bytes() for path in objects]
        archives = find_gcc().libraries if own.toolchain == "gcc" else None
        digest = digest_of(find_zig().version, script, archives, *contents)
        elf = built_once(
            "firmware", digest, ".elf", lambda out: link_core(params, objects, out, archives)
        )
    return read_image(elf, params.config.core_extensions)


def _header_folder(params: Params) -> Path:
    """The cache's folder with the C header of the configuration, for ``#include``."""
    text = c_header(params)

    def write(path: Path) -> None:
        path.write_text(text)

    return built_once(
        f"firmware/include/{digest_of(text)}", Path(HEADER_NAME).stem, ".h", write
    ).parent


def _compile(target: Target, source: Path, output: Path, folders: Sequence[Path]) -> None:
    flags = [*_runtime_flags(source), *(["-Oz"] if _is_unhurried(source) else [])]
    compile_object(target, source, output, (*INCLUDE_FOLDERS, *folders), flags=flags)


def _compile_with_gcc(source: Path, output: Path, folders: Sequence[Path]) -> None:
    flags = [*_runtime_flags(source), *(["-Os"] if _is_unhurried(source) else [])]
    compile_with_gcc(source, output, (*INCLUDE_FOLDERS, *folders), flags)


def _runtime_flags(source: Path) -> list[str]:
    """A runtime's memcpy must not be turned into a call of itself."""
    return ["-ffreestanding", "-fno-builtin"] if source.parent == RUNTIME_FOLDER else []


def _is_unhurried(source: Path) -> bool:
    """The log's formatting, which is large enough."""
    return source == RUNTIME_FOLDER / "printf.cc"


def _check_registers(sources: Sequence[Path], objects: Sequence[Path]) -> None:
    """Some may only help others."""
    if sources and not any("weft_ops" in read_elf(path).sections for path in objects):
        names = ", ".join(map(str, sources))
        raise SourceError(
            f'{names}: registers no operator; add a line WEFT_OP("name", eval) at file scope'
        )


def read_image(path: Path, extensions: frozenset[str]) -> FirmwareImage:
    """The image of a linked ELF file for a core with extensions.

    Raises WeftError for what the core could not execute.
    """
    elf = read_elf(path)
    if elf.thread_locals - {"errno"}:  # picolibc's is one, and entry.S has a place for it
        raise SourceError(
            "firmware: thread_local is used, and the core has no threads; use static instead"
        )
    at = elf.addresses()
    image = FirmwareImage(
        imem=elf.sections.get(".text", b""),
        dmem=elf.sections.get(".data", b""),
        entry=elf.entry,
        bss=AddressRange(at["__bss_start"], at["__bss_end"]),
        free=AddressRange(at["__free_start"], at["__free_end"]),
        stack=AddressRange(at["__stack_bottom"], at["__stack_top"]),
        functions=_functions(elf.sections.get(".weft_ops", b"")),
        elf=path,
        prepare=at["weft_prepare"],
        keep=at["weft_keep"],
        dmem_base=at["__data_start"],
    )
    names = {symbol.value: symbol.name for symbol in elf.symbols if symbol.is_function}
    check_instructions(image.imem, image.imem_base, names, extensions)
    return image


def _functions(records: bytes) -> dict[str, OpFunctions]:
    """Registrations by name; raises :class:`SourceError` where a name comes twice."""
    functions: dict[str, OpFunctions] = {}
    for name_bytes, run, init in _REGISTRATION.iter_unpack(records):
        name = name_bytes.rstrip(b"\0").decode(errors="replace")
        if name in functions:
            raise SourceError(f"{name}: is registered twice; give one WEFT_OP another name")
        functions[name] = OpFunctions(run, init or None)
    return functions
