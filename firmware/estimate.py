"""Cycles of a model's operators on the core, from one run of its program in Unicorn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import unicorn
from unicorn import riscv_const

from arch.memory_map import (
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
from firmware.descriptors import DescriptorLayout
from firmware.image import FirmwareImage
from firmware.pace import Pace
from gen.linker_map import core_memory_bytes

MOST_CYCLES = 3_000_000
"""An operator that takes more is not run to its end."""
SCRATCHPAD_WAIT = 4  # of a load, beyond those of the data memory (hw/core/core_bus.py)
WINDOW_WAIT = 45
"""Of an access through the window onto external memory, whose latency is most of it."""

_PAGE = 4096
_NO_LIMIT = 0xFFFF_FFFE
_CODES = (TensorType.INT8, TensorType.UINT8, TensorType.INT16)


class CoreEstimate:
    """The core with a model's program, up to where its operators are called.

    What an operator takes can depend on its data; it gets random ones.

    Parameters
    ----------
    params : the configuration.
    image, layout : the program and the descriptors of ``ops``.
    constants : ``ops`` with the data of constants, which are where ``ops`` says.
    """

    def __init__(
        self,
        params: Params,
        image: FirmwareImage,
        layout: DescriptorLayout,
        ops: Sequence[OpDescription],
        constants: Sequence[OpDescription],
    ):
        self._image, self._layout = image, layout
        self._ops = list(zip(ops, constants, strict=True))
        self._rng = np.random.default_rng(1)
        self._commands: list[tuple[int, int]] = []
        self._status: int | None = None
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
        self._boot()

    def _boot(self) -> None:
        self._pc = self._image.entry
        self._run()

    def cycles(self) -> list[int | None]:
        """Of each operator's call, dispatch included; None for one that does not end, or fails."""
        found: list[int | None] = []
        for index in range(len(self._ops)):
            found.append(self._cycles_of(index))
            if found[-1] is None:
                self._boot()
        return found

    def _cycles_of(self, index: int) -> int | None:
        op, constants = self._ops[index]
        for tensor, constant in zip(op.inputs, constants.inputs, strict=True):
            if isinstance(tensor.data, int) and tensor.n_bytes:
                self._uc.mem_write(tensor.data, self._bytes(constant))
        if self._layout.prepares[index]:
            self._call(self._image.prepare, self._layout.prepares[index])
        functions = self._image.functions[op.name]
        cycles = self._call(functions.eval, self._layout.arguments[index])
        return None if self._status else cycles

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
        return self._run()

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
        self._pace.cycles += WINDOW_WAIT

    # ---- the mailbox -------------------------------------------------------------------------
    def _read(self, uc: unicorn.Uc, offset: int, size: int, _: object) -> int:
        function, argument = self._commands[0] if self._commands else (0, 0)
        values = {
            Mmio.PENDING: int(bool(self._commands)),
            Mmio.FUNCTION: function,
            Mmio.ARGUMENT: argument,
        }
        if offset not in values:  # an operator that waits for other engines
            uc.emu_stop()
        return values.get(Mmio(offset), 0)

    def _write(self, uc: unicorn.Uc, offset: int, size: int, value: int, _: object) -> None:
        if offset == Mmio.DONE:
            self._status = value
            del self._commands[:1]


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
