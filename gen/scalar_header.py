"""The C header of the scalar datapath: what its processor sees, and sizes its firmware needs."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arch import isa, scalar
from arch.bits import WordFormat
from arch.isa import Opcode, Space
from arch.params import Params
from arch.scalar import ChipMap
from gen.c_text import constant_macros, define, guarded, unsigned32

HEADER_NAME = "weft_scalar.h"
SIGNED = 0x80


def _values(
    prefix: str, values: Iterable[enum.IntEnum | enum.IntFlag], docs: Mapping[Any, str]
) -> list[str]:
    lines: list[str] = []
    for value in values:
        lines += define(f"WEFT_{prefix}_{value.name}", str(int(value)), docs.get(value, ""))
    return lines


def _fields(name: str, formats: Sequence[WordFormat]) -> list[str]:
    """A structure with the fields of words, and the table of their widths."""
    members = [
        f"    {'int32_t' if field.signed else 'uint32_t'} {field.name};"
        for fmt in formats
        for field in fmt.fields
    ]
    widths = [
        str(width)
        for fmt in formats
        for width in (*(f.width + (SIGNED if f.signed else 0) for f in fmt.fields), 0)
    ]
    table = define(f"WEFT_{name}_WIDTHS", "{" + ", ".join(widths) + "}")
    return ["typedef struct {", *members, f"}} weft_{name.lower()}_t;", *table]


def scalar_header(params: Params) -> str:
    """Addresses, control registers, on-chip memories, the MAC's instructions; C++ and assembly."""
    chip = ChipMap(params)
    body = [
        f"/* Generated for the configuration {params.config.name}; do not edit. */",
        "",
        *constant_macros(),
        "",
        *define("WEFT_DATA_BASE", unsigned32(scalar.DATA_BASE), "registers of the host, then data"),
        *define("WEFT_HOST_BYTES", str(scalar.HOST_BYTES), "of them, for the host"),
        *define("WEFT_CONTROL_BASE", unsigned32(scalar.CONTROL_BASE)),
        *define("WEFT_BUS_BASE", unsigned32(scalar.BUS_BASE)),
        *define("WEFT_CHIP_BASE", unsigned32(scalar.CHIP_BASE)),
        "",
        "/* Byte offsets from WEFT_CONTROL_BASE. */",
        *_values("CONTROL", scalar.Control, scalar.CONTROL_DOC),
        "",
        "/* Bits of WEFT_CONTROL_REQUEST. */",
        *_values("REQUEST", scalar.Request, {}),
        "",
        "/* Byte offsets from WEFT_BUS_BASE. */",
        *_values("BUS", scalar.Bus, scalar.BUS_DOC),
        "",
        "/* Byte offsets from WEFT_CHIP_BASE. */",
    ]
    for memory in ("scratchpad", "weights", "tables", "sums"):
        body += define(f"WEFT_CHIP_{memory.upper()}", unsigned32(getattr(chip, memory)))
    starts = {
        Space.SCRATCHPAD: chip.scratchpad,
        Space.WEIGHTS: chip.weights,
        Space.TABLES: chip.tables,
    }
    places = [f"{{{starts.get(space, 0)}, {params.space_bytes[space]}}}" for space in Space]
    body += define("WEFT_CHIP_MEMORIES", "{" + ", ".join(places) + "}", "offset, bytes by space")
    body += define("WEFT_CHIP_BYTES", str(chip.n_bytes), "of all")
    body += ["", "/* The MAC's instructions: opcode and funct3. */"]
    body += define("WEFT_MAC_OPCODE", str(scalar.MAC_OPCODE))
    body += _values("MAC", scalar.Mac, {})
    body += ["", "/* Sizes. */"]
    for name, value, doc in (
        ("N_SPACES", len(Space), "on-chip memories that a command can name"),
        ("ADDRESS_BITS", isa.ADDRESS_BITS, "of an on-chip address"),
        ("COUNT_BITS", isa.COUNT_BITS, "of the commands of an engine"),
        ("WORD_BYTES", isa.WORD_BYTES, "of a word of a program"),
        ("FETCH_BYTES", isa.FETCH_BYTES, "of a program, aligned, that a region allows or not"),
        ("LOAD_WORDS", len(isa.CONFIG_WORDS[Opcode.LOAD]), "of configuration"),
        ("ARRAY_WORDS", len(isa.CONFIG_WORDS[Opcode.ARRAY]), "of configuration"),
        ("CORE_WORDS", len(isa.CONFIG_WORDS[Opcode.CORE]), "of configuration"),
        ("MAX_LEAD", isa.MAX_LEAD, "slots"),
        ("DESCRIPTOR_UNIT_BYTES", isa.DESCRIPTOR_UNIT_BYTES, "of a pass descriptor"),
        ("QUANT_WORDS_SHARED", params.quant_words(False), "of weight memory behind a block"),
        ("QUANT_WORDS_PER_CHANNEL", params.quant_words(True), "likewise"),
    ):
        body += define(f"WEFT_{name}", str(value), doc)
    body += ["", "#ifndef __ASSEMBLER__"]
    body += ["/* Fields of words: members, and their bits from the lowest on; 0 ends a word. */"]
    body += define("WEFT_SIGNED", str(SIGNED), "added to the bits of a signed field")
    for opcode in (Opcode.LOAD, Opcode.ARRAY, Opcode.CORE):
        body += _fields(opcode.name, isa.CONFIG_WORDS[opcode])
    for fmt in (isa.HEADER, isa.WAITS, isa.DESCRIPTOR_STREAM):
        body += _fields(fmt.name, [fmt])
    body += ["#endif"]
    return guarded("WEFT_SCALAR_H", body)
