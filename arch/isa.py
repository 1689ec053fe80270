"""The command stream: formats of commands and of pass descriptors.

A program is a sequence of 64-bit little-endian words. A command is a header, a word of waits and
the configuration words that the header's mask names; configuration words that are left out keep
the value that the last command to the same engine gave them (zero at the start of a program).

This module is the definition; hardware, functional model, compiler, C header and the tables of
docs/command-set.md are made from it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from arch.bits import WordFormat

WORD_BYTES = 8
ADDRESS_BITS = 24  # on-chip byte addresses
COUNT_BITS = 16  # commands that one engine completes in a program
N_REGIONS = 8
FETCH_BYTES = 128  # a program is read in aligned pieces of so many, each inside its region or not
DESCRIPTOR_UNIT_BYTES = 8


class Engine(enum.IntEnum):
    """The engines, in the order of the fields of the wait word."""

    LOAD = 0
    ARRAY = 1
    CORE = 2
    STORE = 3


class Opcode(enum.IntEnum):
    """Opcodes: an engine's command, or the end of the program."""

    LOAD = 0x10
    ARRAY = 0x11
    CORE = 0x12
    STORE = 0x13
    END = 0x1F

    @property
    def engine(self) -> Engine | None:
        return None if self is Opcode.END else Engine(self & 3)


class Space(enum.IntEnum):
    """On-chip memories that the load engine writes."""

    SCRATCHPAD = 0
    WEIGHTS = 1
    IMEM = 2
    DMEM = 3
    TABLES = 4


class Source(enum.IntEnum):
    """Where a load takes its bytes from."""

    MEMORY = 0
    FILL = 1


class Mode(enum.IntEnum):
    """What the array engine does with what it reads."""

    CONVOLUTION = 0
    DEPTHWISE = 1
    ELEMENTWISE = 2


class Wide(enum.IntEnum):
    """Which byte of a result of 16 bits is written, if results have 16 bits."""

    NONE = 0
    LOW = 1
    HIGH = 2


class Cause(enum.IntEnum):
    """Why a program was stopped (register ERROR_CAUSE)."""

    NONE = 0
    OPCODE = 1
    LENGTH = 2
    WAIT = 3
    REGION = 4
    BUS = 5
    RANGE = 6
    CONFIG = 7
    ABSENT = 8
    CORE_TRAP = 9
    OP_STATUS = 10
    WATCHDOG = 11
    ABORTED = 12


CAUSE_TEXT = {
    Cause.NONE: "no error",
    Cause.OPCODE: "unknown opcode",
    Cause.LENGTH: "header whose word count disagrees with its mask, or with the engine",
    Cause.WAIT: "wait for a command that has not been dispatched yet",
    Cause.REGION: "address outside its region, or region without the permission",
    Cause.BUS: "error response on the bus",
    Cause.RANGE: "on-chip address outside its memory",
    Cause.CONFIG: "configuration field outside its limit",
    Cause.ABSENT: "unit that this configuration lacks",
    Cause.CORE_TRAP: "trap on the core",
    Cause.OP_STATUS: "error returned by an operator on the core",
    Cause.WATCHDOG: "operator on the core ran longer than the watchdog allows",
    Cause.ABORTED: "stopped by the host",
}

HEADER = WordFormat(
    "HEADER",
    ("opcode:8", "see the table of opcodes"),
    ("words:8", "configuration words that follow the wait word; the number of bits set in mask"),
    ("mask:16", "bit i: configuration word i is present; present words are in ascending order"),
)

WAITS = WordFormat(
    "WAITS",
    ("load:16", "commands that the load engine must have completed"),
    ("array:16", "commands that the array engine must have completed"),
    ("core:16", "commands that the core must have completed"),
    ("store:16", "commands that the store engine must have completed"),
)

_DMA_WORDS = (
    WordFormat(
        "EXTERNAL",
        ("ext_offset:32", "byte offset in the region"),
        ("region:8", "region of external memory"),
        ("space:8", "on-chip memory (load: any; store: scratchpad)"),
        ("source:8", "load: 0 external memory, 1 fill with the byte below"),
        ("fill:8", "load: the byte to fill with"),
    ),
    WordFormat(
        "INTERNAL",
        ("int_base:24", "on-chip byte address; wraps in the weight memory"),
        ("length:24", "bytes of a row, contiguous on both sides; at least 1"),
        ("n1:16", "rows of a plane; at least 1"),
    ),
    WordFormat(
        "EXTERNAL_STEP",
        ("ext_step1:32s", "bytes from row to row in external memory"),
        ("ext_step2:32s", "bytes from plane to plane in external memory"),
    ),
    WordFormat(
        "INTERNAL_STEP",
        ("int_step1:24s", "bytes from row to row on chip"),
        ("int_step2:24s", "bytes from plane to plane on chip"),
        ("n2:16", "planes; at least 1"),
    ),
)

_ARRAY_WORDS = (
    WordFormat(
        "INPUT",
        (
            "in_base:24",
            "scratchpad byte address of the first slot that is read in output row 0",
        ),
        ("in_block_step:24", "bytes added for each block of output channels"),
        ("pad:8s", "value read outside the image (the input's zero point)"),
        ("mode:8", "0 convolution, 1 depthwise, 2 element-wise"),
    ),
    WordFormat(
        "STEP",
        ("row_step:24s", "bytes from one output row's input to the next's"),
        ("pixel_step:24s", "bytes from one slot's input to the next's"),
        ("y_step:8", "input rows from one output row to the next"),
        ("x_step:8", "input columns from one slot to the next"),
    ),
    WordFormat(
        "BOUNDS",
        ("y0:16s", "input row of output row 0"),
        ("x0:16s", "input column of the first slot that is read (slot lead)"),
        ("height:16", "input rows outside 0..height-1 read as pad"),
        ("width:16", "input columns outside 0..width-1 read as pad"),
    ),
    WordFormat(
        "TILE",
        ("tile_w:16", "output pixels of a row; at least 1"),
        ("tile_h:16", "output rows; at least 1; tile_w*tile_h at most the accumulator depth"),
        ("run:16", "slots of a row, tile_w or more (element-wise: tile_w)"),
        ("lead:8", "depthwise: slots by which sums run ahead of pixels; 0 to 7 and at most run"),
        (
            "keep_in:1",
            "go on with the sums that the last command kept; same tile, blocks = 1",
        ),
        ("keep_out:1", "leave the sums in the accumulator: no output (blocks = 1)"),
        ("maximum:1", "accumulate by maximum instead of by sum"),
        ("shared:1", "every block reads the same weights"),
    ),
    WordFormat(
        "PASSES",
        ("entries:16", "pass descriptors; at least 1"),
        ("cb_count:16", "passes for each descriptor, over blocks of input channels; at least 1"),
        ("cb_step:16", "bytes from one block of input channels to the next"),
        ("last_rows:8", "rows in use in the last block of input channels; 1 to rows"),
        ("last_cols:8", "output channels in the last block; 1 to cols"),
    ),
    WordFormat(
        "WEIGHTS",
        ("weights:24", "weight-memory word of the first tile"),
        ("table:24", "weight-memory word of the first pass descriptor"),
        ("blocks:16", "blocks of cols output channels; at least 1"),
    ),
    WordFormat(
        "OUTPUT",
        ("out_base:24", "scratchpad byte address of output pixel 0 of block 0"),
        ("out_block_step:24", "bytes from one block of output channels to the next"),
        ("low:8s", "lower clamp"),
        ("high:8s", "upper clamp"),
    ),
    WordFormat(
        "OUTPUT_STEP",
        ("out_row_step:24", "bytes from one output row to the next"),
        ("out_pixel_step:24", "bytes from one output pixel to the next"),
        ("zero_point:8s", "output zero point"),
    ),
    WordFormat(
        "QUANT",
        ("multiplier:32", "multiplier of all channels; below 2**31"),
        ("shift:8s", "shift of all channels; -31 to 30"),
        ("per_channel:1", "multipliers and shifts come with the weights, for each channel"),
        ("table_out:1", "look the clamped result up in table 0 (low byte); not element-wise"),
        ("table_a:1", "element-wise: operand a is looked up in table 0"),
        ("binary:1", "element-wise: add operand b, looked up in table 1"),
        ("wide:2", "1, 2: clamp to int16 and write its low, high byte; without table_out"),
    ),
    WordFormat(
        "OPERAND",
        ("b_base:24", "element-wise: scratchpad byte address of operand b; steps as for a"),
    ),
)

_CORE_WORDS = (
    WordFormat(
        "CALL",
        ("function:32", "address of the function on the core; boot: the core's first pc"),
        ("argument:32", "its argument"),
    ),
    WordFormat(
        "CONTROL",
        ("boot:1", "reset the core and let it start at function"),
        ("accept:1", "while it runs, commands come from the core instead of the program"),
    ),
)

CONFIG_WORDS: dict[Opcode, tuple[WordFormat, ...]] = {
    Opcode.LOAD: _DMA_WORDS,
    Opcode.ARRAY: _ARRAY_WORDS,
    Opcode.CORE: _CORE_WORDS,
    Opcode.STORE: _DMA_WORDS,
    Opcode.END: (),
}

DESCRIPTOR_ROWS = WordFormat("ROWS", ("active:64", "bit i: row i of the array takes part"))
DESCRIPTOR_STREAM = WordFormat(
    "STREAM",
    ("offset:24s", "bytes added to the address of every pixel"),
    ("dy:16s", "rows added to the input row before it is compared with the bounds"),
    ("dx:16s", "columns added likewise"),
    ("first:7", "convolution: first row, within the pair, that reads this stream"),
    ("enable:1", "the stream is read"),
)

MAX_LEAD = 7


def config_word_of(opcode: Opcode, field: str) -> tuple[int, WordFormat]:
    """Index and format of the configuration word that holds ``field``."""
    for index, fmt in enumerate(CONFIG_WORDS[opcode]):
        if field in fmt:
            return index, fmt
    raise KeyError(f"{opcode.name} has no field {field}")


def initial_config(opcode: Opcode) -> dict[str, int]:
    """All configuration fields of an engine as they are when a program starts."""
    return {field.name: 0 for fmt in CONFIG_WORDS[opcode] for field in fmt.fields}


@dataclass(frozen=True)
class Command:
    """One decoded command.

    ``config`` holds every configuration field of the engine, those that the command leaves out
    included; ``waits`` are completed commands in the order of :class:`Engine`.
    """

    opcode: Opcode
    config: Mapping[str, int]
    waits: tuple[int, int, int, int] = (0, 0, 0, 0)


UNKNOWN = -1  # no word


class Encoder:
    """Turns commands into words, leaving out configuration words that did not change."""

    def __init__(self) -> None:
        self._last = {opcode: [0] * len(formats) for opcode, formats in CONFIG_WORDS.items()}

    def encode(self, command: Command) -> list[int]:
        """Words of ``command``; raises ValueError when a field does not fit."""
        formats = CONFIG_WORDS[command.opcode]
        last = self._last[command.opcode]
        mask, body = 0, []
        for index, fmt in enumerate(formats):
            word = fmt.pack({f.name: command.config.get(f.name, 0) for f in fmt.fields})
            if word != last[index]:
                mask |= 1 << index
                last[index] = word
                body.append(word)
        if command.config.get("accept"):  # the core's commands may change every word
            for opcode, words in self._last.items():
                if opcode is not Opcode.CORE:
                    self._last[opcode] = [UNKNOWN] * len(words)
        header = HEADER.pack({"opcode": command.opcode, "words": len(body), "mask": mask})
        waits = WAITS.pack({f.name: command.waits[i] for i, f in enumerate(WAITS.fields)})
        return [header, waits, *body]


def encode_program(commands: list[Command]) -> bytes:
    """The whole program, END included if the caller put it there, as bytes."""
    encoder = Encoder()
    words: list[int] = []
    for command in commands:
        words += encoder.encode(command)
    return b"".join(word.to_bytes(WORD_BYTES, "little") for word in words)
