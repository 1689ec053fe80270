"""A core for tests: Unicorn's RV32 with the memories and the mailbox of the accelerator.

Runs a firmware image from its entry through the main loop, as the hardware does: the mailbox
hands out one command at a time and takes its status.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import unicorn
from unicorn import riscv_const

from arch.memory_map import DMEM_BASE, IMEM_BASE, MMIO_BASE, SCRATCHPAD_BASE, Mmio
from arch.params import Params
from firmware.descriptors import DescriptorLayout
from firmware.image import FirmwareImage
from gen.linker_map import core_memory_bytes

_PAGE = 4096
_LIMIT = 50_000_000


class MachineError(Exception):
    """Something that the core would have trapped on."""


@dataclass
class Machine:
    """One core with a program.

    Members
    -------
    instructions : executed by the last command, from its arrival to the write of DONE.
    log : text written to the host's log.
    """

    params: Params
    image: FirmwareImage
    instructions: int = 0
    log: str = ""
    _commands: list[tuple[int, int]] = field(default_factory=list)
    _status: int | None = None
    _fault: str = ""

    def __post_init__(self) -> None:
        self._uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        imem_bytes, dmem_bytes = core_memory_bytes(self.params)
        self._ranges = {
            "imem": (IMEM_BASE, imem_bytes),
            "dmem": (DMEM_BASE, dmem_bytes),
            "scratchpad": (SCRATCHPAD_BASE, self.params.scratchpad_bytes),
        }
        for name, (base, size) in self._ranges.items():
            rights = unicorn.UC_PROT_EXEC if name == "imem" else unicorn.UC_PROT_READ
            rights |= unicorn.UC_PROT_WRITE if name != "imem" else 0
            self._uc.mem_map(base, -(-size // _PAGE) * _PAGE, rights)
        self._uc.mmio_map(MMIO_BASE, _PAGE, self._read, None, self._write, None)
        self._uc.hook_add(
            unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE, self._check_alignment
        )
        # What memory holds before a program is loaded must not matter.
        for base, size in list(self._ranges.values())[1:]:
            self._uc.mem_write(base, b"\xa5" * size)
        self._uc.mem_write(IMEM_BASE, self.image.imem)
        self._uc.mem_write(self.image.dmem_base, self.image.dmem)
        self._start()

    def _start(self) -> None:
        self._uc.hook_add(unicorn.UC_HOOK_CODE, self._count)
        self._pc = self.image.entry
        if self._until_done() != 0:
            raise MachineError("the firmware did not report that it is ready")

    def load(self, layout: DescriptorLayout) -> None:
        """What the compiler's load command does with the descriptors."""
        self._uc.mem_write(layout.base, layout.data)

    def write(self, address: int, data: bytes) -> None:
        self._uc.mem_write(address, data)

    def read(self, address: int, n_bytes: int) -> bytes:
        return bytes(self._uc.mem_read(address, n_bytes))

    def call(self, function: int, argument: int) -> int:
        """Hand the core a command and return its status."""
        self._commands.append((function, argument))
        self.instructions = 0
        return self._until_done()

    # ---- the core ----------------------------------------------------------------------------
    def _until_done(self) -> int:
        self._status = None
        try:
            self._uc.emu_start(self._pc, 0xFFFF_FFFE, count=_LIMIT)
        except unicorn.UcError as error:
            raise MachineError(f"{error} at pc 0x{self._pc_now():08X}") from None
        if self._fault:
            raise MachineError(self._fault)
        if self._status is None:
            raise MachineError(f"no end after {_LIMIT} instructions")
        self._pc = self._pc_now()
        return self._status

    def _pc_now(self) -> int:
        return int(self._uc.reg_read(riscv_const.UC_RISCV_REG_PC))

    def _count(self, uc: unicorn.Uc, address: int, size: int, _: object) -> None:
        if size != 4:
            self._fault = f"compressed instruction at 0x{address:08X}"
        if self._status is not None or self._fault:
            uc.emu_stop()
        else:
            self.instructions += 1

    def _check_alignment(
        self, uc: unicorn.Uc, access: int, address: int, size: int, value: int, _: object
    ) -> None:
        if address % size:
            self._fault = f"misaligned access of {size} bytes at 0x{address:08X}"
            uc.emu_stop()
        inside = any(base <= address < base + n for base, n in self._ranges.values())
        if not inside and not MMIO_BASE <= address < MMIO_BASE + _PAGE:
            self._fault = f"access outside the memories at 0x{address:08X}"
            uc.emu_stop()

    # ---- the mailbox -------------------------------------------------------------------------
    def _read(self, uc: unicorn.Uc, offset: int, size: int, _: object) -> int:
        if offset == Mmio.PENDING:
            return int(bool(self._commands))
        function, argument = self._commands[0] if self._commands else (0, 0)
        return {Mmio.FUNCTION: function, Mmio.ARGUMENT: argument}.get(Mmio(offset), 0)

    def _write(self, uc: unicorn.Uc, offset: int, size: int, value: int, _: object) -> None:
        if offset == Mmio.LOG:
            self.log += chr(value & 0xFF)
        if offset == Mmio.DONE:
            self._status = value
            del self._commands[:1]
