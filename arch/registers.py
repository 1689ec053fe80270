"""The AXI4-Lite host registers: one table that hardware, driver, C header and docs share."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from arch.bits import WordFormat
from arch.config import Config
from arch.isa import N_REGIONS, Engine

IDENTITY = 0x54464557  # "WEFT", little-endian
VERSION = 2
ADDRESS_BITS = 12


class Access(enum.Enum):
    """How the host may use a register."""

    READ = "r"
    READ_WRITE = "rw"
    WRITE_ONE_TO_CLEAR = "w1c"
    WRITE = "w"


@dataclass(frozen=True)
class Register:
    """A 32-bit register at byte ``offset``."""

    name: str
    offset: int
    access: Access
    doc: str


class State(enum.IntEnum):
    """Field ``state`` of STATUS."""

    IDLE = 0
    RUNNING = 1
    DONE = 2
    ERROR = 3


CONTROL = WordFormat(
    "CONTROL",
    ("start:1", "doorbell: start the program at PROGRAM_OFFSET of PROGRAM_REGION"),
    ("reset:1", "soft reset: stop, let the bus come to rest, forget everything but the regions"),
    width=32,
)
STATUS = WordFormat(
    "STATUS",
    ("state:2", "0 idle, 1 running, 2 done, 3 error"),
    ("quiet:1", "no transaction is outstanding on the bus"),
    width=32,
)
INTERRUPT = WordFormat(
    "INTERRUPT", ("done:1", "a program ended well"), ("error:1", "a program was stopped"), width=32
)
REGION_FLAGS = WordFormat(
    "REGION_FLAGS", ("read:1", "loads may read"), ("write:1", "stores may write"), width=32
)
ERROR_SOURCE = WordFormat(
    "ERROR_SOURCE",
    ("command:16", "commands that the engine had completed, or the sequencer dispatched"),
    ("engine:4", "0 load, 1 array, 2 core, 3 store, 15 sequencer"),
    width=32,
)
SEQUENCER = 15


class Counter(enum.IntEnum):
    """Cycle counters since the doorbell, in the order of their registers."""

    TOTAL = 0
    LOAD_BUSY = 1
    ARRAY_BUSY = 2
    CORE_BUSY = 3
    STORE_BUSY = 4
    LOAD_WAIT = 5
    ARRAY_WAIT = 6
    CORE_WAIT = 7
    STORE_WAIT = 8
    ARRAY_SLOT = 9
    STALL_WEIGHTS = 10
    STALL_PIXELS = 11
    STALL_DRAIN = 12
    BEATS_READ = 13
    BEATS_WRITTEN = 14


COUNTER_DOC = {
    Counter.TOTAL: "cycles from doorbell to interrupt",
    **{
        Counter(Counter.LOAD_BUSY + e): f"cycles in which the {e.name.lower()} engine works"
        for e in Engine
    },
    **{
        Counter(
            Counter.LOAD_WAIT + e
        ): f"cycles in which the {e.name.lower()} engine waits for another"
        for e in Engine
    },
    Counter.ARRAY_SLOT: "slots that entered the array",
    Counter.STALL_WEIGHTS: "cycles in which the array waits for weights with pixels at hand",
    Counter.STALL_PIXELS: "cycles in which the array waits for pixels inside a command",
    Counter.STALL_DRAIN: "cycles in which the array waits for an accumulator bank",
    Counter.BEATS_READ: "beats read from external memory",
    Counter.BEATS_WRITTEN: "beats written to external memory",
}

R, RW, W1C, W = Access.READ, Access.READ_WRITE, Access.WRITE_ONE_TO_CLEAR, Access.WRITE

REGISTERS: tuple[Register, ...] = (
    Register("ID", 0x000, R, "0x54464557, the letters WEFT"),
    Register("VERSION", 0x004, R, "version of the command set"),
    Register("DIGEST", 0x008, R, "digest of the configuration; a program carries the same"),
    Register("SHAPE", 0x00C, R, "rows | cols << 8 | lanes << 16 | streams << 24"),
    Register("CONTROL", 0x010, W, "start and soft reset"),
    Register("STATUS", 0x014, R, "state"),
    Register("INTERRUPT_ENABLE", 0x018, RW, "which causes raise the interrupt line"),
    Register("INTERRUPT", 0x01C, W1C, "causes that are pending"),
    Register("PROGRAM_REGION", 0x020, RW, "region of the program"),
    Register("PROGRAM_OFFSET", 0x024, RW, "byte offset of its first command, a multiple of 8"),
    Register("PROGRAM_BYTES", 0x028, RW, "bytes of commands, a multiple of 8"),
    Register("WATCHDOG", 0x02C, RW, "cycles that a command on the core may take; 0: no limit"),
    Register("ERROR_CAUSE", 0x030, R, "why the program was stopped; 0 while there is no error"),
    Register("ERROR_SOURCE", 0x034, R, "engine and command"),
    Register("ERROR_ADDRESS", 0x038, R, "the offending offset, on-chip address, or pc"),
    Register("ERROR_INFO", 0x03C, R, "region of the offset; trap: mcause; operator: its status"),
    *(Register(f"COUNTER_{c.name}", 0x080 + 4 * c, R, COUNTER_DOC[c]) for c in Counter),
    *(
        register
        for i in range(N_REGIONS)
        for register in (
            Register(f"REGION{i}_BASE", 0x100 + 16 * i, RW, f"region {i}: bus address, bits 31..0"),
            Register(f"REGION{i}_BASE_HIGH", 0x104 + 16 * i, RW, f"region {i}: bits 63..32"),
            Register(f"REGION{i}_SIZE", 0x108 + 16 * i, RW, f"region {i}: bytes"),
            Register(f"REGION{i}_FLAGS", 0x10C + 16 * i, RW, f"region {i}: permissions"),
        )
    ),
)

OFFSET: dict[str, int] = {register.name: register.offset for register in REGISTERS}


def identity(config: Config) -> dict[str, int]:
    """What the registers read that tell one accelerator from another."""
    c = config
    return {
        "ID": IDENTITY,
        "VERSION": VERSION,
        "DIGEST": c.digest,
        "SHAPE": c.rows | c.cols << 8 | c.lanes << 16 | c.streams << 24,
    }


FORMATS: dict[str, WordFormat] = {
    "CONTROL": CONTROL,
    "STATUS": STATUS,
    "INTERRUPT_ENABLE": INTERRUPT,
    "INTERRUPT": INTERRUPT,
    "ERROR_SOURCE": ERROR_SOURCE,
    **{f"REGION{i}_FLAGS": REGION_FLAGS for i in range(N_REGIONS)},
}
