"""Fields of fixed-width words: one description packs, unpacks, documents and generates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class BitField:
    """``width`` bits of a word starting at bit ``lsb``; two's complement where ``signed``."""

    name: str
    lsb: int
    width: int
    signed: bool
    doc: str

    @property
    def limits(self) -> tuple[int, int]:
        if self.signed:
            return -(1 << (self.width - 1)), (1 << (self.width - 1)) - 1
        return 0, (1 << self.width) - 1

    def pack(self, value: int) -> int:
        low, high = self.limits
        if not low <= value <= high:
            raise ValueError(f"field {self.name}: {value} is outside {low}..{high}")
        return (value & ((1 << self.width) - 1)) << self.lsb

    def unpack(self, word: int) -> int:
        raw = (word >> self.lsb) & ((1 << self.width) - 1)
        if self.signed and raw >> (self.width - 1):
            raw -= 1 << self.width
        return raw


class WordFormat:
    """A word made of named fields from bit 0 upwards.

    Parameters
    ----------
    name : name of the word.
    spec : pairs of ``"name:width"`` (a trailing ``s`` marks signed) and documentation.
    """

    def __init__(self, name: str, *spec: tuple[str, str], width: int = 64):
        self.name = name
        self.width = width
        fields = []
        lsb = 0
        for text, doc in spec:
            field_name, size = text.split(":")
            signed = size.endswith("s")
            bits = int(size.rstrip("s"))
            fields.append(BitField(field_name, lsb, bits, signed, doc))
            lsb += bits
        if lsb > width:
            raise ValueError(f"word {name}: {lsb} bits of fields exceed {width}")
        self.fields = tuple(fields)
        self._by_name = {field.name: field for field in fields}

    def __getitem__(self, name: str) -> BitField:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def pack(self, values: Mapping[str, int]) -> int:
        unknown = set(values) - set(self._by_name)
        if unknown:
            raise ValueError(f"word {self.name}: no field {', '.join(sorted(unknown))}")
        word = 0
        for name, value in values.items():
            word |= self._by_name[name].pack(int(value))
        return word

    def unpack(self, word: int) -> dict[str, int]:
        return {field.name: field.unpack(word) for field in self.fields}
