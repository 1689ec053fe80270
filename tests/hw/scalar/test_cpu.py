"""The processor of the scalar datapath against the instruction-set simulator."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Elaboratable, Module

from arch.scalar import CHIP_BASE, CODE_BASE, MAC_OPCODE, Mac
from hw.scalar.cpu import Cpu
from hw.scalar.memories import CodeRom
from sim.riscv import Machine, Memory
from tests.core.encoding import b_type, i_type, j_type, load_constant, lui, r_type, s_type
from tests.hw.scalar.data_bus import serve, simulate

CODE_BYTES = 4096
RAM_BYTES = 256
POINTER = 8  # register with the address of the RAM
RESULTS = 128  # where the registers are stored at the end
STAY = j_type(0, 0)
OP, OP_IMM, LOAD, JALR, AUIPC = 0x33, 0x13, 0x03, 0x67, 0x17
CYCLES = 8  # for an instruction, however long the RAM lets it wait


class Bench(Elaboratable):
    """The processor and its ROM."""

    def __init__(self, code: Sequence[int]):
        self.cpu, self.rom = Cpu(CODE_BYTES), CodeRom(CODE_BYTES, code)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.cpu, m.submodules.rom = cpu, rom = self.cpu, self.rom
        m.d.comb += [
            rom.fetch.eq(cpu.fetch),
            rom.word.eq(cpu.word),
            cpu.instruction.eq(rom.instruction),
        ]
        return m


def run(code: Sequence[int], ram: bytearray, seed: int) -> bytearray:
    """What is in the RAM when the program, which stays at its last instruction, is there."""
    bench = Bench(code)
    bus, rng = bench.cpu.bus, random.Random(seed)

    async def memory(ctx: Any) -> None:
        for _ in range(CYCLES * len(code)):
            await serve(ctx, bus, rng, lambda address: (ram, address - CHIP_BASE), (0, 0, 1, 3))

    simulate(bench, memory)
    return ram


def store_registers() -> list[int]:
    return [s_type(RESULTS + 4 * (n - 1), n, POINTER, 2) for n in range(1, 32)]


def random_instruction(rng: random.Random, left: int) -> int:
    """Any of RV32I and Zmmul but FENCE and SYSTEM; jumps go forward, ``left`` words at most."""
    rd = rng.choice([n for n in range(32) if n != POINTER])
    rs1, rs2, funct3 = rng.randrange(32), rng.randrange(32), rng.randrange(8)
    immediate = rng.randrange(-2048, 2048)
    kind = rng.choice(("op", "op", "multiply", "immediate", "upper", "load", "store", "jump"))
    if kind == "op":
        funct7 = 0x20 if funct3 in (0, 5) and rng.random() < 0.5 else 0
        return r_type(funct7, rs2, rs1, funct3, rd)
    if kind == "multiply":
        return r_type(1, rs2, rs1, funct3 & 3, rd)
    if kind == "immediate":
        if funct3 in (1, 5):
            immediate = immediate & 31 | (0x400 if funct3 == 5 and rng.random() < 0.5 else 0)
        return i_type(immediate, rs1, funct3, rd, OP_IMM)
    if kind == "upper":
        return lui(rd, rng.getrandbits(32)) ^ rng.choice((0, AUIPC ^ 0x37))
    at = rng.randrange(RESULTS)
    if kind == "load":
        width = rng.choice((0, 1, 2, 4, 5))
        return i_type(at & -(1 << (width & 3)), POINTER, width, rd, LOAD)
    if kind == "store":
        width = rng.randrange(3)
        return s_type(at & -(1 << width), rs2, POINTER, width)
    offset = 4 * rng.randint(1, min(left, 4))
    if rng.random() < 0.3:
        return j_type(offset, rd)
    return b_type(offset, rs2, rs1, rng.choice((0, 1, 4, 5, 6, 7)))


def random_registers(rng: random.Random, pointer: int) -> list[int]:
    """Load every register: POINTER with ``pointer``, the others with any or a telling value."""
    code: list[int] = []
    for n in range(1, 32):
        value = rng.choice((rng.getrandbits(32), rng.randrange(-4, 4) & 0xFFFFFFFF, 1 << 31))
        code += load_constant(n, pointer if n == POINTER else value)
    return code


def random_program(seed: int) -> list[int]:
    rng = random.Random(seed)
    code = random_registers(rng, CHIP_BASE)
    n_random = 300
    code += [random_instruction(rng, n_random - at) for at in range(n_random)]
    return [*code, *store_registers(), STAY]


@pytest.mark.parametrize("seed", range(3))
def test_random_programs_end_as_in_the_simulator(seed: int) -> None:
    code = random_program(seed)
    start = bytearray(random.Random(seed).randbytes(RAM_BYTES))
    expected = bytearray(start)
    text = bytearray(b"".join(word.to_bytes(4, "little") for word in code))
    machine = Machine(Memory([(CODE_BASE, text), (CHIP_BASE, expected)]), pc=CODE_BASE)
    end = CODE_BASE + len(text) - 4
    while machine.pc != end:
        assert machine.step().trap is None
    assert run(code, start, seed) == expected


def test_jalr_goes_where_its_register_says_and_links() -> None:
    code = [
        *load_constant(POINTER, CHIP_BASE),
        *load_constant(5, CODE_BASE + 28),
        i_type(-4, 5, 0, 1, JALR),  # to the instruction at 24; this one is at 16
        STAY,
        s_type(0, 1, POINTER, 2),
        STAY,
    ]
    ram = run(code, bytearray(RAM_BYTES), 0)
    assert int.from_bytes(ram[:4], "little") == CODE_BASE + 20


def test_sums_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    code = load_constant(POINTER, CHIP_BASE)
    sums = rng.integers(-(1 << 31), 1 << 31, 4)
    for column, value in enumerate(sums):
        code += load_constant(5, int(value) & 0xFFFFFFFF)
        code.append(r_type(column, 0, 5, Mac.WRITE, 0, MAC_OPCODE))
    for _ in range(40):
        a, b = rng.integers(-128, 128, (2, 4))
        for register, values in ((5, a), (6, b)):
            code += load_constant(
                register, int.from_bytes(values.astype(np.int8).tobytes(), "little")
            )
        select, each = int(rng.integers(4)), bool(rng.integers(2))
        operation = Mac.EACH if each else Mac.BROADCAST
        code.append(r_type(select, 6, 5, operation, 0, MAC_OPCODE))
        sums = sums + (a if each else a[select]) * b
    for column in range(4):
        code.append(r_type(column, 0, 0, Mac.READ, 7, MAC_OPCODE))
        code.append(s_type(4 * column, 7, POINTER, 2))
    found = np.frombuffer(run([*code, STAY], bytearray(RAM_BYTES), 0)[:16], np.int32)
    assert found.tolist() == sums.astype(np.int32).tolist()
