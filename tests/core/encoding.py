"""Encodes instructions (volume I, chapters 2 and 34)."""

from __future__ import annotations

NOP = 0x13
ECALL = 0x73
MRET = 0x30200073


def r_type(funct7: int, rs2: int, rs1: int, funct3: int, rd: int, opcode: int = 0x33) -> int:
    return funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode


def i_type(immediate: int, rs1: int, funct3: int, rd: int, opcode: int) -> int:
    return (immediate & 0xFFF) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode


def s_type(immediate: int, rs2: int, rs1: int, funct3: int) -> int:
    low, high = immediate & 31, immediate >> 5 & 127
    return high << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | low << 7 | 0x23


def b_type(offset: int, rs2: int, rs1: int, funct3: int) -> int:
    bits = (offset >> 12 & 1) << 31 | (offset >> 5 & 63) << 25
    bits |= (offset >> 1 & 15) << 8 | (offset >> 11 & 1) << 7
    return bits | rs2 << 20 | rs1 << 15 | funct3 << 12 | 0x63


def j_type(offset: int, rd: int) -> int:
    bits = (offset >> 20 & 1) << 31 | (offset >> 1 & 1023) << 21
    bits |= (offset >> 11 & 1) << 20 | (offset >> 12 & 255) << 12
    return bits | rd << 7 | 0x6F


def lui(rd: int, value: int) -> int:
    return value & 0xFFFFF000 | rd << 7 | 0x37


def csr(number: int, rs1: int, funct3: int, rd: int) -> int:
    return i_type(number, rs1, funct3, rd, 0x73)


def load_constant(rd: int, value: int) -> list[int]:
    return [lui(rd, value + 0x800), i_type(value, rd, 0, rd, 0x13)]
