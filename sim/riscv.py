"""An instruction-set simulator of the core: RV32IM(C), Zicsr, Zicntr, options, machine mode.

Written from the manual (volume I, unprivileged, and volume II, privileged 1.12), without a look at
the hardware. Where the manual leaves a choice, it is: mtval holds the instruction for an illegal
one and the address for ebreak; mtvec is direct only; a misaligned access is reported before a
fault; wfi and fence do nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from arch.compressed import expand, is_compressed
from arch.riscv import (
    EXTERNAL_INTERRUPT,
    INTERRUPT_BIT,
    ZERO_CSR_RANGES,
    Csr,
    Custom,
    Dot4,
    Mcause,
    misa,
)

MASK = 0xFFFF_FFFF
_MIE, _MPIE, _MPP = 1 << 3, 1 << 7, 3 << 11
_EXTERNAL = 1 << EXTERNAL_INTERRUPT


class Trap(Exception):
    """An exception of the program."""

    def __init__(self, cause: Mcause, value: int):
        super().__init__(f"{cause.name} {value:#x}")
        self.cause = cause
        self.value = value


class AccessFault(Exception):
    """Raised by a memory for an address that it does not have."""


class Memory:
    """Byte-addressed regions.

    Parameters
    ----------
    regions : base addresses and contents; the contents are written in place.
    """

    def __init__(self, regions: Sequence[tuple[int, bytearray]]):
        self._regions = list(regions)

    def _find(self, address: int, size: int) -> tuple[bytearray, int]:
        for base, content in self._regions:
            if base <= address and address + size <= base + len(content):
                return content, address - base
        raise AccessFault

    def fetch(self, address: int, size: int = 4) -> int:
        return self.load(address, size)

    def load(self, address: int, size: int) -> int:
        content, offset = self._find(address, size)
        return int.from_bytes(content[offset : offset + size], "little")

    def store(self, address: int, size: int, value: int) -> None:
        content, offset = self._find(address, size)
        content[offset : offset + size] = value.to_bytes(size, "little")


@dataclass
class Step:
    """What one instruction did.

    Members
    -------
    pc, insn, next_pc : its address, its encoding (0 if the fetch failed), where it went on.
    rd, value : register written (0: none) and the value.
    trap : the exception that it raised, or None.
    access : kind ("load", "store", ""), address, bytes, data of a finished memory access.
    """

    pc: int
    insn: int = 0
    next_pc: int = 0
    rd: int = 0
    value: int = 0
    trap: Trap | None = None
    access: tuple[str, int, int, int] = ("", 0, 0, 0)


def signed(value: int, bits: int = 32) -> int:
    """``value``'s lowest bits as two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _divide(a: int, b: int) -> int:
    """Quotient towards zero."""
    magnitude = abs(a) // abs(b)
    return magnitude if (a < 0) == (b < 0) else -magnitude


def _div(a: int, b: int) -> int:
    return -1 if b == 0 else _divide(signed(a), signed(b))


def _rem(a: int, b: int) -> int:
    if b == 0:
        return a
    return signed(a) - signed(b) * _divide(signed(a), signed(b))


_T = TypeVar("_T")
_Binary = Callable[[int, int], int]

_SHIFT: dict[tuple[int, int], _Binary] = {
    (1, 0x00): lambda a, b: a << (b & 31),
    (5, 0x00): lambda a, b: a >> (b & 31),
    (5, 0x20): lambda a, b: signed(a) >> (b & 31),
}
_OP: dict[tuple[int, int], _Binary] = {
    **_SHIFT,
    (0, 0x00): lambda a, b: a + b,
    (0, 0x20): lambda a, b: a - b,
    (2, 0x00): lambda a, b: int(signed(a) < signed(b)),
    (3, 0x00): lambda a, b: int(a < b),
    (4, 0x00): lambda a, b: a ^ b,
    (6, 0x00): lambda a, b: a | b,
    (7, 0x00): lambda a, b: a & b,
    (0, 0x01): lambda a, b: a * b,
    (1, 0x01): lambda a, b: (signed(a) * signed(b)) >> 32,
    (2, 0x01): lambda a, b: (signed(a) * b) >> 32,
    (3, 0x01): lambda a, b: (a * b) >> 32,
    (4, 0x01): _div,
    (5, 0x01): lambda a, b: MASK if b == 0 else a // b,
    (6, 0x01): _rem,
    (7, 0x01): lambda a, b: a if b == 0 else a % b,
}


def _rotate(a: int, n: int) -> int:
    """To the right."""
    n &= 31
    return a >> n | a << (32 - n)


def _dot(a: int, b: int, a_signed: bool) -> int:
    """Sum of the products of bytes."""
    a_bytes, b_bytes = a.to_bytes(4, "little"), b.to_bytes(4, "little")
    return sum(
        (signed(x, 8) if a_signed else x) * signed(y, 8)
        for x, y in zip(a_bytes, b_bytes, strict=True)
    )


def _or_combine(a: int) -> int:
    return int.from_bytes(bytes(255 if byte else 0 for byte in a.to_bytes(4, "little")), "little")


# Optional instructions (Bit-Manipulation ISA-extensions 1.0, chapter 2; arch.riscv).
_ZBA: dict[tuple[int, int], _Binary] = {
    (2, 0x10): lambda a, b: (a << 1) + b,
    (4, 0x10): lambda a, b: (a << 2) + b,
    (6, 0x10): lambda a, b: (a << 3) + b,
}
_ZBB: dict[tuple[int, int], _Binary] = {
    (4, 0x20): lambda a, b: ~(a ^ b),
    (6, 0x20): lambda a, b: a | ~b,
    (7, 0x20): lambda a, b: a & ~b,
    (4, 0x05): lambda a, b: min(signed(a), signed(b)),
    (5, 0x05): min,
    (6, 0x05): lambda a, b: max(signed(a), signed(b)),
    (7, 0x05): max,
    (1, 0x30): lambda a, b: _rotate(a, -b),
    (5, 0x30): _rotate,
}
_ZBB_ONE: dict[tuple[int, int, int], Callable[[int], int]] = {  # opcode, funct3, bits 31..20
    (0x13, 1, 0x600): lambda a: 32 - a.bit_length(),
    (0x13, 1, 0x601): lambda a: (a & -a).bit_length() - 1 if a else 32,
    (0x13, 1, 0x602): int.bit_count,
    (0x13, 1, 0x604): lambda a: signed(a, 8),
    (0x13, 1, 0x605): lambda a: signed(a, 16),
    (0x33, 4, 0x080): lambda a: a & 0xFFFF,
    (0x13, 5, 0x287): _or_combine,
    (0x13, 5, 0x698): lambda a: int.from_bytes(a.to_bytes(4, "little"), "big"),
}
_DOT4: dict[tuple[int, int], _Binary] = {
    (Dot4.SIGNED, 0): lambda a, b: _dot(a, b, True),
    (Dot4.UNSIGNED, 0): lambda a, b: _dot(a, b, False),
}
_BRANCH: dict[int, Callable[[int, int], bool]] = {
    0: lambda a, b: a == b,
    1: lambda a, b: a != b,
    4: lambda a, b: signed(a) < signed(b),
    5: lambda a, b: signed(a) >= signed(b),
    6: lambda a, b: a < b,
    7: lambda a, b: a >= b,
}
_LOAD = {0: (1, True), 1: (2, True), 2: (4, False), 4: (1, False), 5: (2, False)}
_SHADOWS = {
    Csr.CYCLE: Csr.MCYCLE,
    Csr.TIME: Csr.MCYCLE,
    Csr.INSTRET: Csr.MINSTRET,
    Csr.CYCLEH: Csr.MCYCLEH,
    Csr.TIMEH: Csr.MCYCLEH,
    Csr.INSTRETH: Csr.MINSTRETH,
}
_WRITABLE = {
    Csr.MSTATUS: _MIE | _MPIE,
    Csr.MIE: _EXTERNAL,
    Csr.MTVEC: ~3 & MASK,
    Csr.MEPC: ~1 & MASK,  # without compressed instructions bit 1 is zero, too
    Csr.MSCRATCH: MASK,
    Csr.MTVAL: MASK,
    Csr.MCAUSE: INTERRUPT_BIT | 15,
}


@dataclass
class Machine:
    """Registers and program counter of one core.

    Members
    -------
    memory : loads, stores and fetches; raises :class:`AccessFault`.
    pc : address of the next instruction.
    x : the integer registers.
    cycle : mcycle; the caller advances it, because an instruction's cycles are the hardware's.
    retired : minstret.
    irq : level of the external interrupt line, as mip shows it.
    extensions : which of zba, zbb, dot4 and compressed it has.
    """

    memory: Memory
    pc: int = 0
    x: list[int] = field(default_factory=lambda: [0] * 32)
    cycle: int = 0
    retired: int = 0
    irq: bool = False
    csrs: dict[int, int] = field(default_factory=lambda: dict.fromkeys(_WRITABLE, 0))
    extensions: frozenset[str] = frozenset()

    def interrupt(self) -> None:
        """Take the external interrupt before the next instruction."""
        self._enter_trap(INTERRUPT_BIT | EXTERNAL_INTERRUPT, 0)

    @property
    def interrupt_enabled(self) -> bool:
        return bool(self.csrs[Csr.MSTATUS] & _MIE and self.csrs[Csr.MIE] & _EXTERNAL)

    def step(self) -> Step:
        """Execute one instruction, or take its exception."""
        step = Step(self.pc)
        try:
            step.insn = self._fetch()
            self._minstret_written = False
            self._execute(step)
        except Trap as trap:
            step.trap = trap
            step.rd = step.value = 0
            self._enter_trap(trap.cause, trap.value)
        else:
            if step.rd:
                step.value &= MASK
                self.x[step.rd] = step.value
            else:
                step.value = 0
            self.pc = step.next_pc
            if not self._minstret_written:
                self.retired += 1
        step.next_pc = self.pc
        return step

    def _enter_trap(self, cause: int, value: int) -> None:
        status = self.csrs[Csr.MSTATUS]
        self.csrs[Csr.MSTATUS] = _MPIE if status & _MIE else 0
        self.csrs[Csr.MEPC] = self.pc
        self.csrs[Csr.MCAUSE] = int(cause)
        self.csrs[Csr.MTVAL] = value & MASK
        self.pc = self.csrs[Csr.MTVEC]

    def _fetch(self) -> int:
        """The instruction at the pc, as it is in memory."""
        if not self._compressed:
            return self._fetch_part(self.pc, 4)
        parcel = self._fetch_part(self.pc, 2)
        if is_compressed(parcel):
            return parcel
        return parcel | self._fetch_part(self.pc + 2 & MASK, 2) << 16

    def _fetch_part(self, address: int, size: int) -> int:
        try:
            return self.memory.fetch(address, size)
        except AccessFault:
            raise Trap(Mcause.INSTRUCTION_FAULT, address) from None

    @property
    def _compressed(self) -> bool:
        return "compressed" in self.extensions

    def _execute(self, step: Step) -> None:
        insn, pc = step.insn, step.pc
        illegal = Trap(Mcause.ILLEGAL_INSTRUCTION, insn)
        following = pc + 4
        if self._compressed and is_compressed(insn):
            insn, following = _need(expand(insn), illegal), pc + 2
        opcode, funct3, funct7 = insn & 0x7F, insn >> 12 & 7, insn >> 25
        rd, a, b = insn >> 7 & 31, self.x[insn >> 15 & 31], self.x[insn >> 20 & 31]
        immediate = signed(insn >> 20, 12)
        step.next_pc = following & MASK
        optional = self._optional(opcode, funct3, insn >> 20, b)
        if optional is not None:
            step.rd, step.value = rd, optional(a)
        elif opcode == 0x33:
            step.rd, step.value = rd, _need(_OP.get((funct3, funct7)), illegal)(a, b)
        elif opcode == 0x13:
            if funct3 in (1, 5):
                operation = _need(_SHIFT.get((funct3, funct7)), illegal)
            else:
                operation = _OP[funct3, 0]
            step.rd, step.value = rd, operation(a, immediate & MASK)
        elif opcode == 0x37:
            step.rd, step.value = rd, insn & 0xFFFFF000
        elif opcode == 0x17:
            step.rd, step.value = rd, pc + (insn & 0xFFFFF000)
        elif opcode == 0x63:
            taken = _need(_BRANCH.get(funct3), illegal)(a, b)
            offset = (
                (insn >> 8 & 15) << 1
                | (insn >> 25 & 63) << 5
                | (insn >> 7 & 1) << 11
                | (insn >> 31) << 12
            )
            if taken:
                self._jump(step, pc + signed(offset, 13))
        elif opcode == 0x6F:
            offset = (
                (insn >> 21 & 1023) << 1
                | (insn >> 20 & 1) << 11
                | (insn >> 12 & 255) << 12
                | (insn >> 31) << 20
            )
            step.rd, step.value = rd, following
            self._jump(step, pc + signed(offset, 21))
        elif opcode == 0x67 and funct3 == 0:
            step.rd, step.value = rd, following
            self._jump(step, a + immediate & ~1)
        elif opcode == 0x03:
            size, extend = _need(_LOAD.get(funct3), illegal)
            value = self._load(step, a + immediate & MASK, size)
            step.rd, step.value = rd, signed(value, 8 * size) if extend else value
        elif opcode == 0x23 and funct3 < 3:
            self._store(step, a + signed((insn >> 7 & 31) | funct7 << 5, 12) & MASK, 1 << funct3, b)
        elif opcode == 0x0F and funct3 < 2:
            pass
        elif opcode == 0x73:
            self._system(step, insn, a, illegal)
        else:
            raise illegal

    def _optional(
        self, opcode: int, funct3: int, funct12: int, b: int
    ) -> Callable[[int], int] | None:
        """What an instruction of the extensions makes of rs1; None for all others."""
        funct7, binary = funct12 >> 5, None
        if opcode == 0x33 and "zba" in self.extensions:
            binary = _ZBA.get((funct3, funct7))
        if "zbb" in self.extensions:
            if (opcode, funct3, funct12) in _ZBB_ONE:
                return _ZBB_ONE[opcode, funct3, funct12]
            if opcode == 0x13 and (funct3, funct7) == (5, 0x30):
                return lambda a: _rotate(a, funct12)
            if opcode == 0x33:
                binary = binary or _ZBB.get((funct3, funct7))
        if opcode == Custom.CUSTOM_0 and "dot4" in self.extensions:
            binary = _DOT4.get((funct3, funct7))
        return None if binary is None else lambda a: binary(a, b)

    def _jump(self, step: Step, target: int) -> None:
        target &= MASK
        if target & 3 and not self._compressed:
            raise Trap(Mcause.INSTRUCTION_MISALIGNED, target)
        step.next_pc = target

    def _load(self, step: Step, address: int, size: int) -> int:
        if address % size:
            raise Trap(Mcause.LOAD_MISALIGNED, address)
        try:
            value = self.memory.load(address, size)
        except AccessFault:
            raise Trap(Mcause.LOAD_FAULT, address) from None
        step.access = ("load", address, size, value)
        return value

    def _store(self, step: Step, address: int, size: int, value: int) -> None:
        if address % size:
            raise Trap(Mcause.STORE_MISALIGNED, address)
        value &= (1 << 8 * size) - 1
        try:
            self.memory.store(address, size, value)
        except AccessFault:
            raise Trap(Mcause.STORE_FAULT, address) from None
        step.access = ("store", address, size, value)

    def _system(self, step: Step, insn: int, a: int, illegal: Trap) -> None:
        funct3, rd = insn >> 12 & 7, insn >> 7 & 31
        if funct3 in (0, 4):
            if insn == 0x00000073:
                raise Trap(Mcause.ECALL, 0)
            if insn == 0x00100073:
                raise Trap(Mcause.BREAKPOINT, step.pc)
            if insn == 0x30200073:
                status = self.csrs[Csr.MSTATUS]
                self.csrs[Csr.MSTATUS] = _MPIE | (_MIE if status & _MPIE else 0)
                step.next_pc = self.csrs[Csr.MEPC]
            elif insn != 0x10500073:
                raise illegal
            return
        source = insn >> 15 & 31
        operand = source if funct3 & 4 else a
        number = insn >> 20
        writes = funct3 & 3 == 1 or source != 0
        if not _csr_exists(number) or (writes and number >> 10 == 3):
            raise illegal
        old = self.read_csr(number)
        step.rd, step.value = rd, old
        if writes:
            new = {1: operand, 2: old | operand, 3: old & ~operand}[funct3 & 3]
            self._write_csr(number, new)

    def read_csr(self, number: int) -> int:
        """Value of a register that exists."""
        number = _SHADOWS.get(Csr(number), number) if number in set(Csr) else number
        if number in (Csr.MCYCLE, Csr.MCYCLEH):
            return self.cycle >> (32 if number == Csr.MCYCLEH else 0) & MASK
        if number in (Csr.MINSTRET, Csr.MINSTRETH):
            return self.retired >> (32 if number == Csr.MINSTRETH else 0) & MASK
        if number == Csr.MSTATUS:
            return self.csrs[number] | _MPP
        if number == Csr.MISA:
            return misa(compressed=self._compressed)
        if number == Csr.MIP:
            return _EXTERNAL if self.irq else 0
        return self.csrs.get(number, 0)

    def _write_csr(self, number: int, value: int) -> None:
        if number == Csr.MCYCLE:
            self.cycle = self.cycle & ~MASK | value
        elif number == Csr.MCYCLEH:
            self.cycle = self.cycle & MASK | value << 32
        elif number in (Csr.MINSTRET, Csr.MINSTRETH):
            # The written value is what the next instruction reads.
            if number == Csr.MINSTRET:
                self.retired = self.retired & ~MASK | value
                self._minstret_written = True
            else:
                self.retired = self.retired & MASK | value << 32
        elif number in _WRITABLE:
            mask = _WRITABLE[Csr(number)]
            if number == Csr.MEPC and not self._compressed:
                mask &= ~3
            self.csrs[number] = value & mask


def _need(value: _T | None, otherwise: Trap) -> _T:
    if value is None:
        raise otherwise
    return value


def _csr_exists(number: int) -> bool:
    if any(first <= number <= last for first, last in ZERO_CSR_RANGES):
        return True
    return number in set(Csr)
