"""What the core sees at which address."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from arch.isa import Engine

IMEM_BASE = 0x0000_0000
DMEM_BASE = 0x1000_0000
SCRATCHPAD_BASE = 0x2000_0000
MMIO_BASE = 0x3000_0000
WINDOW_BASE = 0x8000_0000  # region r of external memory: WINDOW_BASE + r * WINDOW_BYTES
WINDOW_BYTES = 0x1000_0000

MAIN_LOOP_BYTES = 64  # at IMEM_BASE: the firmware's main loop; operators are behind it


class Mmio(enum.IntEnum):
    """Byte offsets from MMIO_BASE of the registers between the core and the command stream."""

    PENDING = 0x00  # r: 1 while a command waits for the core
    FUNCTION = 0x04  # r: field function of that command; a read waits until there is one
    ARGUMENT = 0x08  # r: field argument
    DONE = 0x0C  # w: the command is complete; 0, or the status of the error that stops the program
    LOG = 0x10  # w: a byte for the host's log
    TRAP = 0x14  # w: cycles that a trap handler gets before the program is stopped
    WORD_LOW = 0x18  # w: low half of a word of a command
    WORD = 0x1C  # w: high half; gives the word to the sequencer
    LOAD_COUNTS = 0x20  # r: commands of the load engine: completed, and given << 16
    ARRAY_COUNTS = 0x24  # r: likewise
    STORE_COUNTS = 0x28  # r: likewise


COUNT_REGISTERS: Mapping[int, Engine] = {
    Mmio.LOAD_COUNTS: Engine.LOAD,
    Mmio.ARRAY_COUNTS: Engine.ARRAY,
    Mmio.STORE_COUNTS: Engine.STORE,
}
"""Whose commands a register counts."""

MMIO_DOC = {
    Mmio.PENDING: "r: 1 while a command waits for the core",
    Mmio.FUNCTION: "r: address of the function that the command calls; waits for a command",
    Mmio.ARGUMENT: "r: its argument",
    Mmio.DONE: "w: complete the command; a value other than 0 stops the program with that status",
    Mmio.LOG: "w: append a byte to the host's log",
    Mmio.TRAP: "w: cycles that a trap handler gets before the program is stopped; 0 after a boot",
    Mmio.WORD_LOW: "w: low half of the next word of a command; the call must `accept` them",
    Mmio.WORD: "w: its high half, which gives the word; waits until the sequencer takes words",
    Mmio.LOAD_COUNTS: "r: the load engine's commands: 15:0 completed, 31:16 dispatched",
    Mmio.ARRAY_COUNTS: "r: likewise of the array",
    Mmio.STORE_COUNTS: "r: likewise of the store engine",
}
