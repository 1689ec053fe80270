"""What the core's trap handler tells the host's log (runtime/trap.S), and what it means."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

from arch.memory_map import DMEM_BASE
from arch.riscv import Mcause

MARK = b"\x7fWTP"
_N_REGISTERS = 32
_HEAD = struct.Struct(f"<4s2I{_N_REGISTERS}I2I")
_SP = 2

CAUSE_TEXT = {
    Mcause.INSTRUCTION_MISALIGNED: "a jump to an address that is no multiple of 4",
    Mcause.INSTRUCTION_FAULT: "a jump outside the instruction memory",
    Mcause.ILLEGAL_INSTRUCTION: "an instruction that the core does not have",
    Mcause.BREAKPOINT: "a breakpoint or a trap of the compiler's",
    Mcause.LOAD_MISALIGNED: "a load from an address that its size does not divide",
    Mcause.LOAD_FAULT: "a load outside the memories and the regions",
    Mcause.STORE_MISALIGNED: "a store to an address that its size does not divide",
    Mcause.STORE_FAULT: "a store outside the memories and the regions",
    Mcause.ECALL: "a system call",
}
_ADDRESSED = frozenset(Mcause) - {Mcause.ILLEGAL_INSTRUCTION, Mcause.BREAKPOINT, Mcause.ECALL}


@dataclass(frozen=True)
class TrapRecord:
    """An exception on the core.

    Members
    -------
    cause, pc, value : mcause, mepc, mtval.
    registers : x0 to x31 when it was taken.
    stack_address, stack : bytes of the stack from about sp on, not all of a deep one.
    """

    cause: int
    pc: int
    value: int
    registers: tuple[int, ...]
    stack_address: int
    stack: bytes

    @property
    def is_stack_overflow(self) -> bool:
        """Whether what was accessed is near a stack pointer that is below the data memory."""
        faults = (Mcause.LOAD_FAULT, Mcause.STORE_FAULT)
        sp = self.registers[_SP]
        return self.cause in faults and sp < DMEM_BASE and sp <= self.value < DMEM_BASE

    def word(self, address: int) -> int | None:
        """A word of the stack; None where it was not recorded."""
        offset = address - self.stack_address
        if offset < 0 or offset % 4 or offset + 4 > len(self.stack):
            return None
        return int.from_bytes(self.stack[offset : offset + 4], "little")

    def __str__(self) -> str:
        if self.is_stack_overflow:
            return f"the stack overflowed (sp 0x{self.registers[_SP]:08X})"
        return describe_trap(self.cause, self.value)


def describe_trap(cause: int, value: int | None = None) -> str:
    """An exception in words, with the address if it is known and belongs to it."""
    if cause not in list(Mcause):
        return f"an exception of unknown cause {cause}"
    text = CAUSE_TEXT[Mcause(cause)]
    return f"{text}, address 0x{value:08X}" if value is not None and cause in _ADDRESSED else text


class Log(NamedTuple):
    """The host's log taken apart: what operators printed, and the exception if there was one."""

    text: str
    trap: TrapRecord | None


def read_log(data: bytes) -> Log:
    """Take the log of one inference apart; a record that was cut short counts as text."""
    at = data.rfind(MARK)
    if at < 0 or len(data) < at + _HEAD.size:
        return Log(data.decode(errors="replace"), None)
    _, pc, value, cause, *rest = _HEAD.unpack_from(data, at)
    *registers, stack_address, n_words = rest
    stack = data[at + _HEAD.size : at + _HEAD.size + 4 * n_words]
    text = data[:at].decode(errors="replace")
    record = TrapRecord(cause, pc, value, (0, *registers), stack_address, stack)
    return Log(text, record)
