"""The C header of one configuration: for firmware, host drivers and assembly code."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any

from arch import isa, memory_map, registers
from arch.params import Params
from gen.c_text import constant_macros, define, guarded, unsigned32, word_format
from gen.linker_map import stack_bytes

HEADER_NAME = "weft_config.h"

_PARAMETERS = (
    ("rows", "rows of the array: input channels"),
    ("cols", "columns of the array: output channels; also bytes of a scratchpad word"),
    ("streams", "groups of rows with a stream of their own"),
    ("lanes", "outputs that post-processing makes in a cycle"),
    ("pairs", "windows side by side that make up the rows"),
    ("macs_per_cycle", "multiplications of one cycle"),
    ("accumulator_depth", "pixels of an accumulator bank"),
    ("scratchpad_bytes", "bytes of scratchpad"),
    ("scratchpad_banks", "banks of scratchpad"),
    ("weight_memory_bytes", "bytes of weight memory"),
    ("weight_word_bytes", "bytes of a word of weight memory"),
    ("weight_rows_per_cycle", "rows of the array that one word of weight memory fills"),
    ("descriptor_words", "words of weight memory of a pass descriptor"),
    ("axi_bytes", "bytes of a beat"),
)


def _text(title: str) -> list[str]:
    return ["", f"/* {title} */"]


def _values(
    prefix: str, values: Iterable[enum.IntEnum], docs: Mapping[Any, str] | None = None
) -> list[str]:
    lines: list[str] = []
    for value in values:
        lines += define(f"{prefix}_{value.name}", str(int(value)), (docs or {}).get(value, ""))
    return lines


def _configuration(params: Params) -> list[str]:
    config = params.config
    lines = _text("Parameters of the configuration.")
    lines += define("WEFT_CONFIG_NAME", f'"{config.name}"')
    lines += define("WEFT_CONFIG_DIGEST", unsigned32(config.digest), "as register DIGEST reads")
    lines += define("WEFT_HAS_CORE", str(int(config.has_core)), "there is a RISC-V core")
    lines += define("WEFT_HAS_ELEMENTWISE", str(int(config.elementwise)), "and the table unit")
    for name, doc in _PARAMETERS:
        lines += define(f"WEFT_{name.upper()}", str(getattr(params, name)), doc)
    return lines


def _registers() -> list[str]:
    lines = _text("Host registers (AXI4-Lite): byte offsets and fields.")
    lines += define("WEFT_IDENTITY", unsigned32(registers.IDENTITY), "what ID reads")
    lines += define("WEFT_COMMAND_SET_VERSION", str(registers.VERSION), "what VERSION reads")
    for register in registers.REGISTERS:
        doc = f"{register.access.value}: {register.doc}"
        lines += define(f"WEFT_REG_{register.name}", unsigned32(register.offset, 3), doc)
        fmt = registers.FORMATS.get(register.name)
        if fmt is not None:
            lines += word_format(f"WEFT_REG_{register.name}", fmt)
    lines += _text("Field state of STATUS.")
    lines += _values("WEFT_STATE", registers.State)
    lines += _text("Field engine of ERROR_SOURCE where it was no engine but the sequencer.")
    lines += define("WEFT_SEQUENCER", str(registers.SEQUENCER))
    lines += _text("Causes of an error.")
    lines += _values("WEFT_CAUSE", isa.Cause, isa.CAUSE_TEXT)
    return lines


def command_lines() -> list[str]:
    """The command stream, the same for every configuration."""
    lines = _text("The command stream: opcodes and values of fields.")
    for prefix, values in (
        ("WEFT_OPCODE", isa.Opcode),
        ("WEFT_ENGINE", isa.Engine),
        ("WEFT_SPACE", isa.Space),
        ("WEFT_SOURCE", isa.Source),
        ("WEFT_MODE", isa.Mode),
        ("WEFT_WIDE", isa.Wide),
    ):
        lines += _values(prefix, values)
    lines += define("WEFT_N_REGIONS", str(isa.N_REGIONS), "regions of external memory")
    lines += _text("The first two words of every command.")
    for fmt in (isa.HEADER, isa.WAITS):
        lines += word_format(f"WEFT_{fmt.name}", fmt)
    for opcode, formats in isa.CONFIG_WORDS.items():
        for index, fmt in enumerate(formats):
            prefix = f"WEFT_{opcode.name}_{fmt.name}"
            lines += _text(f"{opcode.name}: configuration word {index}, {fmt.name}.")
            lines += define(f"{prefix}_WORD", str(index), "bit of the header's mask")
            lines += word_format(prefix, fmt)
    lines += _text("Pass descriptors in the weight memory.")
    for fmt in (isa.DESCRIPTOR_ROWS, isa.DESCRIPTOR_STREAM):
        lines += word_format(f"WEFT_DESCRIPTOR_{fmt.name}", fmt)
    return lines


def _memory_map(params: Params) -> list[str]:
    lines = _text("What the core sees at which address.")
    core = params.config.core
    for name, doc in (
        ("IMEM_BASE", "instruction memory"),
        ("DMEM_BASE", "data memory"),
        ("SCRATCHPAD_BASE", "scratchpad"),
        ("MMIO_BASE", "registers between the core and the command stream"),
        ("WINDOW_BASE", "region r of external memory: WINDOW_BASE + r * WINDOW_BYTES"),
        ("WINDOW_BYTES", "bytes of a region that the core reaches"),
    ):
        lines += define(f"WEFT_{name}", unsigned32(getattr(memory_map, name)), doc)
    if core != "none":
        lines += define("WEFT_IMEM_BYTES", str(core.imem_kib * 1024), "bytes of instruction memory")
        lines += define("WEFT_DMEM_BYTES", str(core.dmem_kib * 1024), "bytes of data memory")
        lines += define(
            "WEFT_STACK_BYTES", str(stack_bytes(params)), "of it, at its start: the stack"
        )
    lines += define(
        "WEFT_MAIN_LOOP_BYTES",
        str(memory_map.MAIN_LOOP_BYTES),
        "at IMEM_BASE: the main loop; operators are behind it",
    )
    lines += _text("Byte offsets from MMIO_BASE.")
    for register in memory_map.Mmio:
        doc = memory_map.MMIO_DOC[register]
        lines += define(f"WEFT_MMIO_{register.name}", unsigned32(register, 2), doc)
    return lines


def c_header(params: Params) -> str:
    """Registers, causes, commands, memory map and parameters, as C99, C++17 and assembly."""
    body = [
        f"/* Generated for the configuration {params.config.name}; do not edit. */",
        "",
        *constant_macros(),
        *_configuration(params),
        *_registers(),
        *command_lines(),
        *_memory_map(params),
    ]
    return guarded("WEFT_CONFIG_H", body)
