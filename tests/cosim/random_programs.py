"""Random programs that use all engines at once, free of races, and programs with one fault."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import numpy as np

from arch.isa import (
    ADDRESS_BITS,
    WORD_BYTES,
    Command,
    Engine,
    Mode,
    Opcode,
    Source,
    Space,
    encode_program,
)
from arch.params import Params
from compiler.scheduler import Hazards
from compiler.steps import SCRATCHPAD, TABLES, WEIGHTS, Range, Step
from tests.array_commands import ArrayCommands

PROGRAM, SOURCE, TARGET, ARENA = range(4)
SOURCE_BYTES = 48 * 1024
TARGET_BYTES = 24 * 1024
ARENA_BYTES = 8 * 1024
SPAN = 4 * 1024
"""Bytes of scratchpad that programs play with."""


@dataclass(frozen=True)
class RandomProgram:
    """A program and the contents of its source region; ``fault`` names what is wrong with it.

    ``weight_bytes`` from the start of that region are loaded first.
    """

    code: bytes
    source: bytes
    weight_bytes: int
    fault: str = ""


class ProgramMaker:
    """Makes one program; waits follow from the bytes that commands touch."""

    def __init__(self, rng: random.Random, params: Params):
        self.rng = rng
        self.params = params
        self.weights = np.zeros(params.weight_memory_bytes, np.uint8)
        self.arrays = ArrayCommands(rng, params, self.weights, SPAN)
        self.hazards = Hazards()
        self.counts = dict.fromkeys(Engine, 0)
        self.index: dict[int, int] = {}
        self.commands: list[Command] = []
        self.steps: list[Step] = []

    def program(self, n_commands: int, fault: str = "") -> RandomProgram:
        rng = self.rng
        tables = rng.randbytes(2048)
        self._setup(len(tables))
        where = rng.randrange(n_commands) if fault else -1
        for i in range(n_commands):
            if i == where:
                self._fault(fault)
            kind = rng.random()
            if kind < 0.55:
                if not self._array():
                    break
            elif kind < 0.8:
                self._transfer(Engine.LOAD)
            else:
                self._transfer(Engine.STORE)
        self._add(Engine.STORE, self._flat(Engine.STORE, Space.SCRATCHPAD, 0, TARGET, 0, SPAN))
        self.commands.append(Command(Opcode.END, {}))
        n_bytes = len(self.weights)
        if self.params.config.datapath == "scalar":  # on which all weights would take longest
            n_bytes = max(1, self.arrays.ring) * self.params.weight_word_bytes
            first = self.commands[0]
            self.commands[0] = replace(first, config={**first.config, "length": n_bytes})
        code = encode_program(self.commands)
        if fault == "opcode":
            code = self._spoil(code)
        random_bytes = rng.randbytes(SOURCE_BYTES - len(self.weights) - len(tables))
        source = self.weights.tobytes() + tables + random_bytes
        return RandomProgram(code, source, n_bytes, fault)

    # ---- commands ----------------------------------------------------------------------------
    def _setup(self, table_bytes: int) -> None:
        """Weights, tables and random bytes on chip."""
        n = len(self.weights)
        spaces = [(Space.WEIGHTS, 0, n), (Space.SCRATCHPAD, n + table_bytes, SPAN)]
        if self.params.config.elementwise:
            spaces.append((Space.TABLES, n, table_bytes))
        for space, offset, length in spaces:
            self._add(Engine.LOAD, self._flat(Engine.LOAD, space, 0, SOURCE, offset, length))

    def _flat(
        self, engine: Engine, space: Space, address: int, region: int, offset: int, length: int
    ) -> Step:
        config = {
            "ext_offset": offset,
            "region": region,
            "space": space,
            "int_base": address,
            "length": length,
            "n1": 1,
            "n2": 1,
        }
        chip = Range(space.name, address, address + length)
        outside = Range(f"REGION{region}", offset, offset + length)
        reads, writes = ((outside,), (chip,)) if engine is Engine.LOAD else ((chip,), (outside,))
        return Step(engine, config, 0, reads=reads, writes=writes)

    def _array(self) -> bool:
        """An array command, unless its weights would overwrite those of an earlier one."""
        before = self.arrays.ring
        if before > self.params.weight_words // 2:
            return False
        self._add(Engine.ARRAY, self._array_step(self.arrays.command()))
        return True

    def _array_step(self, command: Command) -> Step:
        half = SPAN // 2
        read = command.config["in_base"] // half * half
        write = half - read
        ranges = [Range(SCRATCHPAD, read, read + half), Range(WEIGHTS, 0, 1 << ADDRESS_BITS)]
        ranges.append(Range(TABLES, 0, 2048))
        writes = () if command.config.get("keep_out") else (Range(SCRATCHPAD, write, write + half),)
        return Step(Engine.ARRAY, command.config, 0, tuple(ranges), writes)

    def _transfer(self, engine: Engine) -> None:
        """Rows and planes at any alignment, with steps of any sign."""
        rng = self.rng
        length = rng.choice([1, 3, rng.randint(1, 40), rng.randint(1, 200)])
        n1, n2 = rng.randint(1, 5), rng.randint(1, 3)
        chip = self._steps(length, n1, n2, rng.randrange(2))
        outside = self._steps(length, n1, n2, 1)
        region, size = (SOURCE, SOURCE_BYTES) if engine is Engine.LOAD else (TARGET, TARGET_BYTES)
        low = SPAN if region == TARGET else 0  # the first bytes of the target are the result
        if rng.random() < 0.3:
            region, size, low = ARENA, ARENA_BYTES, 0
        base = self._base(chip, 0, SPAN)
        offset = self._base(outside, low, size)
        if base is None or offset is None:
            return
        fill = engine is Engine.LOAD and rng.random() < 0.2
        config = {
            "ext_offset": offset,
            "region": region,
            "space": Space.SCRATCHPAD,
            "int_base": base,
            "length": length,
            "n1": n1,
            "n2": n2,
            "ext_step1": outside[0],
            "ext_step2": outside[1],
            "int_step1": chip[0],
            "int_step2": chip[1],
            "source": Source.FILL if fill else Source.MEMORY,
            "fill": rng.randrange(256),
        }
        on_chip = Range(SCRATCHPAD, base + chip[2], base + chip[3])
        external = Range(f"REGION{region}", offset + outside[2], offset + outside[3])
        if engine is Engine.LOAD:
            reads: tuple[Range, ...] = () if fill else (external,)
            step = Step(engine, config, 0, reads, (on_chip,))
        else:
            step = Step(engine, config, 0, (on_chip,), (external,))
        self._add(engine, step)

    def _steps(self, length: int, n1: int, n2: int, dense: int) -> tuple[int, int, int, int]:
        """Two steps, and the lowest and highest byte that they reach from the base.

        Rows do not overlap: where they would, the order of writes inside a command would show.
        """
        rng = self.rng
        step1 = length + (0 if dense else rng.randint(0, 9))
        step2 = n1 * step1 + (0 if dense else rng.randint(0, 9))
        if rng.random() < 0.2:
            step1 = -step1
        if rng.random() < 0.2:
            step2 = -step2
        ends1, ends2 = (0, (n1 - 1) * step1), (0, (n2 - 1) * step2)
        return step1, step2, min(ends1) + min(ends2), max(ends1) + max(ends2) + length

    def _base(self, steps: tuple[int, int, int, int], low: int, high: int) -> int | None:
        first, last = low - steps[2], high - steps[3]
        return self.rng.randint(first, last) if first <= last else None

    def _add(self, engine: Engine, step: Step) -> None:
        waits = [0] * len(Engine)
        for other in self.hazards.dependencies(step):
            waits[other.engine] = max(waits[other.engine], self.index[id(other)])
        self.counts[engine] += 1
        self.index[id(step)] = self.counts[engine]
        opcode = Opcode(engine | 0x10)
        self.commands.append(Command(opcode, step.config, (waits[0], waits[1], waits[2], waits[3])))
        self.steps.append(step)  # which keeps their identities unique

    # ---- faults ------------------------------------------------------------------------------
    FAULTS = (
        *("opcode", "wait", "region", "permission", "range", "config", "absent"),
        *("array range", "array config", "sums not kept"),
    )

    def _fault(self, fault: str) -> None:
        rng, p = self.rng, self.params
        everything = tuple(self.counts[e] for e in Engine)
        load = self._flat(Engine.LOAD, Space.SCRATCHPAD, 0, SOURCE, 0, 64).config
        if fault == "wait":
            waits = list(everything)
            e = rng.choice(list(Engine))
            waits[e] = self.counts[e] + rng.randint(1, 5)
            self.commands.append(
                Command(Opcode.LOAD, load, (waits[0], waits[1], waits[2], waits[3]))
            )
            return
        change: dict[str, int] = {}
        opcode = Opcode.LOAD
        if fault == "region":
            change = {"ext_offset": SOURCE_BYTES - rng.randint(1, 63)}
        elif fault == "permission":
            opcode, change = Opcode.STORE, {"region": rng.choice([SOURCE, 6])}
        elif fault == "range":
            change = {"int_base": p.scratchpad_bytes - rng.randint(0, 63)}
        elif fault == "config":
            change = {rng.choice(["length", "n1", "n2"]): 0}
        elif fault == "absent":
            change = {"space": Space.IMEM if not p.config.has_core else 7}
        if fault.startswith("array") or fault == "sums not kept":
            self._add(Engine.ARRAY, self._array_step(self._on_its_own()))
            command = self._on_its_own()
            while fault == "sums not kept" and command.config["mode"] == Mode.ELEMENTWISE:
                command = self._on_its_own()
            changed = {
                "array range": {"out_base": p.scratchpad_bytes - rng.randint(0, 3)},
                "array config": {rng.choice(["tile_w", "blocks", "last_cols"]): 0},
                "sums not kept": {"keep_in": 1, "blocks": 1},
            }[fault]
            # It may stay inside after all, and then what follows must wait for it.
            command = replace(command, config={**command.config, **changed})
            self._add(Engine.ARRAY, self._array_step(command))
        elif change:
            self.commands.append(Command(opcode, {**load, **change}, everything))
        # Everything after the fault must not matter: nothing else goes wrong.

    def _on_its_own(self) -> Command:
        """An array command that has nothing to do with those around it."""
        while True:
            command = self.arrays.command()
            if not command.config.get("keep_in") and not command.config.get("keep_out"):
                return command

    def _spoil(self, code: bytes) -> bytes:
        """Give END an opcode that does not exist."""
        spoiled = bytearray(code)
        spoiled[-2 * WORD_BYTES] = self.rng.choice([0x00, 0x14, 0x1E, 0x7F, 0xFF])
        return bytes(spoiled)
