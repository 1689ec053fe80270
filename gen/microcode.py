"""The firmware of the scalar datapath: compiled, linked, and checked for what its processor has."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from arch.errors import WeftError
from arch.params import Params
from arch.scalar import (
    CODE_BASE,
    DATA_BASE,
    DATA_BYTES,
    HOST_BYTES,
    MAC_OPCODE,
    Guest,
    Mac,
    code_bytes,
)
from gen.c_header import HEADER_NAME, c_header
from gen.elf import read_elf
from gen.instructions import is_rv32im
from gen.scalar_header import HEADER_NAME as SCALAR_HEADER_NAME
from gen.scalar_header import scalar_header
from gen.toolchain import (
    SourceError,
    Target,
    ToolchainError,
    built_once,
    compile_object,
    digest_of,
    find_zig,
    run_zig,
)

SOURCE_FOLDER = Path(__file__).parent.parent / "hw" / "scalar" / "microcode"
STACK_BYTES = 464  # at the end of data memory, at least

TARGET = Target(
    name="scalar",
    triple="riscv32-linux-musl",
    cpu="generic_rv32+zmmul+relax",
    musl_folder="riscv32",
    flags=(
        "-fno-pic",
        "-ffreestanding",
        "-fno-builtin",
        "-fno-jump-tables",
        "-fomit-frame-pointer",
        "-fno-stack-protector",
        "-fno-asynchronous-unwind-tables",
        "-fno-unwind-tables",
        "-ffunction-sections",
        "-fdata-sections",
        # For size: calls at the end of functions would keep them from sharing what saves registers.
        "-Os",
        "-msave-restore",
        "-fno-optimize-sibling-calls",
    ),
)

FAST_SOURCES = frozenset({"border.cc", "regular.cc", "results.cc"})
"""Those with the innermost loops."""

SMALLEST = ("-Xclang", "-Oz")
"""What the others are compiled with; zig takes -Oz by itself for -Os."""


class MicrocodeError(WeftError):
    """Firmware of the scalar datapath that does not fit, or that its processor could not run."""


@dataclass(frozen=True)
class Microcode:
    """What the processor's memories hold at power-up.

    Members
    -------
    code : words from CODE_BASE on.
    data : words from DATA_BASE + HOST_BYTES on.
    elf : the linked file, with symbols.
    """

    code: tuple[int, ...]
    data: tuple[int, ...]
    elf: Path


def microcode_sources() -> list[Path]:
    """The firmware's C++ and assembly files."""
    return sorted([*SOURCE_FOLDER.glob("*.cc"), *SOURCE_FOLDER.glob("*.S")])


def headers_of(params: Params) -> Path:
    """The cache's folder with the two generated headers of a configuration."""
    texts = {HEADER_NAME: c_header(params), SCALAR_HEADER_NAME: scalar_header(params)}
    folder = f"microcode/include/{digest_of(*texts.values())}"
    paths = [
        built_once(folder, Path(name).stem, ".h", partial(_write, text))
        for name, text in texts.items()
    ]
    return paths[0].parent


def _write(text: str, path: Path) -> None:
    path.write_text(text)


def microcode(params: Params) -> Microcode:
    """Compile and link the firmware for a configuration; from the cache where nothing changed.

    Raises subclasses of WeftError, of one line, where the compiler is missing or the firmware does
    not fit the processor's memories.
    """
    headers = headers_of(params)
    sources = microcode_sources()
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = [Path(work) / f"{source.stem}.o" for source in sources]
        list(pool.map(lambda source, out: _compile(source, out, headers), sources, objects))
        contents = [path.read_bytes() for path in objects]
        script = _linker_script(params)
        digest = digest_of(find_zig().version, script, *contents)
        elf = built_once(
            "microcode", digest, ".elf", lambda out: _link(params, objects, script, out)
        )
    return _read(elf, params.config.has_core)


def _compile(source: Path, output: Path, headers: Path) -> None:
    flags = () if source.name in FAST_SOURCES else SMALLEST
    compile_object(TARGET, source, output, (SOURCE_FOLDER, headers), flags=flags)


def _linker_script(params: Params) -> str:
    return f"""\
ENTRY(weft_start)

MEMORY
{{
    CODE (rx) : ORIGIN = 0x{CODE_BASE:08X}, LENGTH = {code_bytes(params)}
    DATA (rw) : ORIGIN = 0x{DATA_BASE + HOST_BYTES:08X}, LENGTH = {DATA_BYTES - HOST_BYTES}
}}

SECTIONS
{{
    .text : {{
        KEEP(*(.text.start))
        *(.text .text.*)
    }} > CODE

    .rodata : {{
        *(.rodata .rodata.* .srodata .srodata.*)
        . = ALIGN(4);
    }} > DATA

    .data : {{ *(.data .data.* .sdata .sdata.* .init_array .init_array.*) }} > DATA
    ASSERT(SIZEOF(.data) == 0, "variables have initial values")

    .bss (NOLOAD) : ALIGN(4)
    {{
        __bss_start = .;
        *(.sbss .sbss.* .bss .bss.* COMMON)
        . = ALIGN(4);
        __bss_end = .;
    }} > DATA

    .noinit (NOLOAD) : ALIGN(4) {{ *(.noinit) }} > DATA

    .stack (NOLOAD) : ALIGN(16)
    {{
        . = . + {STACK_BYTES};
    }} > DATA
    __global_pointer$ = ORIGIN(DATA);
    __stack_top = ORIGIN(DATA) + LENGTH(DATA);

    /DISCARD/ : {{ *(.eh_frame .eh_frame_hdr .comment .note.* .llvm_addrsig) }}
}}
"""


def _link(params: Params, objects: Sequence[Path], script: str, output: Path) -> None:
    path = output.with_suffix(".ld")
    path.write_text(script)
    command = ["ld.lld", "-m", "elf32lriscv", "-static", "--gc-sections", "--relax-gp"]
    command += ["--error-limit=0", "--color-diagnostics=never", "--no-demangle"]
    code, text = run_zig([*command, "-T", path, "-o", output, *objects])
    if not code:
        return
    over = re.search(r"region '(CODE|DATA)': overflowed by (\d+) bytes", text)
    if over is not None:
        size = {"CODE": code_bytes(params), "DATA": DATA_BYTES}[over[1]]
        raise MicrocodeError(
            f"microcode: {int(over[2])} bytes more than the {size} of the processor's {over[1]}"
        )
    missing = re.search(r"undefined(?: \w+)? symbol: (\S+)", text)
    if missing is not None:
        raise SourceError(f"microcode: {missing[1]} is used, and there is no library")
    lines = [line for line in text.splitlines() if "error:" in line]
    raise ToolchainError(f"linker: {lines[0] if lines else text[:200]!r}")


def _read(path: Path, has_core: bool) -> Microcode:
    elf = read_elf(path)
    code, data = _words(elf.sections[".text"]), _words(elf.sections.get(".rodata", b""))
    check_microcode(code, has_core)
    return Microcode(code, data, path)


def _words(contents: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(contents[i : i + 4], "little") for i in range(0, len(contents), 4))


def is_instruction(word: int, has_core: bool) -> bool:
    """Whether the scalar datapath's processor has an instruction: RV32I without fences and system
    calls, Zmmul, the MAC's, with a core those for operators."""
    opcode, funct3, funct7 = word & 0x7F, word >> 12 & 7, word >> 25
    if opcode == MAC_OPCODE:
        known = [*Mac, *Guest] if has_core else [*Mac]
        return funct3 in known and funct7 < 4
    is_division = opcode == 0x33 and funct7 == 1 and funct3 >= 4
    return is_rv32im(word) and opcode not in (0x0F, 0x73) and not is_division


def check_microcode(code: Sequence[int], has_core: bool) -> None:
    """Refuse a program with an instruction that the processor lacks; raises MicrocodeError."""
    for index, word in enumerate(code):
        if not is_instruction(word, has_core):
            raise MicrocodeError(
                f"microcode: 0x{word:08X} at 0x{CODE_BASE + 4 * index:08X} is no instruction of the"
                " scalar datapath's processor"
            )
