"""The host link's frames: one description for the hardware and for the host.

A request: ``REQUEST``, op, tag, words, byte address (32 bits), ``words`` words if it writes, CRC.
An answer: ``ANSWER``, status, tag, words, as many words, CRC. Everything is little-endian; the CRC
is CRC-32 (ISO-HDLC, as in zlib) of everything between the first byte and itself.

The host sends a request, waits for the answer with its tag, and repeats the request when none
comes. The device answers a damaged request with BAD_FRAME and does nothing. A write that carries
the tag of the write just before it is a repetition: it is answered again and not done again.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

REQUEST = 0x5A
ANSWER = 0xA5
MAX_WORDS = 64
WORD_BYTES = 4
HEADER_BYTES = 7  # op, tag, words, address
CRC_BYTES = 4
MAGIC = 0x4B4C4657  # "WFLK", little-endian
VERSION = 1


class Space(enum.IntEnum):
    """What an address means; bits 2..1 of the op. Bit 0 is set if the request writes."""

    INFO = 0
    REGISTERS = 1
    MEMORY = 2


class Status(enum.IntEnum):
    """How a request went."""

    DONE = 0
    REFUSED = 1  # the access at the first address that failed; those before it are done
    BAD_FRAME = 2


class Info(enum.IntEnum):
    """Words of the space INFO, all read only."""

    MAGIC = 0
    VERSION = 1
    BOARD = 2  # name of the board: NAME_WORDS words, padded with zeros
    CLOCK_HZ = 6
    MEMORY_BYTES = 7
    CYCLE = 8  # of the clock, modulo 2**32
    INTERRUPT = 9  # level of the interrupt line


NAME_WORDS = Info.CLOCK_HZ - Info.BOARD
INFO_WORDS = max(Info) + 1


def name_words(name: str) -> list[int]:
    """A board's name as the words from BOARD on."""
    octets = name.encode().ljust(NAME_WORDS * WORD_BYTES, b"\0")
    if len(octets) > NAME_WORDS * WORD_BYTES:
        raise ValueError(f"{name!r} has more than {NAME_WORDS * WORD_BYTES} characters")
    return [
        int.from_bytes(octets[at : at + WORD_BYTES], "little")
        for at in range(0, len(octets), WORD_BYTES)
    ]


def words_name(words: Sequence[int]) -> str:
    """The name in the words from BOARD on."""
    octets = b"".join(word.to_bytes(WORD_BYTES, "little") for word in words)
    return octets.rstrip(b"\0").decode("ascii", "replace")
