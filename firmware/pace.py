"""Cycles that the core takes for runs of instructions (docs/core.md, "Pipeline and cycles")."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_LOAD, _STORE, _BRANCH, _JALR, _JAL = 0x03, 0x23, 0x63, 0x67, 0x6F
_OP, _LUI, _AUIPC, _SYSTEM = 0x33, 0x37, 0x17, 0x73
_OP_IMM = 0x13
_WITHOUT_RD = (_STORE, _BRANCH)
_WITHOUT_RS1 = (_LUI, _AUIPC, _JAL)
_WITH_RS2 = (_OP, _STORE, _BRANCH)

USE_BEHIND_LOAD = 1  # also behind mul
USE_BEHIND_LATE = 2  # mulh*, div*, rem*, CSR reads; one less when another instruction is between
DIVISION = 30  # between a short and a long dividend
MISPREDICTED = 2
MISPREDICTED_LATE = 4  # of a beq or bne that does not wait for the load before it
BRANCH_TARGETS = 64
LIKELY, HIGHEST = 2, 3  # of the counter of a branch target


@dataclass
class _Block:
    """A run of instructions without a jump into or out of its middle."""

    cycles: int
    last: int  # address of the last instruction
    after: int  # address behind the run
    is_jump: bool
    mispredicted: int  # cycles that it costs to predict its jump wrongly


@dataclass
class _Entry:
    """Of the branch target buffer."""

    pc: int = -1
    target: int = 0
    counter: int = 0


class Pace:
    """Adds up the cycles of runs of instructions as they are executed.

    Parameters
    ----------
    code : the program, at address ``base``.
    """

    def __init__(self, code: bytes, base: int):
        words = len(code) // 4
        self._words = struct.unpack(f"<{words}I", code[: 4 * words])
        self._base = base
        self._blocks: dict[tuple[int, int], _Block] = {}
        self._entries = [_Entry() for _ in range(BRANCH_TARGETS)]
        self._before: _Block | None = None
        self.cycles = 0

    def start(self) -> None:
        """Count from zero."""
        self.cycles = 0
        self._before = None

    def block(self, address: int, size: int) -> None:
        """``size`` bytes of instructions at ``address`` are executed next."""
        before = self._before
        if before is not None and before.is_jump:
            self._predict(before, address)
        block = self._blocks.get((address, size))
        if block is None:
            block = self._blocks[address, size] = self._measure(address, size)
        self.cycles += block.cycles
        self._before = block

    def _predict(self, jump: _Block, target: int) -> None:
        """The branch target buffer, as in hw/core/branch_predictor.py but with whole tags."""
        taken = target != jump.after
        entry = self._entries[jump.last // 4 % BRANCH_TARGETS]
        hit = entry.pc == jump.last
        is_expected = hit and entry.counter >= LIKELY
        wrong = taken and not (is_expected and entry.target == target)
        if wrong or (is_expected and not taken):
            self.cycles += jump.mispredicted
        if wrong and (hit or entry.counter < HIGHEST):
            entry.pc, entry.target = jump.last, target
        if taken and not hit:
            entry.counter = LIKELY
        elif wrong and is_expected:
            entry.counter -= LIKELY
        elif taken:
            entry.counter = min(HIGHEST, entry.counter + 1)
        elif hit:
            entry.counter = max(0, entry.counter - 1)

    def _measure(self, address: int, size: int) -> _Block:
        cycles = 0
        late: dict[int, int] = {}  # register: cycle from which it can be used
        word, mispredicted = 0, MISPREDICTED
        for at in range(address, address + size, 4):
            before, word = word, self._words[(at - self._base) // 4]
            opcode, rd = word & 0x7F, word >> 7 & 31
            uses = [] if opcode in _WITHOUT_RS1 else [word >> 15 & 31]
            uses += [word >> 20 & 31] if opcode in _WITH_RS2 else []
            waits = {
                register: late[register] for register in uses if late.get(register, 0) > cycles
            }
            if _goes_on(word, before, set(waits)):
                mispredicted = MISPREDICTED_LATE
            else:
                cycles = max([cycles, *waits.values()])
            cycles += 1
            if opcode not in _WITHOUT_RD and rd:
                delay = _delay(word)
                late.pop(rd, None)
                if delay:
                    late[rd] = cycles + delay
            if opcode == _OP and word >> 25 == 1 and word >> 12 & 4:
                cycles += DIVISION
                late = {r: c + DIVISION for r, c in late.items()}
        last = address + size - 4
        is_jump = word & 0x7F in (_BRANCH, _JALR, _JAL)
        return _Block(cycles, last, address + size, is_jump, mispredicted)


def _goes_on(word: int, before: int, waits: set[int]) -> bool:
    """Whether it does not wait for what the load before it reads: one operand of beq or bne."""
    is_equality = word & 0x7F == _BRANCH and word >> 12 & 7 < 2
    return is_equality and before & 0x7F == _LOAD and waits == {before >> 7 & 31}


def _delay(word: int) -> int:
    """Cycles that the next instruction waits if it uses the result."""
    opcode = word & 0x7F
    if opcode == _LOAD:
        return USE_BEHIND_LOAD
    if opcode == _SYSTEM:
        return USE_BEHIND_LATE
    if opcode == _OP and word >> 25 == 1:
        return USE_BEHIND_LATE if word >> 12 & 7 else USE_BEHIND_LOAD
    return 0
