"""Numbers of the RISC-V privileged architecture that core, simulator and messages share.

Source: The RISC-V Instruction Set Manual, volume II, privileged architecture 1.12, chapters 2, 3.
"""

from __future__ import annotations

import enum


class Csr(enum.IntEnum):
    """Control and status registers that the core has."""

    MSTATUS = 0x300
    MISA = 0x301
    MIE = 0x304
    MTVEC = 0x305
    MSTATUSH = 0x310
    MCOUNTINHIBIT = 0x320
    MSCRATCH = 0x340
    MEPC = 0x341
    MCAUSE = 0x342
    MTVAL = 0x343
    MIP = 0x344
    MCYCLE = 0xB00
    MINSTRET = 0xB02
    MCYCLEH = 0xB80
    MINSTRETH = 0xB82
    CYCLE = 0xC00
    TIME = 0xC01
    INSTRET = 0xC02
    CYCLEH = 0xC80
    TIMEH = 0xC81
    INSTRETH = 0xC82
    MVENDORID = 0xF11
    MARCHID = 0xF12
    MIMPID = 0xF13
    MHARTID = 0xF14
    MCONFIGPTR = 0xF15


# Counters and their event selectors that exist and always read zero.
ZERO_CSR_RANGES = ((0x323, 0x33F), (0xB03, 0xB1F), (0xB83, 0xB9F))


class Mcause(enum.IntEnum):
    """Synchronous exceptions that the core raises."""

    INSTRUCTION_MISALIGNED = 0
    INSTRUCTION_FAULT = 1
    ILLEGAL_INSTRUCTION = 2
    BREAKPOINT = 3
    LOAD_MISALIGNED = 4
    LOAD_FAULT = 5
    STORE_MISALIGNED = 6
    STORE_FAULT = 7
    ECALL = 11


INTERRUPT_BIT = 1 << 31
EXTERNAL_INTERRUPT = 11  # number in mcause, and bit of mie and mip

MCAUSE_TEXT = {
    Mcause.INSTRUCTION_MISALIGNED: "jump to an address that is not a multiple of 4",
    Mcause.INSTRUCTION_FAULT: "instruction fetched outside the instruction memory",
    Mcause.ILLEGAL_INSTRUCTION: "illegal instruction",
    Mcause.BREAKPOINT: "ebreak",
    Mcause.LOAD_MISALIGNED: "misaligned load",
    Mcause.LOAD_FAULT: "load outside all memories",
    Mcause.STORE_MISALIGNED: "misaligned store",
    Mcause.STORE_FAULT: "store outside all memories",
    Mcause.ECALL: "ecall",
}


def misa(*, compressed: bool) -> int:
    """Register misa: RV32 and the extensions that have a letter."""
    return 1 << 30 | sum(1 << (ord(letter) - ord("A")) for letter in "IM" + "C" * compressed)


class Custom(enum.IntEnum):
    """Opcodes that the architecture leaves to an implementation."""

    CUSTOM_0 = 0x0B


class Dot4(enum.IntEnum):
    """Field funct3 of the packed dot products: R-type in custom-0, funct7 zero.

    rd is the sum of the products of the four bytes of rs1 and rs2, those of rs2 signed.
    """

    SIGNED = 0  # rs1's are signed too
    UNSIGNED = 1  # rs1's are unsigned
