"""Operators on the processor of the scalar datapath: what it executes of theirs, and what not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from amaranth.hdl import Elaboratable, Module, Mux, Signal

from arch.scalar import CHIP_BASE, MAC_OPCODE, TRAP_VECTOR, Guest
from hw.scalar.cpu import Cpu
from hw.scalar.memories import CodeRom
from sim.riscv import AccessFault, Machine, Memory
from tests.core.encoding import (
    ECALL,
    MRET,
    b_type,
    csr,
    i_type,
    j_type,
    load_constant,
    r_type,
    s_type,
)
from tests.hw.scalar.data_bus import serve, simulate
from tests.hw.scalar.test_cpu import (
    CODE_BYTES,
    JALR,
    LOAD,
    OP_IMM,
    POINTER,
    RAM_BYTES,
    STAY,
    random_instruction,
    random_registers,
)

GUEST_BYTES = 2048
GUEST_RAM = 0x2000_0000
TOLD_BYTES = 1024  # of the firmware's RAM
REGISTERS = TOLD_BYTES - 4 * 31  # where the operator's are in it at the end
DIVISION, SYSTEM = 1, 0x73
PC, NEXT, END, TOLD = 5, 6, 7, 9  # registers of the firmware


class Bench(Elaboratable):
    """The processor, its ROM, and the memory from which operators are fetched."""

    def __init__(self, code: Sequence[int], guest: Sequence[int]):
        self.cpu = Cpu(CODE_BYTES, GUEST_BYTES)
        self.rom, self.guest = CodeRom(CODE_BYTES, code), CodeRom(GUEST_BYTES, guest)
        self.expired = Signal()

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.cpu, m.submodules.rom, m.submodules.guest = self.cpu, self.rom, self.guest
        cpu = self.cpu
        inside = cpu.bus.address[RAM_BYTES.bit_length() - 1 :] == GUEST_RAM // RAM_BYTES
        m.d.comb += [
            self.rom.fetch.eq(cpu.fetch),
            self.rom.word.eq(cpu.word),
            self.guest.fetch.eq(cpu.fetch & cpu.fetch_guest),
            self.guest.word.eq(cpu.word),
            cpu.instruction.eq(Mux(cpu.guest, self.guest.instruction, self.rom.instruction)),
            cpu.refused.eq(~inside),
            cpu.expired.eq(self.expired),
        ]
        return m


def run(bench: Bench, ram: bytearray, *, cycles: int, expires: int = 0) -> bytearray:
    """The firmware's RAM at the end; ``ram`` is the operator's."""
    told, bus, rng = bytearray(TOLD_BYTES), bench.cpu.bus, random.Random(0)

    async def memory(ctx: Any) -> None:
        def find(address: int) -> tuple[bytearray, int]:
            guest = ctx.get(bench.cpu.guest)
            return (ram, address - GUEST_RAM) if guest else (told, address - CHIP_BASE)

        for cycle in range(cycles):
            ctx.set(bench.expired, bool(expires) and cycle >= expires)
            await serve(ctx, bus, rng, find)

    simulate(bench, memory)
    return told


def custom(operation: Guest, *, rd: int = 0, rs1: int = 0, rs2: int = 0) -> int:
    return r_type(0, rs2, rs1, operation, rd, MAC_OPCODE)


def firmware() -> list[int]:
    """Starts the operator with known registers; notes where it stops, and lets it go on behind
    that; at the end of its memory stores its registers."""
    start: list[int] = load_constant(TOLD, CHIP_BASE)
    start += load_constant(NEXT, CHIP_BASE)
    start += load_constant(END, GUEST_BYTES)
    for n in range(32):  # the one with the number 0 stays 0
        start += [i_type(n, 0, 0, PC, OP_IMM), i_type(n + 77, 0, 0, 4, OP_IMM)]
        start.append(custom(Guest.SET_REGISTER, rs1=4, rs2=PC))
    start += [custom(Guest.ENTER, rs1=0), STAY]
    trap = [
        custom(Guest.GET_PC, rd=PC),
        s_type(0, PC, NEXT, 2),
        i_type(4, NEXT, 0, NEXT, OP_IMM),
        i_type(4, PC, 0, PC, OP_IMM),
        b_type(8, END, PC, 0),
        custom(Guest.ENTER, rs1=PC),
    ]
    for n in range(1, 32):
        trap += [i_type(n, 0, 0, PC, OP_IMM), custom(Guest.GET_REGISTER, rd=4, rs1=PC)]
        trap.append(s_type(REGISTERS + 4 * (n - 1), 4, TOLD, 2))
    assert TRAP_VECTOR == 4
    return [j_type(4 * (2 + len(trap)), 0), *trap, STAY, *start]


def fault(rng: random.Random) -> int:
    """An instruction that is not for the processor."""
    rd, rs1, rs2 = rng.randrange(1, 32), rng.randrange(32), rng.randrange(32)
    rd = rd if rd != POINTER else 9
    odd = rng.randrange(64) * 2 + 1
    return rng.choice(
        (
            ECALL,
            MRET,
            0x00100073,
            csr(0x340, rs1, rng.randrange(1, 8), rd),
            r_type(DIVISION, rs2, rs1, rng.randrange(4, 8), rd),
            r_type(rng.choice((2, 0x10, 0x21, 0x7F)), rs2, rs1, rng.randrange(8), rd),
            r_type(0x20, rs2, rs1, rng.choice((1, 2, 3, 4, 6, 7)), rd),
            r_type(rng.choice((1, 0x20, 0x40)), rs2, rs1, 1, rd, OP_IMM),
            r_type(rng.choice((1, 0x60)), rs2, rs1, 5, rd, OP_IMM),
            r_type(rng.randrange(128), rs2, rs1, rng.randrange(8), rd, MAC_OPCODE),
            rng.getrandbits(30) << 2 | rng.randrange(3),  # of another length
            rng.getrandbits(25) << 7 | rng.choice((0x07, 0x0B, 0x1B, 0x27, 0x2F, 0x3B, 0x43, 0x7B)),
            i_type(odd, POINTER, rng.choice((1, 2, 5)), rd, LOAD),
            i_type(0, POINTER, rng.choice((3, 6, 7)), rd, LOAD),
            i_type(rng.choice((-4, RAM_BYTES)), POINTER, rng.choice((0, 2, 4)), rd, LOAD),
            i_type(rng.randrange(512) * 4, 0, 2, rd, LOAD),  # of code
            s_type(odd, rs2, POINTER, rng.choice((1, 2))),
            s_type(0, rs2, POINTER, rng.randrange(3, 8)),
            s_type(rng.choice((-4, RAM_BYTES)), rs2, POINTER, rng.randrange(3)),
            s_type(rng.randrange(512) * 4, rs2, 0, 2),
            j_type(rng.choice((-0x1000, 0x800, 0x40000, 2, -6)), rd),
            b_type(rng.choice((-0xC00, 0xC00, 2, -6)), 0, 0, rng.choice((0, 5, 7))),
            b_type(4, rs2, rs1, rng.choice((2, 3))),
            i_type(rng.choice((2, 6)), 0, 0, rd, JALR),
            i_type(0, POINTER, 0, rd, JALR),
            i_type(0, 0, rng.randrange(1, 8), rd, JALR),
            0x0000200F,  # a fence that is none
        )
    )


def operator(seed: int) -> list[int]:
    rng = random.Random(seed)
    code = random_registers(rng, GUEST_RAM)
    n_random = 220
    for at in range(n_random):
        if rng.random() < 0.5:
            code.append(fault(rng))
        else:
            code.append(random_instruction(rng, n_random - at))
    n_left = GUEST_BYTES // 4 - len(code) - 1
    code.append(j_type(4 * n_left, 0))
    last = rng.choice((i_type(4, POINTER, 2, 3, LOAD), s_type(4, 3, POINTER, 2), 0x13))
    return [*code, *[STAY] * (n_left - 1), last]


class Core(Memory):
    """What an operator may see; behind the last instruction is nothing."""

    def __init__(self, code: Sequence[int], ram: bytearray):
        super().__init__([(GUEST_RAM, ram)])
        self._code = code

    def fetch(self, address: int, size: int = 4) -> int:
        if address // 4 >= len(self._code):
            raise AccessFault
        return self._code[address // 4]


def expected(code: Sequence[int], ram: bytearray) -> tuple[list[int], list[int]]:
    """Where the operator stops, if it goes on behind each such place, and its registers."""
    machine = Machine(Core(code, ram))
    machine.x[:] = [0, *(n + 77 for n in range(1, 32))]
    stops: list[int] = []
    while machine.pc != GUEST_BYTES:
        pc, word = machine.pc, code[machine.pc // 4]
        before, ram_before = list(machine.x), bytes(ram)
        step = machine.step()
        emulated = word & 0x7F == SYSTEM or (
            word & 0x7F == 0x33 and word >> 25 == DIVISION and word >> 14 & 1
        )
        if emulated or step.trap is not None or step.next_pc >= GUEST_BYTES:
            machine.x[:], ram[:] = before, ram_before
            stops.append(pc)
            machine.pc = pc + 4
    return stops, machine.x[1:]


@pytest.mark.parametrize("seed", range(3))
def test_operators_do_what_they_may_and_stop_at_all_else(seed: int) -> None:
    code = operator(seed)
    ram = bytearray(random.Random(seed).randbytes(RAM_BYTES))
    ram_expected = bytearray(ram)
    stops, registers = expected(code, ram_expected)
    bench = Bench(firmware(), code)
    told = run(bench, ram, cycles=2400 + 30 * len(stops))
    found = [int.from_bytes(told[i : i + 4], "little") for i in range(0, TOLD_BYTES, 4)]
    assert found[: len(stops)] == stops
    assert not any(found[len(stops) : REGISTERS // 4])
    assert found[REGISTERS // 4 :] == registers
    assert ram == ram_expected


def test_an_operator_stops_when_its_time_is_over() -> None:
    loop = [i_type(1, 3, 0, 3, OP_IMM), j_type(-4, 0)]
    told = run(Bench(firmware(), loop), bytearray(RAM_BYTES), cycles=500, expires=400)
    first, second = (int.from_bytes(told[i : i + 4], "little") for i in (0, 4))
    assert first in (0, 4)
    assert second == first + 4, "it goes on nowhere"
