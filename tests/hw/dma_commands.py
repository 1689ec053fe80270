"""Random LOAD and STORE commands, and a copy byte by byte as their definition says."""

from __future__ import annotations

import random
from dataclasses import dataclass

from arch.isa import HEADER, Cause, Command, Encoder, Opcode, Source, Space
from arch.params import Params
from hw.interfaces import command_item_layout
from tests.hw.bench import pack

CHIP_BITS = 24
OFFSET_BITS = 32


def items_of(words: list[int]) -> list[int]:
    """Items of an encoded command: the wait word, then the words whose mask bits are set."""
    mask = HEADER.unpack(words[0])["mask"]
    indices = [i for i in range(16) if mask >> i & 1]
    layout = command_item_layout()
    pairs = [(words[1], 0, 1), *((w, i, 0) for w, i in zip(words[2:], indices, strict=True))]
    return [
        pack(layout, word=word, index=index, is_waits=is_waits, last=n == len(pairs) - 1)
        for n, (word, index, is_waits) in enumerate(pairs)
    ]


def items_of_all(commands: list[Command]) -> list[int]:
    encoder = Encoder()
    return [item for command in commands for item in items_of(encoder.encode(command))]


@dataclass(frozen=True)
class Failure:
    """How a command ends that is refused."""

    cause: Cause
    address: int = 0
    info: int = 0


@dataclass
class World:
    """Memories on both sides, as plain bytes. Regions: (bytes, readable, writable)."""

    chip: dict[Space, bytearray]
    regions: list[tuple[bytearray, bool, bool]]


def chip_sizes(params: Params) -> dict[Space, int]:
    """From the configuration; 0 where a memory is absent."""
    c = params.config
    core = c.core
    imem, dmem = (0, 0) if core == "none" else (core.imem_kib * 1024, core.dmem_kib * 1024)
    return {
        Space.SCRATCHPAD: c.scratchpad_kib * 1024,
        Space.WEIGHTS: c.weight_memory_kib * 1024,
        Space.IMEM: imem,
        Space.DMEM: dmem,
        Space.TABLES: 2048 if c.elementwise else 0,
    }


def execute(world: World, command: Command) -> Failure | None:
    """One command, one byte after the other."""
    c, is_load = command.config, command.opcode is Opcode.LOAD
    if 0 in (c["length"], c["n1"], c["n2"]):
        return Failure(Cause.CONFIG)
    if is_load and (c["space"] > max(Space) or c["source"] > max(Source)):
        return Failure(Cause.CONFIG)
    if not is_load and c["space"] != Space.SCRATCHPAD:
        return Failure(Cause.CONFIG)
    memory = world.chip[Space(c["space"])]
    if not memory:
        return Failure(Cause.ABSENT)
    fills = is_load and c["source"] == Source.FILL
    wraps = c["space"] == Space.WEIGHTS
    for plane in range(c["n2"]):
        for row in range(c["n1"]):
            chip = c["int_base"] + row * c["int_step1"] + plane * c["int_step2"]
            offset = c["ext_offset"] + row * c["ext_step1"] + plane * c["ext_step2"]
            chip %= 1 << CHIP_BITS
            offset %= 1 << OFFSET_BITS
            if not wraps and chip + c["length"] > len(memory):
                return Failure(Cause.RANGE, max(chip, len(memory)))
            if not fills:
                octets, readable, writable = (
                    world.regions[c["region"]] if c["region"] < 8 else (b"", True, True)
                )
                permitted = readable if is_load else writable
                if not permitted or offset + c["length"] > len(octets):
                    return Failure(Cause.REGION, offset, c["region"])
            for i in range(c["length"]):
                where = (chip + i) % len(memory)
                if fills:
                    memory[where] = c["fill"]
                elif is_load:
                    memory[where] = octets[offset + i]
                else:
                    octets[offset + i] = memory[where]
    return None


def _span(n1: int, n2: int, step1: int, step2: int) -> tuple[int, int]:
    """Least and greatest displacement of a row."""
    corners = [i * step1 + j * step2 for i in (0, n1 - 1) for j in (0, n2 - 1)]
    return min(corners), max(corners)


def _place(size: int, length: int, n1: int, n2: int) -> tuple[int, int, int]:
    """Base and steps with which all rows lie inside ``size`` bytes."""
    for _ in range(200):
        reach = max(1, min(size // max(1, n1 + n2), 4 * length + 20))
        step1 = random.choice((length, length + random.randrange(9), random.randint(-reach, reach)))
        step2 = random.choice((n1 * step1, random.randint(-reach, reach)))
        low, high = _span(n1, n2, step1, step2)
        room = size - (high - low) - length
        if room >= 0:
            return random.randint(0, room) - low, step1, step2
    return 0, 0, 0


def random_copy(params: Params, opcode: Opcode, world: World, most_bytes: int) -> Command:
    """A command that is good if its region is."""
    length = random.choice(
        (1, random.randint(1, 20), random.randint(1, 200), random.randint(1, most_bytes))
    )
    rows = max(1, min(30, most_bytes // length))
    n1 = random.randint(1, rows)
    n2 = random.randint(1, max(1, rows // n1))
    space = Space.SCRATCHPAD
    if opcode is Opcode.LOAD:
        space = random.choice([s for s, memory in world.chip.items() if memory])
    index = random.choice((0, 0, 0, random.randrange(8)))
    size = len(world.regions[index][0])
    length = min(length, max(1, size), len(world.chip[space]))
    int_base, int_step1, int_step2 = _place(len(world.chip[space]), length, n1, n2)
    if space is Space.WEIGHTS and random.random() < 0.5:
        int_base = random.getrandbits(CHIP_BITS)
    ext_offset, ext_step1, ext_step2 = _place(size, length, n1, n2)
    fills = opcode is Opcode.LOAD and random.random() < 0.2
    return Command(
        opcode,
        {
            "ext_offset": ext_offset % 2**32,
            "region": index,
            "space": space,
            "source": Source.FILL if fills else random.choice((0, 0, 7)) * (opcode is Opcode.STORE),
            "fill": random.randrange(256),
            "int_base": int_base % 2**24,
            "length": length,
            "n1": n1,
            "ext_step1": ext_step1,
            "ext_step2": ext_step2,
            "int_step1": int_step1,
            "int_step2": int_step2,
            "n2": n2,
        },
    )


def spoil(command: Command) -> Command:
    """Break a command in one of the ways that its engine must notice, or in none."""
    c = dict(command.config)
    change: dict[str, int] = random.choice(
        (
            {"length": 0},
            {"n1": 0},
            {"n2": 0},
            {"space": random.randrange(256)},
            {"source": random.randrange(256)},
            {"region": random.randrange(256)},
            {"int_base": random.getrandbits(CHIP_BITS)},
            {"ext_offset": random.getrandbits(32)},
            {"int_step1": random.randint(-(1 << 23), (1 << 23) - 1)},
            {"int_step2": random.randint(-(1 << 23), (1 << 23) - 1)},
            {"ext_step1": random.randint(-(1 << 31), (1 << 31) - 1)},
            {"ext_step2": random.randint(-(1 << 31), (1 << 31) - 1)},
        )
    )
    return Command(command.opcode, c | change, command.waits)
