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
    BOARD_LOW = 2  # name of the board, 8 characters, padded with zeros
    BOARD_HIGH = 3
    CLOCK_HZ = 4
    MEMORY_BYTES = 5
    CYCLE = 6  # of the clock, modulo 2**32
    INTERRUPT = 7  # level of the interrupt line


def name_words(name: str) -> tuple[int, int]:
    """A board's name as the two words BOARD_LOW and BOARD_HIGH."""
    octets = name.encode()[:8].ljust(8, b"\0")
    return int.from_bytes(octets[:4], "little"), int.from_bytes(octets[4:], "little")


def words_name(low: int, high: int) -> str:
    """The name in BOARD_LOW and BOARD_HIGH."""
    octets = low.to_bytes(4, "little") + high.to_bytes(4, "little")
    return octets.rstrip(b"\0").decode("ascii", "replace")
