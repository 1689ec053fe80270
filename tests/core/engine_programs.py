"""Firmware and operators for tests of the core engine."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field

from arch.memory_map import DMEM_BASE, MMIO_BASE, SCRATCHPAD_BASE, WINDOW_BASE, WINDOW_BYTES, Mmio
from tests.core.encoding import ECALL, i_type, j_type, load_constant, r_type, s_type

ZERO, RA, T0, T1, MMIO, HASH, A0, POINTER, BASE = 0, 1, 5, 6, 8, 9, 10, 18, 19
LW, LOADS, STORES = 2, {0: 1, 1: 2, 2: 4, 4: 1, 5: 2}, {0: 1, 1: 2, 2: 4}


def load(funct3: int, rd: int, offset: int, base: int) -> int:
    return i_type(offset, base, funct3, rd, 0x03)


def addi(rd: int, rs1: int, value: int) -> int:
    return i_type(value, rs1, 0, rd, 0x13)


MAIN = [
    *load_constant(MMIO, MMIO_BASE),
    *load_constant(HASH, 0x12345678),
    s_type(Mmio.DONE, ZERO, MMIO, 2),
    load(LW, T0, Mmio.FUNCTION, MMIO),
    load(LW, A0, Mmio.ARGUMENT, MMIO),
    i_type(0, T0, 0, RA, 0x67),
    s_type(Mmio.DONE, A0, MMIO, 2),
    j_type(-16, ZERO),
]
"""Becomes ready, then calls what each command names; DONE is what the call returned."""


@dataclass
class Image:
    """Code in the instruction memory: the main loop at 0, functions behind it."""

    words: list[int] = field(default_factory=lambda: list(MAIN))

    def add(self, function: list[int]) -> int:
        """Append a function; its address."""
        address = 4 * len(self.words)
        self.words += function
        return address

    @property
    def octets(self) -> bytes:
        return struct.pack(f"<{len(self.words)}I", *self.words)


def mix(register: int) -> list[int]:
    """HASH = HASH * 33 ^ register."""
    return [
        i_type(5, HASH, 1, T1, 0x13),
        r_type(0, T1, HASH, 0, HASH),
        r_type(0, register, HASH, 4, HASH),
    ]


def finish(status: int = 0) -> list[int]:
    """Log the hash, return ``status``."""
    words = []
    for _ in range(4):
        words += [s_type(Mmio.LOG, HASH, MMIO, 0), i_type(8, HASH, 5, T1, 0x13)]
        words += [i_type(24, HASH, 1, HASH, 0x13), r_type(0, T1, HASH, 6, HASH)]
    return [*words, addi(A0, ZERO, status), i_type(0, RA, 0, ZERO, 0x67)]


@dataclass(frozen=True)
class Area:
    """Bytes that a test's accesses may touch."""

    base: int
    size: int
    readable: bool = True
    writable: bool = True


def areas(dmem_bytes: int, scratchpad_bytes: int, regions: list[tuple[bytearray, bool, bool]]
          ) -> list[Area]:  # fmt: skip
    """All memories; of the data memory the lower half, because the upper one is for others."""
    return [
        Area(DMEM_BASE, dmem_bytes // 2),
        Area(SCRATCHPAD_BASE, scratchpad_bytes),
        *(
            Area(WINDOW_BASE + i * WINDOW_BYTES, len(content), readable, writable)
            for i, (content, readable, writable) in enumerate(regions)
        ),
    ]


def access(rng: random.Random, area: Area) -> list[int]:
    """A load or store inside an area that allows it, mixed into the hash."""
    store = area.writable and (not area.readable or rng.random() < 0.5)
    funct3, size = rng.choice(list((STORES if store else LOADS).items()))
    span = min(area.size, 2000)
    start = rng.randrange(0, (area.size - span) // 4 + 1) * 4
    offset = rng.randrange(0, span - size + 1) // size * size
    words = load_constant(POINTER, area.base + start)
    if store:
        return [*words, s_type(offset, HASH, POINTER, funct3), *mix(POINTER)]
    return [*words, load(funct3, T0, offset, POINTER), *mix(T0)]


def random_operator(rng: random.Random, all_areas: list[Area], n_accesses: int) -> list[int]:
    usable = [area for area in all_areas if area.size >= 4 and (area.readable or area.writable)]
    words = mix(A0)
    for _ in range(n_accesses):
        words += access(rng, rng.choice(usable))
    return words + finish()


def failing_operator(rng: random.Random, all_areas: list[Area], kind: str) -> list[int]:
    """An operator that does some accesses and then fails."""
    usable = [area for area in all_areas if area.size >= 4 and area.readable and area.writable]
    words = []
    for _ in range(3):
        words += access(rng, rng.choice(usable))
    if kind == "status":
        return words + finish(rng.randrange(1, 2000))
    if kind == "hang":
        return [*words, j_type(0, ZERO)]
    if kind == "ecall":
        return [*words, ECALL]
    if kind == "illegal":
        return [*words, 0]
    if kind == "word":  # a command that is not accepted
        words += load_constant(T0, MMIO_BASE)
        return [*words, s_type(Mmio.WORD, HASH, T0, 2), *finish()]
    if kind == "fetch":
        return [*words, *load_constant(T0, DMEM_BASE), i_type(0, T0, 0, ZERO, 0x67)]
    address = {
        "outside": rng.choice((0x0000_0000, DMEM_BASE - 4, 0x4000_0000, MMIO_BASE + 0x40,
                               DMEM_BASE + 0x0800_0000, SCRATCHPAD_BASE - 4, 0x7FFF_FFFC)),
        "region": rng.choice([a.base + (a.size + 3) // 4 * 4 for a in all_areas[2:]]),
        "permission": rng.choice([a.base for a in all_areas[2:] if not a.writable]),
    }[kind]  # fmt: skip
    words += load_constant(POINTER, address)
    if kind == "permission" or rng.random() < 0.5:
        words.append(s_type(0, HASH, POINTER, rng.choice((0, 1, 2))))
    else:
        words.append(load(rng.choice((0, 1, 2)), T0, 0, POINTER))
    return words + finish()


FAILURES = (
    "status",
    "hang",
    "ecall",
    "illegal",
    "word",
    "fetch",
    "outside",
    "region",
    "permission",
)
