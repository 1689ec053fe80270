"""Random instruction streams that stress hazards, jumps, traps and registers."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from arch.riscv import Csr
from tests.core.encoding import (
    NOP,
    b_type,
    csr,
    i_type,
    j_type,
    load_constant,
    lui,
    r_type,
    s_type,
)
from tests.core.simulate import DMEM_BASE, IRQ, Image

HANDLER, START = 0x40, 0x200
# Registers that stay pointers into the data memory; a loop's counter; the handler's own two.
POINTERS, COUNTER, SCRATCH, LENGTH = (8, 9), 13, 30, 31
RESERVED = (*POINTERS, COUNTER, SCRATCH, LENGTH)
_POOL = (1, 2, 3, 4, 5, 6, 7, 10, 11, 15)


def _handler() -> list[int]:
    """Skips the instruction that trapped; after a failed fetch, starts again."""
    save = csr(Csr.MSCRATCH, SCRATCH, 1, SCRATCH)
    restart = load_constant(SCRATCH, START)
    skip = [
        csr(Csr.MEPC, 0, 2, SCRATCH),
        i_type(0, SCRATCH, 5, LENGTH, 0x03),  # its first half tells its length
        i_type(3, LENGTH, 7, LENGTH, 0x13),
        i_type(3, LENGTH, 3, LENGTH, 0x13),
        i_type(1, LENGTH, 4, LENGTH, 0x13),
        i_type(1, LENGTH, 1, LENGTH, 0x13),
        r_type(0, LENGTH, SCRATCH, 0, SCRATCH),
        i_type(2, SCRATCH, 0, SCRATCH, 0x13),
    ]
    return [
        save,
        csr(Csr.MCAUSE, 0, 2, SCRATCH),
        b_type(4 * len(skip) + 28, 0, SCRATCH, 4),  # interrupt
        i_type(-1, SCRATCH, 0, SCRATCH, 0x13),
        b_type(4 * len(skip) + 32, 0, SCRATCH, 0),  # fetch
        *skip,
        csr(Csr.MEPC, SCRATCH, 1, 0),
        csr(Csr.MTVAL, 0, 2, 0),
        save,
        0x30200073,  # mret
        lui(SCRATCH, IRQ),
        s_type(IRQ & 0xFFF, 0, SCRATCH, 2),
        j_type(-16, 0),
        *restart,
        csr(Csr.MEPC, SCRATCH, 1, 0),
        j_type(-32, 0),
    ]


# Instructions of Zba and Zbb (their opcode tables), and dot products of bytes.
_TWO_OPERANDS = (
    *((0x10, funct3, 0x33) for funct3 in (2, 4, 6)),
    *((0x20, funct3, 0x33) for funct3 in (4, 6, 7)),
    *((0x05, funct3, 0x33) for funct3 in (4, 5, 6, 7)),
    *((0x30, funct3, 0x33) for funct3 in (1, 5)),
    (0x30, 5, 0x13),
    *((0x00, funct3, 0x0B) for funct3 in (0, 1, 2)),
)
_ONE_OPERAND = (
    *((0x13, 1, 0x600 + which) for which in (0, 1, 2, 3, 4, 5)),
    *((0x13, 5, funct12) for funct12 in (0x287, 0x698)),
    (0x33, 4, 0x080),
)


def is_safe(word: int) -> bool:
    """Whether an arbitrary word leaves mtvec alone, and the registers that others count on."""
    opcode, rd = word & 0x7F, word >> 7 & 31
    if opcode == 0x73 and word >> 20 == Csr.MTVEC:
        return False
    if opcode in (0x13, 0x63, 0x23) and COUNTER in (rd, word >> 15 & 31):
        return True  # the loop's own
    return opcode in (0x63, 0x23) or rd not in RESERVED


class Generator:
    """Draws instructions; ``rng`` decides everything."""

    def __init__(self, rng: random.Random, optional_percent: int = 1, *, short_jumps: bool = False):
        self.rng = rng
        self.optional_percent = optional_percent
        self.short_jumps = short_jumps

    def register(self) -> int:
        rng = self.rng
        return rng.choice(_POOL) if rng.random() < 0.9 else rng.randrange(32)

    def destination(self) -> int:
        rd = self.register()
        return 0 if rd in RESERVED else rd

    def arithmetic(self, index: int, last: int) -> list[int]:
        rng = self.rng
        if rng.randrange(100) < self.optional_percent:
            return [self.optional()]
        if rng.random() < 0.4:
            funct3 = rng.randrange(8)
            immediate = rng.choice((rng.randrange(-2048, 2048), rng.randrange(-4, 5)))
            if funct3 in (1, 5):
                immediate = rng.randrange(32) | (0x400 if funct3 == 5 and rng.random() < 0.5 else 0)
            return [i_type(immediate, self.register(), funct3, self.destination(), 0x13)]
        if rng.random() < 0.15:
            value = rng.choice((rng.getrandbits(32), 0x80000000, 0xFFFFF000, 0))
            return [value & 0xFFFFF000 | self.destination() << 7 | rng.choice((0x37, 0x17))]
        funct7, funct3 = rng.choice(
            [(0, f) for f in range(8)] + [(0x20, 0), (0x20, 5)] + [(1, f) for f in range(8)]
        )
        return [r_type(funct7, self.register(), self.register(), funct3, self.destination())]

    def optional(self) -> int:
        """Of an extension; a core without it traps."""
        rng = self.rng
        rd, rs1 = self.destination(), self.register()
        if rng.random() < 0.3:
            opcode, funct3, funct12 = rng.choice(_ONE_OPERAND)
            return i_type(funct12, rs1, funct3, rd, opcode)
        funct7, funct3, opcode = rng.choice(_TWO_OPERANDS)
        return r_type(funct7, self.register(), rs1, funct3, rd, opcode)

    def memory(self, index: int, last: int) -> list[int]:
        rng = self.rng
        load = rng.random() < 0.6
        funct3 = rng.choice((0, 1, 2, 4, 5) if load else (0, 1, 2))
        size = 1 << (funct3 & 3)
        offset = rng.randrange(-32, 32) * 4 + rng.randrange(0, 4, size)
        base = rng.choice(POINTERS)
        kind = rng.random()
        if kind < 0.06:
            offset += rng.randrange(4)  # perhaps misaligned
        elif kind < 0.12:
            base = self.register()  # perhaps outside all memories
        if load:
            return [i_type(offset, base, funct3, self.destination(), 0x03)]
        return [s_type(offset, self.register(), base, funct3)]

    def jump(self, index: int, last: int) -> list[int]:
        rng = self.rng
        kind = rng.random()
        forward = rng.randrange(1, 7)
        distance = 4 * min(forward, last - index)
        if rng.random() < 0.02:
            distance += 2
        if self.short_jumps and kind < 0.5:  # as c.beqz, c.bnez, c.j and c.jal
            if kind < 0.4:
                return [b_type(distance, 0, rng.choice((10, 11, 15)), rng.randrange(2))]
            return [j_type(distance, rng.randrange(2))]
        if kind < 0.7:
            return [
                b_type(distance, self.register(), self.register(), rng.choice((0, 1, 4, 5, 6, 7)))
            ]
        if kind < 0.85:
            return [j_type(distance, self.destination())]
        link = self.destination()
        base = rng.choice((1, 5, 6))
        distance = 4 * max(2, min(forward + 1, last - index)) + rng.choice((0, 0, 0, 1, 2))
        return [0x17 | base << 7, i_type(distance, base, 0, link, 0x67)]

    def system(self, index: int, last: int) -> list[int]:
        rng = self.rng
        kind = rng.random()
        if kind < 0.6:
            read_write = (
                Csr.MSCRATCH,
                Csr.MEPC,
                Csr.MCAUSE,
                Csr.MTVAL,
                Csr.MINSTRET,
                Csr.MCYCLE,
                Csr.MINSTRETH,
                Csr.MCYCLEH,
                Csr.MISA,
                Csr.MSTATUSH,
                0xB05,
            )
            number = rng.choice(read_write)
            return [
                csr(number, self.register(), rng.choice((1, 2, 3, 5, 6, 7)), self.destination())
            ]
        if kind < 0.8:
            number = rng.choice((*Csr, 0x7C0, 0x306, 0xC03))
            return [
                csr(number, 0 if rng.random() < 0.8 else self.register(), 2, self.destination())
            ]
        if kind < 0.9:  # interrupts on, mostly
            number, bits = rng.choice(((Csr.MSTATUS, 8), (Csr.MSTATUS, 8), (Csr.MIE, 0)))
            if number == Csr.MIE:
                return [*load_constant(12, 0x800), csr(number, 12, rng.choice((2, 2, 3)), 0)]
            return [csr(number, bits, rng.choice((6, 6, 7)), self.destination())]
        return [
            rng.choice(
                (
                    0x00000073,
                    0x00100073,
                    0x10500073,
                    0x0000000F,
                    0x0000100F,
                    rng.getrandbits(32) & ~0x7F | rng.choice((0x0B, 0x33, 0x13, 0x73)),
                    rng.getrandbits(32) & ~3,
                )
            )
        ]

    def loop(self, index: int, last: int) -> list[int]:
        """A few instructions, several times; the only jumps backwards."""
        body = self.block(self.rng.randrange(1, 10), loops=False)
        return [
            i_type(self.rng.randrange(1, 12), 0, 0, COUNTER, 0x13),
            *body,
            i_type(-1, COUNTER, 0, COUNTER, 0x13),
            b_type(-4 * (len(body) + 1), COUNTER, 0, 4),  # while 0 < counter
        ]

    def block(self, count: int, loops: bool = True) -> list[int]:
        words: list[int] = []
        choices = (self.arithmetic, self.memory, self.jump, self.system, self.loop)
        weights = (50, 25, 18, 5, 3 if loops else 0)
        while len(words) < count:
            words += self.rng.choices(choices, weights)[0](len(words), count)
        return [word if is_safe(word) else NOP for word in words]


def random_program(
    seed: int,
    n_instructions: int = 500,
    *,
    optional_percent: int = 1,
    pack: Callable[[list[int], random.Random], bytes] | None = None,
) -> Image:
    """A program that runs forever: random instructions in a loop, and a handler.

    ``optional_percent`` of the arithmetic is of extensions. ``pack`` makes the loop's code from its
    instructions.
    """
    rng = random.Random(seed)
    generator = Generator(rng, optional_percent, short_jumps=pack is not None)
    prologue = [
        *load_constant(5, HANDLER),
        csr(Csr.MTVEC, 5, 1, 0),
        *load_constant(5, 0x800),
        csr(Csr.MIE, 5, 1, 0),
        csr(Csr.MSTATUS, 8, 6, 0),
        j_type(START - 4 * 7, 0),
    ]
    start = [*load_constant(8, DMEM_BASE + 0x1000), *load_constant(9, DMEM_BASE + 0x1080)]
    for register in _POOL:
        value = rng.choice((rng.getrandbits(32), rng.randrange(16), -rng.randrange(16)))
        start += load_constant(register, value & 0xFFFFFFFF)
    body = generator.block(n_instructions)
    loop = [*start, *body]
    # A jump from the last instructions lands in these.
    loop += [NOP] * 8 + [j_type(-4 * (len(body) + 8), 0)]
    code = struct.pack(f"<{len(loop)}I", *loop) if pack is None else pack(loop, rng)
    data = bytes(rng.getrandbits(8) for _ in range(0x400))
    return [
        (0, struct.pack(f"<{len(prologue)}I", *prologue)),
        (HANDLER, struct.pack(f"<{len(_handler())}I", *_handler())),
        (START, code),
        (DMEM_BASE + 0xF00, data),
    ]
