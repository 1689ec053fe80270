"""Packs random instructions together with compressed ones, so that they begin at any half word."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from functools import cache

from arch.compressed import expand, is_compressed
from tests.core.encoding import b_type, j_type
from tests.core.random_program import RESERVED, is_safe

_LOAD, _STORE, _BRANCH, _JAL, _JALR, _AUIPC = 0x03, 0x23, 0x63, 0x6F, 0x67, 0x17
_JUMPS = (_BRANCH, _JAL, _JALR)


@cache
def short_forms() -> dict[int, int]:
    """The compressed instruction that stands for each instruction that has one."""
    found = ((expand(parcel), parcel) for parcel in range(1 << 16) if is_compressed(parcel))
    return {word: parcel for word, parcel in found if word is not None}


@cache
def _harmless() -> Sequence[int]:
    """Compressed instructions that may stand anywhere; a few are reserved."""
    return [
        parcel
        for parcel in range(1 << 16)
        if is_compressed(parcel) and _is_harmless(parcel, expand(parcel))
    ]


def _is_harmless(parcel: int, word: int | None) -> bool:
    if word is None:
        return parcel % 211 == 0
    opcode = word & 0x7F
    if opcode in _JUMPS:
        return False
    # Of all addresses only those of the pointers are likely to be in memory.
    base = word >> 15 & 31
    if _counts(word):
        return False
    return is_safe(word) and (opcode not in (_LOAD, _STORE) or base in (8, 9) or parcel % 97 == 0)


def pack(words: Sequence[int], rng: random.Random) -> bytes:
    """A program of the same jumps in which about half of the instructions are compressed.

    Parameters
    ----------
    words : instructions; jumps whose offset is a multiple of four keep their targets.
    """
    items = [_replace(word, rng) for word in words]
    sizes = [2 if item < 1 << 16 and is_compressed(item) else 4 for item in items]
    for index, word in enumerate(words):
        if _target(index, word) is not None and _has_short_form(word, rng):
            sizes[index] = 2
    addresses = [sum(sizes[:index]) for index in range(len(words) + 1)]
    code = b""
    for index, word in enumerate(words):
        target, item = _target(index, word), items[index]
        if target is not None:
            target -= _is_behind_auipc(words, target)
            distance = addresses[min(target, len(words))] - addresses[index]
            has_middle = target < len(words) and sizes[target] == 4 and not _counts(words[target])
            if has_middle and rng.random() < 0.02:
                distance += 2
            item = _with_offset(word, distance)
            if sizes[index] == 2:
                item = short_forms()[item]
        elif _is_behind_auipc(words, index):
            offset = word >> 20
            target = min(index - 1 + offset // 4, len(words))
            distance = addresses[target] - addresses[index - 1] + offset % 4
            item = word & 0xFFFFF | distance << 20
        code += struct.pack("<H" if sizes[index] == 2 else "<I", item)
    return code


def _is_behind_auipc(words: Sequence[int], index: int) -> bool:
    """Whether it is a jalr whose base the instruction before it makes."""
    pair = [word & 0x7F for word in words[max(index - 1, 0) : index + 1]]
    return pair == [_AUIPC, _JALR]


def _replace(word: int, rng: random.Random) -> int:
    """Perhaps another instruction instead, which is compressed."""
    if word & 0x7F in (*_JUMPS, _AUIPC):
        return word
    if word in short_forms() and rng.random() < 0.8:
        return short_forms()[word]
    if rng.random() < 0.5 and not _counts(word):
        return rng.choice(_harmless())
    return word


def _counts(word: int) -> bool:
    """Whether others count on the register that it writes."""
    return word & 0x7F != _STORE and word >> 7 & 31 in RESERVED


def _target(index: int, word: int) -> int | None:
    """Index of the instruction to which a branch or jal goes."""
    if word & 0x7F == _BRANCH:
        offset = (word >> 8 & 15) << 1 | (word >> 25 & 63) << 5 | (word >> 7 & 1) << 11
        offset -= (word >> 31) << 12
    elif word & 0x7F == _JAL:
        offset = (word >> 21 & 1023) << 1 | (word >> 20 & 1) << 11 | (word >> 12 & 255) << 12
        offset -= (word >> 31) << 20
    else:
        return None
    return index + offset // 4


def _has_short_form(word: int, rng: random.Random) -> bool:
    """Whether it has one for distances of a few instructions."""
    near = -20 <= (_target(0, word) or 0) <= 20
    return near and _with_offset(word, 2) in short_forms() and rng.random() < 0.8


def _with_offset(word: int, offset: int) -> int:
    if word & 0x7F == _JAL:
        return j_type(offset, word >> 7 & 31)
    return b_type(offset, word >> 20 & 31, word >> 15 & 31, word >> 12 & 7)
