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
CODE_BYTES = 8 * 1024

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


CONTROL_DOC = {
    Control.REQUEST: "r: bit 0: a doorbell waits; 1: this is the start after a soft reset;"
    " 2: which stopped a program",
    Control.STATE: "w: 1:0 the new state of STATUS; 2, 3: raise the interrupt causes done, error."
    " Takes a doorbell and a soft reset as answered, but for state RUNNING",
    Control.CYCLES: "r: cycles since the doorbell",
    Control.TRACE: "w: 3:0 engines that started a command, 7:4 engines that completed one",
    Control.BUS_ADDRESS: "w: bus address of the next access to a word of BUS; forgets BUS_ERROR",
    Control.BUS_ERROR: "r: 1 if an access was answered with an error since",
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

# Instructions in the opcode custom-1 (0x2B), format R; a sum of 32 bits for each column.
MAC_OPCODE = 0x2B


class Mac(enum.IntEnum):
    """funct3. The fields of rs1 and rs2 are signed bytes, a column's at 8 * column."""

    BROADCAST = 0  # sums[c] += rs1.byte[funct7 & 3] * rs2.byte[c]
    EACH = 1  # sums[c] += rs1.byte[c] * rs2.byte[c]
    READ = 2  # rd = sums[funct7 & 3]
    WRITE = 3  # sums[funct7 & 3] = rs1


@dataclass(frozen=True)
class ChipMap:
    """Byte offsets from CHIP_BASE of the memories that share one block of RAM.

    ``sums`` holds kept sums and those of a tile: pixel by pixel a word for each column.
    """

    params: Params

    @property
    def scratchpad(self) -> int:
        return 0

    @cached_property
    def weights(self) -> int:
        return self.params.scratchpad_bytes

    @cached_property
    def tables(self) -> int:
        return self.weights + self.params.weight_memory_bytes

    @cached_property
    def sums(self) -> int:
        return self.tables + self.params.space_bytes[Space.TABLES]

    @cached_property
    def n_bytes(self) -> int:
        """Of all, a power of two."""
        used = self.sums + self.params.accumulator_depth * self.params.cols * 4
        return 1 << (used - 1).bit_length()
