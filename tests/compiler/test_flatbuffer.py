"""The bounds check, on buffers put together by hand."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from compiler.flatbuffer import (
    Field,
    FlatbufferError,
    Refused,
    Scalar,
    Scalars,
    Table,
    Tables,
    Text,
    Union,
    read,
)

ITEM = Table("Item", {"name": Text(), "forbidden": Refused(4, "is not wanted")})
ROOT = Table("Root", {"items": Tables(ITEM)})


def file_of(
    n_references: int, name: bytes = b"name", end: bytes = b"\0", forbidden: int = 0
) -> bytes:
    """A root table with a vector of references, all to one item."""
    item = 28 + 4 * n_references
    item += -item % 4
    table = item + 8  # behind its vtable
    data = struct.pack("<I4s", 16, b"TEST")
    data += struct.pack("<HHHH", 6, 8, 4, 0)  # vtable of the root: size, table's size, field
    data += struct.pack("<iI", 8, 4)  # root: to its vtable, to the vector
    data += struct.pack("<I", n_references)
    data += b"".join(struct.pack("<I", table - (28 + 4 * i)) for i in range(n_references))
    data += struct.pack("<HHHH", 8, 12, 4, 8)
    data += struct.pack("<iII", 8, 8, forbidden)
    return data + struct.pack("<I", len(name)) + name + end


def test_a_good_file_is_read() -> None:
    items = read(file_of(3), ROOT, b"TEST").items
    assert [item.name for item in items] == ["name"] * 3


def test_a_field_behind_the_known_ones_is_ignored() -> None:
    assert vars(read(file_of(1), Table("Root", {}), b"TEST")) == {}


def test_absent_fields_have_their_defaults() -> None:
    """Slots beyond those that the file's table has."""
    fields: dict[str, Field] = {
        "items": Tables(ITEM),
        "number": Scalar("<i4", 7),
        "text": Text(),
        "numbers": Scalars("<i8"),
        "table": ITEM,
        "tables": Tables(ITEM),
        "union": Union({}),
        "refused": Refused(4, "is not wanted"),
    }
    record = read(file_of(1), Table("Root", fields), b"TEST")
    assert (record.number, record.text, record.tables) == (7, "", [])
    assert (record.numbers.tolist(), record.numbers.dtype) == ([], np.int64)
    assert (record.table, record.union, record.refused) == (None, None, None)


def test_references_to_one_table_are_followed_only_so_often() -> None:
    """Otherwise a small file would describe any number of large tables."""
    read(file_of(3, b"n" * 60_000), ROOT, b"TEST")
    with pytest.raises(FlatbufferError, match="again and again"):
        read(file_of(10_000, b"n" * 60_000), ROOT, b"TEST")


def test_a_string_must_end_in_a_zero_inside_the_file() -> None:
    with pytest.raises(FlatbufferError, match=r"Root\.items\[0\]\.name is not terminated"):
        read(file_of(1, end=b"x"), ROOT, b"TEST")
    with pytest.raises(FlatbufferError, match=r"Root\.items\[0\]\.name lies outside the file"):
        read(file_of(1, end=b""), ROOT, b"TEST")


def test_a_refused_field_must_be_zero() -> None:
    with pytest.raises(FlatbufferError, match=r"Root\.items\[0\]\.forbidden: is not wanted"):
        read(file_of(1, forbidden=1), ROOT, b"TEST")


@pytest.mark.parametrize(
    ("position", "word", "message"),
    [
        (0, 17, "Root is not aligned"),
        (8, 6 << 16 | 3, "vtable of Root has an impossible size"),
        (8, 2 << 16 | 6, "vtable of Root has an impossible size"),
        (8, 60000 << 16 | 6, "Root lies outside the file"),
        (8, 8 << 16 | 60000, "vtable of Root lies outside the file"),
        (12, 6, r"Root\.items lies outside its table"),
        (16, 1000, "vtable of Root lies outside the file"),
        (16, (1 << 32) - 1000, "vtable of Root lies outside the file"),
        (20, 0, r"Root\.items has a null offset"),
        (20, (1 << 32) - 4, r"Root\.items lies outside the file"),
        (20, 5, r"Root\.items is not aligned"),
        (24, (1 << 32) - 1, r"Root\.items lies outside the file"),
        (24, 100, r"Root\.items lies outside the file"),
        (28, 1 << 31, r"Root\.items\[0\] lies outside the file"),
    ],
)
def test_what_points_outside_is_named(position: int, word: int, message: str) -> None:
    data = bytearray(file_of(2))
    struct.pack_into("<I", data, position, word)
    with pytest.raises(FlatbufferError, match=message):
        read(bytes(data), ROOT, b"TEST")
