"""The processor of the scalar datapath: what it sees at which address, and its own instructions.

It is a Harvard machine with 32-bit words. Its code lies in a ROM of its own, from which it only
fetches; everything below is what its loads and stores see. Hardware (hw.scalar), and by way of
gen.microcode the C++ sources that run on it, take their constants from here.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cached_property

from arch.isa import Space
from arch.params import Params
from arch.registers import REGISTERS

CODE_BASE = 0x0800_0000  # only for the linker: the program counter is as wide as the ROM
TRAP_VECTOR = 4  # where the processor goes on when it does not execute an operator's instruction


def code_bytes(params: Params) -> int:
    """Of the ROM; to look after operators takes a little more."""
    return (10 if params.config.has_core else 8) * 1024


DATA_BASE = 0x0000_0000  # the host's registers at their offsets; then constants, variables, stack
DATA_BYTES = 2 * 1024
HOST_BYTES = max(register.offset for register in REGISTERS) + 4  # of DATA, for the host

CONTROL_BASE = 0x1000_0000
BUS_BASE = 0x2000_0000
CHIP_BASE = 0x4000_0000  # on-chip memories, see ChipMap


class Control(enum.IntEnum):
    """Byte offsets from CONTROL_BASE; whole words only."""

    REQUEST = 0x00
    STATE = 0x04
    CYCLES = 0x08
    TRACE = 0x0C
    BUS_ADDRESS = 0x10
    BUS_ERROR = 0x14
    WATCH = 0x18
    LOG = 0x1C


CONTROL_DOC = {
    Control.REQUEST: "r: bit 0: a doorbell waits; 1: this is the start after a soft reset;"
    " 2: which stopped a program",
    Control.STATE: "w: 1:0 the new state of STATUS; 2, 3: raise the interrupt causes done, error."
    " Takes a doorbell and a soft reset as answered, but for state RUNNING",
    Control.CYCLES: "r: cycles since the doorbell",
    Control.TRACE: "w: 3:0 engines that started a command, 7:4 engines that completed one",
    Control.BUS_ADDRESS: "w: bus address of the next access to a word of BUS; forgets BUS_ERROR",
    Control.BUS_ERROR: "r: 1 if an access was answered with an error since",
    Control.WATCH: "w: cycles after which operators are stopped, 0: never; r: 1 if that was so",
    Control.LOG: "w: a byte for the host's log",
}


class Request(enum.IntFlag):
    """Bits of Control.REQUEST."""

    DOORBELL = 1
    RESET = 2
    ABORTED = 4


class Bus(enum.IntEnum):
    """Byte offsets from BUS_BASE of words that are beats of the AXI4 port, one at a time.

    Stores of bytes write only these; a load waits for the answer, and so does a store.
    """

    WORD = 0x00
    NEXT = 0x04


BUS_DOC = {
    Bus.WORD: "the beat at BUS_ADDRESS",
    Bus.NEXT: "likewise; then BUS_ADDRESS moves on by four bytes",
}

# Instructions in the opcode custom-1 (0x2B), format R.
MAC_OPCODE = 0x2B


class Mac(enum.IntEnum):
    """funct3 of those that use the multipliers, each with a sum of 32 bits.

    The fields of rs1 and rs2 are signed bytes, a column's at 8 * column.
    """

    BROADCAST = 0  # sums[c] += rs1.byte[funct7 & 3] * rs2.byte[c]
    EACH = 1  # sums[c] += rs1.byte[c] * rs2.byte[c]
    READ = 2  # rd = sums[funct7 & 3]
    WRITE = 3  # sums[funct7 & 3] = rs1


class Guest(enum.IntEnum):
    """funct3 of those for operators, in processors with a core.

    An operator's instructions are fetched from IMEM, and its loads and stores reach DMEM and the
    scratchpad, at the addresses of arch.memory_map. What it may not do, or the processor cannot
    (division, registers of the system), is not executed: the firmware goes on at TRAP_VECTOR.
    Operators have registers of their own.
    """

    ENTER = 4  # go on in the operator at rs1
    GET_PC = 5  # rd = the operator's pc
    GET_REGISTER = 6  # rd = the operator's register with the number in rs1
    SET_REGISTER = 7  # the operator's register with the number in rs2 = rs1


@dataclass(frozen=True)
class ChipMap:
    """Byte offsets from CHIP_BASE of the memories that share one block of RAM.

    ``sums`` holds kept sums and those of a tile: pixel by pixel a word for each column.
    """

    params: Params

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        """Offset and size of each; the largest come first, so each is aligned to its size."""
        p = self.params
        sizes = {
            "scratchpad": p.scratchpad_bytes,
            "weights": p.weight_memory_bytes,
            "tables": p.space_bytes[Space.TABLES],
            "sums": p.accumulator_depth * p.cols * 4,
            "imem": p.space_bytes[Space.IMEM],
            "dmem": p.space_bytes[Space.DMEM],
        }
        places, used = {}, 0
        for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
            places[name] = used, size
            used += size
        return places

    @property
    def scratchpad(self) -> int:
        return self._places["scratchpad"][0]

    @property
    def weights(self) -> int:
        return self._places["weights"][0]

    @property
    def tables(self) -> int:
        return self._places["tables"][0]

    @property
    def sums(self) -> int:
        return self._places["sums"][0]

    @property
    def imem(self) -> int:
        return self._places["imem"][0]

    @property
    def dmem(self) -> int:
        return self._places["dmem"][0]

    @cached_property
    def n_bytes(self) -> int:
        """Of all, a power of two."""
        used = sum(size for _, size in self._places.values())
        return 1 << (used - 1).bit_length()
