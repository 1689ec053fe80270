"""Word formats of arch/ as layouts of gates."""

from __future__ import annotations

from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from arch.bits import WordFormat


def struct_of(fmt: WordFormat) -> data.StructLayout:
    """The fields of a word, from bit 0 upwards; unnamed upper bits are left out."""
    return data.StructLayout(
        {
            field.name: signed(field.width) if field.signed else unsigned(field.width)
            for field in fmt.fields
        }
    )
