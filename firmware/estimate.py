"""Cycles of a model's operators on the core, from one run of its program in Unicorn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import unicorn
from unicorn import riscv_const

from arch.errors import WeftError
from arch.memory_map import (
    COUNT_REGISTERS,
    DMEM_BASE,
    IMEM_BASE,
    MMIO_BASE,
    SCRATCHPAD_BASE,
    WINDOW_BASE,
    WINDOW_BYTES,
    Mmio,
)
from arch.op_interface import OpDescription, TensorDescription, TensorType
from arch.params import Params
from compiler.timing.given import GivenCommands
from compiler.timing.memory import MemoryTiming
from firmware.descriptors import DescriptorLayout
from firmware.image import FirmwareImage
from firmware.pace import Pace
from gen.linker_map import core_memory_bytes

MOST_CYCLES = 3_000_000
"""An operator that takes more is not run to its end."""
SCRATCHPAD_WAIT = 4  # of a load, beyond those of the data memory (hw/core/core_bus.py)
WINDOW_WAIT = 13  # of an access to external memory, beyond its latency
MAILBOX_WAIT = 2  # likewise, and of a store if another access is right behind it
WORD_TO_LOAD = 1  # of the store that gives a word: behind it the library loads the next one

_PAGE = 4096
_NO_LIMIT = 0xFFFF_FFFE
_CODES = (TensorType.INT8, TensorType.UINT8, TensorType.INT16)


@dataclass(frozen=True)
class CoreCycles:
    """What calls take; None for one that does not end or fails, and for none.

    Members
    -------
    boot : from the first instruction on.
    prepares, calls : of each operator, dispatch included.
    last : of what ends an inference.
    """

    boot: int | None
    prepares: tuple[int | None, ...]
    calls: tuple[int | None, ...]
    last: int | None


class CoreEstimate:
    """The core with a model's program, whose operators are called once each.

    What an operator takes can depend on its data; it gets random ones. Commands that it gives to
    other engines take their time and move nothing.

    Parameters
    ----------
    params : the configuration.
    memory : external memory.
    image, layout : the program and the descriptors of ``ops``.
    constants : ``ops`` with the data of constants, which are where ``ops`` says.
    """

    def __init__(
        self,
        params: Params,
        memory: MemoryTiming,
        image: FirmwareImage,
        layout: DescriptorLayout,
        ops: Sequence[OpDescription],
        constants: Sequence[OpDescription],
    ):
        self._params, self._memory = params, memory
        self._image, self._layout = image, layout
        self._ops = list(zip(ops, constants, strict=True))
        self._window_wait = WINDOW_WAIT + memory.latency
        self._rng = np.random.default_rng(1)
        self._commands: list[tuple[int, int]] = []
        self._status: int | None = None
        self._given = GivenCommands(params, memory)
        self._word_low = 0
        self._pace = Pace(image.imem, image.imem_base)
        self._uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        imem_bytes, dmem_bytes = core_memory_bytes(params)
        memories = ((IMEM_BASE, imem_bytes), (DMEM_BASE, dmem_bytes))
        for base, size in (*memories, (SCRATCHPAD_BASE, params.scratchpad_bytes)):
            self._uc.mem_map(base, -(-size // _PAGE) * _PAGE)
        for base, size in _windows(ops):
            self._uc.mem_map(base, size)
        self._uc.mmio_map(MMIO_BASE, _PAGE, self._read, None, self._write, None)
        self._uc.mem_write(image.imem_base, image.imem)
        self._uc.mem_write(image.dmem_base, image.dmem)
        self._uc.mem_write(layout.base, layout.data)
        self._uc.hook_add(unicorn.UC_HOOK_BLOCK, self._block)
        self._uc.hook_add(
            unicorn.UC_HOOK_MEM_READ,
            self._scratchpad_read,
            begin=SCRATCHPAD_BASE,
            end=SCRATCHPAD_BASE + params.scratchpad_bytes - 1,
        )
        self._uc.hook_add(
            unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE,
            self._window_access,
            begin=WINDOW_BASE,
            end=_NO_LIMIT,
        )

    def cycles(self) -> CoreCycles:
        """What each call takes."""
        boot = self._boot()
        prepares, calls = [], []
        for index in range(len(self._ops)):
            prepare, cycles = self._operator(index)
            prepares.append(prepare)
            calls.append(cycles)
            if cycles is None:
                self._boot()
        last = self._call(self._image.keep, self._layout.model) if self._layout.model else None
        return CoreCycles(boot, tuple(prepares), tuple(calls), last)

    def _boot(self) -> int | None:
        self._pc = self._image.entry
        return self._call(self._image.entry, self._layout.model)

    def _operator(self, index: int) -> tuple[int | None, int | None]:
        """Cycles of what comes before its call, and of the call."""
        op, constants = self._ops[index]
        for tensor, constant in zip(op.inputs, constants.inputs, strict=True):
            if isinstance(tensor.data, int) and tensor.n_bytes:
                self._uc.mem_write(tensor.data, self._bytes(constant))
        prepare = None
        if self._layout.prepares[index]:
            prepare = self._call(self._image.prepare, self._layout.prepares[index])
        functions = self._image.functions[op.name]
        return prepare, self._call(functions.eval, self._layout.arguments[index])

    def _bytes(self, tensor: TensorDescription) -> bytes:
        n = tensor.n_bytes
        if isinstance(tensor.data, np.ndarray):
            return tensor.data.tobytes()
        if tensor.type is TensorType.FLOAT32:
            return self._rng.normal(size=n // 4).astype(np.float32).tobytes()
        if tensor.type in _CODES:
            return self._rng.bytes(n)
        return bytes(n)  # indices, shapes, flags

    # ---- the core ----------------------------------------------------------------------------
    def _call(self, function: int, argument: int) -> int | None:
        self._commands = [(function, argument)]
        self._given = GivenCommands(self._params, self._memory)
        cycles = self._run()
        return None if cycles is None or self._status else max(cycles, round(self._given.end))

    def _run(self) -> int | None:
        """Run to the next write of DONE; cycles, or None where none comes."""
        self._status = None
        self._pace.start()
        try:
            self._uc.emu_start(self._pc, _NO_LIMIT)
        except unicorn.UcError:
            return None
        if self._status is None:
            return None
        self._pc = int(self._uc.reg_read(riscv_const.UC_RISCV_REG_PC))
        return self._pace.cycles

    def _block(self, uc: unicorn.Uc, address: int, size: int, _: object) -> None:
        self._pace.block(address, size)
        if self._status is not None or self._pace.cycles > MOST_CYCLES:
            uc.emu_stop()

    def _scratchpad_read(self, uc: unicorn.Uc, *_: object) -> None:
        self._pace.cycles += SCRATCHPAD_WAIT

    def _window_access(self, uc: unicorn.Uc, *_: object) -> None:
        self._pace.cycles += self._window_wait

    # ---- the mailbox -------------------------------------------------------------------------
    def _read(self, uc: unicorn.Uc, offset: int, size: int, _: object) -> int:
        self._pace.cycles += MAILBOX_WAIT
        engine = COUNT_REGISTERS.get(offset)
        if engine is not None:
            completed, given = self._given.counts(engine, self._pace.cycles)
            return completed | given << 16
        function, argument = self._commands[0] if self._commands else (0, 0)
        values: dict[int, int] = {
            Mmio.PENDING: int(bool(self._commands)),
            Mmio.FUNCTION: function,
            Mmio.ARGUMENT: argument,
        }
        return values.get(offset, 0)

    def _write(self, uc: unicorn.Uc, offset: int, size: int, value: int, _: object) -> None:
        if offset == Mmio.DONE:
            self._status = value
            del self._commands[:1]
        elif offset == Mmio.WORD_LOW:
            self._word_low = value
            self._pace.cycles += MAILBOX_WAIT
        elif offset == Mmio.WORD:
            try:
                at = self._given.give(value << 32 | self._word_low, self._pace.cycles)
            except WeftError:
                self._status = -1
                uc.emu_stop()
            else:
                self._pace.cycles = round(at) + WORD_TO_LOAD


def _windows(ops: Sequence[OpDescription]) -> list[tuple[int, int]]:
    """Base and size of what the core sees of the regions that operators use."""
    ends: dict[int, int] = {}
    for op in ops:
        for tensor in (*op.inputs, *op.outputs):
            if isinstance(tensor.data, int) and tensor.data >= WINDOW_BASE:
                region, offset = divmod(tensor.data - WINDOW_BASE, WINDOW_BYTES)
                ends[region] = max(ends.get(region, 0), offset + tensor.n_bytes)
    return [
        (WINDOW_BASE + region * WINDOW_BYTES, -(-end // _PAGE) * _PAGE)
        for region, end in ends.items()
    ]
