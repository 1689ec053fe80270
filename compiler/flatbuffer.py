"""Reads FlatBuffers by a description of their tables, without trusting a byte of them.

The Python package's accessors follow any offset, wrap around below zero and loop over any length;
here everything is checked before it is followed, and the work is bounded by the size of the file.

Source: the FlatBuffers internals document (flatbuffers.dev), verifier.h of the C++ library.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_BYTES = (1 << 31) - 1
MAX_VISITS_PER_BYTE = 16  # tables may share what they refer to, as long as not everything does
SPARE_VISITS = 1 << 20


class FlatbufferError(Exception):
    """What is wrong, and in which field."""


@dataclass(frozen=True)
class Scalar:
    """A number, bool or enum; ``type`` is NumPy's name (``<i4``), ``default`` the value if absent.

    Read as int or float.
    """

    type: str
    default: float = 0


@dataclass(frozen=True)
class Text:
    """A zero-terminated string; read as str, empty if absent."""


@dataclass(frozen=True)
class Scalars:
    """A vector of numbers; read as a NumPy view of the file, empty if absent."""

    type: str


@dataclass(frozen=True)
class Table:
    """A table with its fields in the order of their slots; read as :class:`Record` or None."""

    name: str
    fields: Mapping[str, Field]


@dataclass(frozen=True)
class Tables:
    """A vector of tables; read as a list, empty if absent."""

    of: Table


@dataclass(frozen=True)
class Union:
    """A union, whose type is the scalar in the slot before.

    Read as the :class:`Record` of the member, or None; members not listed are read as None.
    """

    members: Mapping[int, Table]


@dataclass(frozen=True)
class Refused:
    """A field that must be absent or zero, because of what it means."""

    n_bytes: int
    meaning: str


Field = Scalar | Text | Scalars | Table | Tables | Union | Refused


class Record:
    """The fields of one table, as attributes."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:  # only for names that are not there
        raise AttributeError(name)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.visits_left = MAX_VISITS_PER_BYTE * len(data) + SPARE_VISITS

    def visit(self, position: int, n_bytes: int, alignment: int, what: str) -> None:
        if position < 0 or position + n_bytes > len(self.data):
            raise FlatbufferError(f"{what} lies outside the file")
        if position % alignment:
            raise FlatbufferError(f"{what} is not aligned")
        self.visits_left -= n_bytes
        if self.visits_left < 0:
            raise FlatbufferError(f"{what} refers again and again to the same bytes")

    def unsigned(self, position: int, n_bytes: int, what: str) -> int:
        self.visit(position, n_bytes, n_bytes, what)
        return int.from_bytes(self.data[position : position + n_bytes], "little")

    def target(self, position: int, what: str) -> int:
        offset = self.unsigned(position, 4, what)
        if offset == 0:
            raise FlatbufferError(f"{what} has a null offset")
        return position + offset

    def table(self, position: int, table: Table, path: str) -> Record:
        self.visit(position, 4, 4, path)
        vtable = position - struct.unpack_from("<i", self.data, position)[0]
        slots_end = self.unsigned(vtable, 2, f"vtable of {path}")
        n_bytes = self.unsigned(vtable + 2, 2, f"vtable of {path}")
        self.visit(vtable, slots_end, 2, f"vtable of {path}")
        self.visit(position, n_bytes, 4, path)
        if slots_end < 4 or slots_end % 2 or n_bytes < 4:
            raise FlatbufferError(f"vtable of {path} has an impossible size")
        fields: dict[str, Any] = {}
        before: Any = 0
        for slot, (name, kind) in enumerate(table.fields.items()):
            where = 4 + 2 * slot
            offset = self.unsigned(vtable + where, 2, path) if where + 2 <= slots_end else 0
            if offset == 0:
                before = _absent(kind)
            else:
                if offset < 4 or offset + _width(kind) > n_bytes:
                    raise FlatbufferError(f"{path}.{name} lies outside its table")
                before = self.field(position + offset, kind, before, f"{path}.{name}")
            fields[name] = before
        return Record(fields)

    def field(self, position: int, kind: Field, before: Any, path: str) -> Any:
        """The value of a field; ``before`` is that of the field before it."""
        match kind:
            case Scalar(type=dtype):
                return self.scalars(position, 1, dtype, path)[0].item()
            case Refused(n_bytes=n_bytes, meaning=meaning):
                if self.unsigned(position, n_bytes, path):
                    raise FlatbufferError(f"{path}: {meaning}")
                return None
            case Text():
                return self.text(position, path)
            case Scalars(type=dtype):
                start, length = self.vector(position, path)
                return self.scalars(start, length, dtype, path)
            case Table():
                return self.table(self.target(position, path), kind, path)
            case Tables(of=table):
                start, length = self.vector(position, path)
                self.visit(start, 4 * length, 4, path)
                return [
                    self.table(self.target(start + 4 * i, f"{path}[{i}]"), table, f"{path}[{i}]")
                    for i in range(length)
                ]
            case Union(members=members):
                member = members.get(before)
                if member is None:
                    return None
                return self.table(self.target(position, path), member, path)

    def vector(self, position: int, path: str) -> tuple[int, int]:
        """Start and number of a vector's elements, which are yet to be visited."""
        vector = self.target(position, path)
        return vector + 4, self.unsigned(vector, 4, path)

    def scalars(self, start: int, length: int, type_name: str, path: str) -> np.ndarray[Any, Any]:
        dtype = np.dtype(type_name)
        self.visit(start, length * dtype.itemsize, dtype.itemsize, path)
        return np.frombuffer(self.data, dtype, length, start)

    def text(self, position: int, path: str) -> str:
        start, length = self.vector(position, path)
        self.visit(start, length + 1, 1, path)
        if self.data[start + length]:
            raise FlatbufferError(f"{path} is not terminated")
        return self.data[start : start + length].decode(errors="replace")


def _width(kind: Field) -> int:
    """Bytes that a field takes in its table."""
    if isinstance(kind, Scalar):
        return np.dtype(kind.type).itemsize
    return kind.n_bytes if isinstance(kind, Refused) else 4


def _absent(kind: Field) -> Any:
    match kind:
        case Scalar(default=default):
            return default
        case Text():
            return ""
        case Scalars(type=dtype):
            return np.empty(0, dtype)
        case Tables():
            return []
        case _:
            return None


def read(data: bytes, root: Table, identifier: bytes) -> Record:
    """Everything that ``root`` describes.

    Raises :class:`FlatbufferError` where it does not lie within the file.
    """
    if not data:
        raise FlatbufferError("the file is empty")
    if len(data) > MAX_BYTES:
        raise FlatbufferError(f"the file is larger than {MAX_BYTES} bytes")
    if len(data) < 8 or data[4:8] != identifier:
        raise FlatbufferError(f"the file does not have the identifier {identifier.decode()}")
    reader = _Reader(data)
    return reader.table(reader.target(0, "root"), root, root.name)
