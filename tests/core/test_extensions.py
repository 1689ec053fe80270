"""Compiled code uses the extensions that a core has, and computes what it does without them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from firmware.image import FIRMWARE_FOLDER
from gen.elf import read_elf
from gen.instructions import InstructionError, check_instructions
from gen.toolchain import compile_object, core_target, run_zig
from hw.core.options import CpuOptions
from tests.core.encoding import load_constant
from tests.core.simulate import DMEM_BASE, MEMORY_BYTES, run

N_ROUNDS = 200
SOURCE = f"""
#include "weft_dot4.h"
extern "C" [[noreturn]] void start() {{
    volatile uint32_t *const device = (volatile uint32_t *)0xF0000000;
    uint32_t a = 1, b = 2;
    int32_t dot = 0, mixed = 0;
    uint32_t bits = 0;
    for (int i = 0; i < {N_ROUNDS}; i++) {{
        a = a * 1664525 + 1013904223;
        b = b * 22695477 + 1;
        dot = weft_dot4(dot, a, b);
        mixed = weft_dot4_unsigned(mixed, a, b);
        bits += __builtin_clz(a | 1) + 3 * __builtin_ctz(b | 0x80000000);
        bits = (bits << 7 | bits >> 25) ^ (a & ~b);
        bits += (int32_t)a < (int32_t)b ? a : b;
        bits ^= (uint32_t)(int8_t)a + (uint16_t)b;
        bits += 4 * a;
    }}
    device[1] = dot;
    device[1] = mixed;
    device[1] = bits;
    device[0] = 0;
    for (;;) {{}}
}}
"""
EXTENSIONS = frozenset(("zba", "zbb", "dot4", "compressed"))


def compiled(folder: Path, extensions: frozenset[str]) -> tuple[bytes, bytes]:
    """An image from address 0 on, and the instructions in it."""
    source, built, linked = folder / "f.cc", folder / "f.o", folder / "f.elf"
    script = folder / "f.ld"
    source.write_text(SOURCE)
    set_stack = struct.pack("<2I", *load_constant(2, DMEM_BASE + MEMORY_BYTES - 16))
    sections = "{ *(.text*) } .rodata : { *(.rodata* .srodata*) } /DISCARD/ : { *(.debug*) }"
    script.write_text(f"SECTIONS {{ . = {len(set_stack)}; .text : {sections} }}")
    compile_object(core_target(extensions), source, built, [FIRMWARE_FOLDER])
    link = ["ld.lld", "-T", script, built, "-o"]
    for command in ([*link, linked], [*link, folder / "f.bin", "--oformat=binary"]):
        code, text = run_zig(command)
        assert code == 0, text
    image = set_stack + (folder / "f.bin").read_bytes()
    return image, read_elf(linked).sections[".text"]


def expected() -> list[int]:
    a, b, dot, mixed, bits, mask = 1, 2, 0, 0, 0, 0xFFFFFFFF
    for _ in range(N_ROUNDS):
        a, b = (a * 1664525 + 1013904223) & mask, (b * 22695477 + 1) & mask
        words = np.array([a, b], "<u4")
        (ua, _), (sa, sb) = words.view("u1").reshape(2, 4), words.view("i1").reshape(2, 4)
        dot += int(np.dot(sa.astype(int), sb.astype(int)))
        mixed += int(np.dot(ua.astype(int), sb.astype(int)))
        bits += f"{a | 1:032b}".index("1") + 3 * f"{b | 1 << 31:032b}"[::-1].index("1")
        bits &= mask
        bits = ((bits << 7 | bits >> 25) & mask) ^ (a & ~b)
        bits += min(words.view("i4").tolist())
        bits = (bits & mask) ^ ((int(sa[0]) + (b & 0xFFFF)) & mask)
        bits = (bits + 4 * a) & mask
    return [dot & mask, mixed & mask, bits]


@pytest.mark.parametrize("extensions", [frozenset(), EXTENSIONS], ids=["none", "all"])
def test_compiled_code_computes_the_same_with_extensions(
    extensions: frozenset[str], tmp_path: Path
) -> None:
    image, code = compiled(tmp_path, extensions)
    check_instructions(code, 0, {}, extensions)
    options = CpuOptions(rvfi=True, **dict.fromkeys(extensions, True))
    done = run([(0, image)], options=options)
    assert done.exit_word == 0
    assert done.printed == expected()


@pytest.mark.parametrize("name", sorted(EXTENSIONS))
def test_an_extension_is_used_and_refused_where_the_core_lacks_it(
    name: str, tmp_path: Path
) -> None:
    _, code = compiled(tmp_path, EXTENSIONS)
    with pytest.raises(InstructionError, match="is not an instruction of RV32IM with"):
        check_instructions(code, 0, {}, EXTENSIONS - {name})
