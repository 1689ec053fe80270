"""Checks that a program has only instructions that the core has."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping

from arch.compressed import expand, is_compressed
from arch.errors import WeftError
from arch.riscv import Custom, Dot4

_LOAD, _MISC_MEM, _OP_IMM, _AUIPC = 0x03, 0x0F, 0x13, 0x17
_STORE, _OP, _LUI = 0x23, 0x33, 0x37
_BRANCH, _JALR, _JAL, _SYSTEM = 0x63, 0x67, 0x6F, 0x73

# funct3 by opcode (The RISC-V Instruction Set Manual, volume I, chapter "RV32/64G listings").
_FUNCT3 = {
    _LOAD: {0, 1, 2, 4, 5},
    _MISC_MEM: {0, 1},
    _STORE: {0, 1, 2},
    _BRANCH: {0, 1, 4, 5, 6, 7},
    _JALR: {0},
}
_ECALL = 0x0000_0073
_PRIVILEGED = {0x0010_0073, 0x3020_0073, 0x1050_0073}  # ebreak, mret, wfi


# Optional ones: opcode, funct3 and what stands in the bits from 25 or 20 on (Bit-Manipulation
# ISA-extensions 1.0, chapter 2; arch.riscv for the dot products).
_FUNCT7: dict[str, set[tuple[int, int, int]]] = {
    "zba": {(_OP, funct3, 0x10) for funct3 in (2, 4, 6)},
    "zbb": {
        *((_OP, funct3, 0x20) for funct3 in (4, 6, 7)),
        *((_OP, funct3, 0x05) for funct3 in (4, 5, 6, 7)),
        *((_OP, funct3, 0x30) for funct3 in (1, 5)),
        (_OP_IMM, 5, 0x30),
    },
    "dot4": {(Custom.CUSTOM_0, funct3, 0) for funct3 in Dot4},
}
_FUNCT12: dict[str, set[tuple[int, int, int]]] = {
    "zbb": {
        *((_OP_IMM, 1, funct12) for funct12 in (0x600, 0x601, 0x602, 0x604, 0x605)),
        *((_OP_IMM, 5, funct12) for funct12 in (0x287, 0x698)),
        (_OP, 4, 0x080),
    },
}


class InstructionError(WeftError):
    """A program with an instruction that the core does not have."""


def is_rv32im(word: int) -> bool:
    """Whether a word is an instruction of RV32IM, Zicsr or Zifencei, and not ecall."""
    opcode, funct3, funct7 = word & 0x7F, word >> 12 & 7, word >> 25
    if opcode in (_LUI, _AUIPC, _JAL):
        return True
    if opcode == _OP:
        return funct7 in (0, 1) or (funct7 == 0x20 and funct3 in (0, 5))
    if opcode == _OP_IMM:
        if funct3 == 1:
            return funct7 == 0
        return funct3 != 5 or funct7 in (0, 0x20)
    if opcode == _SYSTEM:
        return word in _PRIVILEGED if funct3 == 0 else funct3 != 4
    return funct3 in _FUNCT3.get(opcode, set())


def is_optional(word: int, extensions: frozenset[str]) -> bool:
    """Whether a word is an instruction of one of the extensions."""
    opcode, funct3 = word & 0x7F, word >> 12 & 7
    return any(
        (opcode, funct3, word >> 25) in _FUNCT7[name]
        or (opcode, funct3, word >> 20) in _FUNCT12.get(name, set())
        for name in extensions & _FUNCT7.keys()
    )


def _split(code: bytes, compressed: bool) -> Iterator[tuple[int, int]]:
    """Offset and word of each instruction."""
    offset = 0
    while offset < len(code):
        first = int.from_bytes(code[offset : offset + 2], "little")
        size = 2 if compressed and is_compressed(first) else 4
        yield offset, int.from_bytes(code[offset : offset + size], "little")
        offset += size


def check_instructions(
    code: bytes,
    base: int,
    functions: Mapping[int, str],
    extensions: frozenset[str] = frozenset(),
) -> None:
    """Refuse a program that the core would trap on.

    Parameters
    ----------
    code : little-endian instructions, from address ``base`` on.
    functions : name of the function at each address, for the message.
    extensions : what the core has beyond RV32IM: of zba, zbb, dot4, compressed.

    Raises :class:`InstructionError`.
    """
    starts = sorted(functions)
    isa = " with ".join(("RV32IM", *sorted(extensions)))
    for offset, word in _split(code, "compressed" in extensions):
        expanded = word
        if "compressed" in extensions and is_compressed(word):
            if word == 0 and offset % 4:  # fills the word up, in front of a function
                continue
            expanded = expand(word) or word
        if is_rv32im(expanded) or is_optional(expanded, extensions):
            continue
        address = base + offset
        position = bisect_right(starts, address) - 1
        where = functions[starts[position]] if position >= 0 else "the program"
        what = "ecall" if word == _ECALL else f"0x{word:08X}"
        raise InstructionError(
            f"firmware: {where} has {what} at 0x{address:08X}, which is not an instruction of"
            f" {isa}; do without inline assembly or system calls there"
        )
