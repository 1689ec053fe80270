"""Functional model of the accelerator: executes a command stream, bit-exact, without time.

It is the executable definition of the command set and the oracle for the hardware's tests.
Commands run in program order; a program whose waits are too weak for the hardware is not detected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from arch import isa
from arch.decode import Decoder, ProgramError, config_cause
from arch.isa import Cause, Command, Engine, Mode, Source, Space, Wide
from arch.params import Params
from arch.quant import requantize, wrap32
from sim.array_model import ArrayModel


@dataclass
class Region:
    """External memory that a program may use: its bytes and its permissions."""

    data: bytearray | memoryview
    read: bool = True
    write: bool = False


@dataclass(frozen=True)
class AcceleratorPort:
    """What an operator on the core sees of the rest while it runs.

    Members
    -------
    give : takes a word of a command; raises :class:`ProgramError` where the program would stop.
    counts : for each engine, the commands that it has completed, which are all that there were.
    """

    give: Callable[[int], None]
    counts: Callable[[], Sequence[int]]


@dataclass
class Memories:
    """What the core reaches: on-chip memories and, through its window, external ones, as bytes; and
    the other engines."""

    scratchpad: np.ndarray
    weights: np.ndarray
    tables: np.ndarray
    imem: np.ndarray
    dmem: np.ndarray
    accelerator: AcceleratorPort | None = None
    regions: tuple[np.ndarray, ...] = ()

    @classmethod
    def of(cls, params: Params) -> Memories:
        core = params.config.core
        imem, dmem = (0, 0) if core == "none" else (core.imem_kib, core.dmem_kib)
        sizes = (
            params.scratchpad_bytes,
            params.weight_memory_bytes,
            2 * 256 * 4 if params.config.elementwise else 0,
            imem * 1024,
            dmem * 1024,
        )
        scratchpad, weights, tables, instructions, data = [np.zeros(n, np.uint8) for n in sizes]
        return cls(scratchpad, weights, tables, instructions, data)

    def space(self, space: Space) -> np.ndarray:
        return {
            Space.SCRATCHPAD: self.scratchpad,
            Space.WEIGHTS: self.weights,
            Space.TABLES: self.tables,
            Space.IMEM: self.imem,
            Space.DMEM: self.dmem,
        }[space]


CoreCall = Callable[[int, int, Memories], int]
"""Runs (function, argument) on the memories and returns the operator's status."""


@dataclass
class FunctionalModel:
    """One accelerator with its regions of external memory.

    Parameters
    ----------
    params : the configuration.
    core_call : what a CORE command without ``boot`` runs; None refuses such commands.

    Members
    -------
    n_given : commands that operators on the core gave in the last program.
    """

    params: Params
    core_call: CoreCall | None = None
    regions: list[Region] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.memories = Memories.of(self.params)
        self._array = ArrayModel(self.params, self.memories)
        self._completed = [0] * len(Engine)
        self._decoder = Decoder()
        self._given: list[int] = []
        self.n_given = 0
        self._accepts = False
        self.memories.accelerator = AcceleratorPort(self._give, lambda: self._completed)

    def run(self, program: bytes) -> None:
        """Execute a whole program; raises :class:`ProgramError` where the hardware would stop."""
        self._completed = [0] * len(Engine)
        self._array.reset()
        self._decoder = Decoder()
        self.n_given = 0
        for engine, command in self._decoder.commands(program):
            self.execute(engine, command)

    def execute(self, engine: Engine, command: Command) -> None:
        """Execute one command of a program; raises :class:`ProgramError`."""
        cause = config_cause(self.params, command)
        if cause is not Cause.NONE:
            raise self._error(engine, cause)
        if engine is Engine.ARRAY:
            self._run_array(command)
        elif engine is Engine.CORE:
            self._run_core(command)
        else:
            self._copy(engine, command)
        self._completed[engine] += 1

    def _error(self, engine: Engine, cause: Cause, address: int = 0, info: int = 0) -> ProgramError:
        return ProgramError(cause, engine, self._completed[engine], address, info)

    # ---- load and store ----------------------------------------------------------------------
    def _external(self, engine: Engine, config: Mapping[str, int], offset: int) -> memoryview:
        """``length`` bytes at ``offset`` of the region, checked as the hardware checks."""
        index, length = config["region"], config["length"]
        region = self.regions[index] if index < len(self.regions) else Region(bytearray())
        allowed = region.read if engine is Engine.LOAD else region.write
        if not allowed or offset + length > len(region.data):
            raise self._error(engine, Cause.REGION, offset, index)
        return memoryview(region.data)[offset : offset + length]

    def _copy(self, engine: Engine, command: Command) -> None:
        c = dict(command.config)
        space = Space(c["space"]) if engine is Engine.LOAD else Space.SCRATCHPAD
        chip = self.memories.space(space)
        length = c["length"]
        for i2 in range(c["n2"]):
            for i1 in range(c["n1"]):
                internal = c["int_base"] + i1 * c["int_step1"] + i2 * c["int_step2"]
                internal %= 1 << isa.ADDRESS_BITS
                external = c["ext_offset"] + i1 * c["ext_step1"] + i2 * c["ext_step2"]
                external %= 1 << 32
                where = np.arange(internal, internal + length)
                if space is Space.WEIGHTS:
                    where %= len(chip)
                elif internal + length > len(chip):
                    raise self._error(engine, Cause.RANGE, max(internal, len(chip)))
                if engine is Engine.STORE:
                    self._external(engine, c, external)[:] = chip[where].tobytes()
                elif c["source"] == Source.FILL:
                    chip[where] = c["fill"]
                else:
                    chip[where] = np.frombuffer(self._external(engine, c, external), np.uint8)

    # ---- array -------------------------------------------------------------------------------
    def _run_array(self, command: Command) -> None:
        c = command.config
        if c["mode"] == Mode.ELEMENTWISE:
            self._elementwise(c)
            return
        pixels = c["tile_w"] * c["tile_h"]
        if pixels > self.params.accumulator_depth or self._array.refuses(c):
            raise self._error(Engine.ARRAY, Cause.CONFIG)
        for block in self._array.blocks(c):
            if c["keep_out"]:
                continue
            x = wrap32(block.sums + block.bias)
            y = _result(c, x, block.multiplier, block.shift)
            if c["table_out"]:
                y = self._table(0, y).astype(np.int8)
            self._write_block(c, block.index, y)

    def _table(self, which: int, codes: np.ndarray) -> np.ndarray:
        table = self.memories.tables.view(np.int32)[256 * which : 256 * (which + 1)]
        return table[codes.astype(np.int64) + 128].astype(np.int64)

    def _elementwise(self, c: Mapping[str, int]) -> None:
        cols = self.params.cols
        ys, xs = np.divmod(np.arange(c["tile_h"] * c["tile_w"]), c["tile_w"])
        offsets = (ys * c["row_step"] + xs * c["pixel_step"])[:, None] + np.arange(cols)
        scratchpad = self.memories.scratchpad
        # Operands are read ahead of the results of the same command: reads see what was there.
        blocks = []
        for index in range(c["blocks"]):
            where = offsets + index * c["in_block_step"]
            a = scratchpad[(c["in_base"] + where) % len(scratchpad)].view(np.int8).astype(np.int64)
            value = self._table(0, a) if c["table_a"] else a
            if c["binary"]:
                b = scratchpad[(c["b_base"] + where) % len(scratchpad)].view(np.int8)
                value = wrap32(value + self._table(1, b))
            blocks.append(value)
        for index, value in enumerate(blocks):
            y = _result(c, value, c["multiplier"], c["shift"])
            self._write_block(c, index, y)

    def _write_block(self, c: Mapping[str, int], index: int, y: np.ndarray) -> None:
        """Write one block's outputs, shape (pixels, cols); only channels in use are written."""
        n_cols = c["last_cols"] if index == c["blocks"] - 1 else self.params.cols
        rows, columns = np.divmod(np.arange(len(y)), c["tile_w"])
        base = c["out_base"] + index * c["out_block_step"]
        pixel = base + rows * c["out_row_step"] + columns * c["out_pixel_step"]
        where = (pixel[:, None] + np.arange(n_cols)) % (1 << isa.ADDRESS_BITS)
        beyond = where >= len(self.memories.scratchpad)
        if beyond.any():
            raise self._error(Engine.ARRAY, Cause.RANGE, int(where[beyond][0]))
        self.memories.scratchpad[where] = y[:, :n_cols].astype(np.int8).view(np.uint8)

    # ---- core --------------------------------------------------------------------------------
    def _run_core(self, command: Command) -> None:
        c = command.config
        if c["boot"]:
            return
        if self.core_call is None:
            raise self._error(Engine.CORE, Cause.ABSENT)
        self.memories.regions = tuple(
            np.frombuffer(region.data if region.read else b"", np.uint8) for region in self.regions
        )
        self._given, self._accepts = [], bool(c["accept"])
        dispatched, completed = list(self._decoder.dispatched), list(self._completed)
        status = self.core_call(c["function"], c["argument"], self.memories)
        if status:
            raise self._error(Engine.CORE, Cause.OP_STATUS, 0, status)
        if self._given:
            raise self._decoder.fail(Cause.LENGTH)
        self._decoder.set_back(dispatched)
        self._completed = completed

    def _give(self, word: int) -> None:
        """A word of a command from the core."""
        if not self._accepts:
            raise self._error(Engine.CORE, Cause.CONFIG)
        self._given.append(word)
        given = self._decoder.given(self._given)
        if given is not None:
            self._given = []
            self.n_given += 1
            self.execute(*given)


def _result(
    c: Mapping[str, int], value: np.ndarray, multiplier: ArrayLike, shift: ArrayLike
) -> np.ndarray:
    """The byte that is written for each value."""
    if not c["wide"]:
        return requantize(value, multiplier, shift, c["zero_point"], c["low"], c["high"])
    limits = np.iinfo(np.int16)
    y = requantize(value, multiplier, shift, c["zero_point"], limits.min, limits.max)
    return (y if c["wide"] == Wide.LOW else y >> 8).astype(np.int8)
