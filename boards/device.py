"""A board at a serial port, as a device that the host's driver can use."""

from __future__ import annotations

import os
import time
import zlib
from dataclasses import dataclass
from typing import Any

from boards import protocol
from boards.protocol import CRC_BYTES, MAX_WORDS, WORD_BYTES, Info, Space, Status
from sim.device import DeviceError, outside_memory, refused

ATTEMPTS = 8
ANSWER_SECONDS = 0.5
"""Silence after which a request is repeated."""
PADDING = bytes(protocol.HEADER_BYTES + MAX_WORDS * WORD_BYTES + CRC_BYTES)
"""Ends any frame that the device may still be in; outside of frames it has no meaning."""

DEFAULT_BAUD = 1_000_000
MASK = 0xFFFFFFFF


class LinkError(DeviceError):
    """A board that cannot be reached, or whose answers do not come through."""


@dataclass(frozen=True)
class BoardInfo:
    """What a board says of itself."""

    board: str
    clock_hz: int
    memory_bytes: int


@dataclass
class LinkStatistics:
    """How the line behaved: requests, those that had to be repeated, and why."""

    requests: int = 0
    timeouts: int = 0
    damaged: int = 0


class _Damaged(Exception):
    """An answer with a wrong CRC, or the news that the request came damaged."""


class BoardDevice:
    """A :class:`sim.device.Device` behind the host link (boards.protocol).

    Parameters
    ----------
    port : of pyserial: ``/dev/ttyUSB0``, ``COM3`` or the end of a pseudo-terminal.
    baud : bit rate, as the bitstream was built.
    answer_seconds : silence after which a request is repeated.

    Raises :class:`LinkError` when the port cannot be opened or nobody answers there.
    """

    def __init__(self, port: str, baud: int = DEFAULT_BAUD, answer_seconds: float = ANSWER_SECONDS):
        import serial

        self.port = port
        self.answer_seconds = answer_seconds
        self.statistics = LinkStatistics()
        self._tag = 0
        self._failure: type[Exception] = serial.SerialException
        try:
            self._serial: Any = serial.Serial(port, baud, timeout=answer_seconds)
        except (serial.SerialException, ValueError) as error:
            number = getattr(error, "errno", None)
            reason = os.strerror(number) if number else str(error).split(":")[0]
            raise LinkError(f"{port}: cannot be opened: {reason}; check the path") from None
        words = self._read_words(Space.INFO, 0, protocol.INFO_WORDS)
        if words[Info.MAGIC] != protocol.MAGIC or words[Info.VERSION] != protocol.VERSION:
            raise LinkError(
                f"{port}: the answer is not of a weft board of link version {protocol.VERSION}; "
                "load a bitstream that this version of weft has built"
            )
        self.info = BoardInfo(
            protocol.words_name(words[Info.BOARD : Info.CLOCK_HZ]),
            words[Info.CLOCK_HZ],
            words[Info.MEMORY_BYTES],
        )

    def close(self) -> None:
        self._serial.close()

    # ---- Device ------------------------------------------------------------------------------
    async def read_register(self, offset: int) -> int:
        status, words = self._request(Space.REGISTERS, offset, 1)
        if status is Status.REFUSED:
            raise refused(offset, "read")
        return words[0]

    async def write_register(self, offset: int, value: int) -> None:
        status, _ = self._request(Space.REGISTERS, offset, 1, [value])
        if status is Status.REFUSED:
            raise refused(offset, "write")

    async def write_memory(self, address: int, data: bytes) -> None:
        self._check(address, len(data))
        if not data:
            return
        before, behind = address % WORD_BYTES, -(address + len(data)) % WORD_BYTES
        start, end = address - before, address + len(data) + behind
        if before:
            word = self._read_words(Space.MEMORY, start, 1)[0]
            data = word.to_bytes(WORD_BYTES, "little")[:before] + data
        if behind:
            word = self._read_words(Space.MEMORY, end - WORD_BYTES, 1)[0]
            data = data + word.to_bytes(WORD_BYTES, "little")[WORD_BYTES - behind :]
        step = MAX_WORDS * WORD_BYTES
        for at in range(0, len(data), step):
            words = _words(data[at : at + step])
            self._expect_done(
                self._request(Space.MEMORY, start + at, len(words), words)[0], start + at
            )

    async def read_memory(self, address: int, n_bytes: int) -> bytes:
        self._check(address, n_bytes)
        before = address % WORD_BYTES
        start, n_words = address - before, -(-(before + n_bytes) // WORD_BYTES)
        data = bytearray()
        for at in range(0, n_words, MAX_WORDS):
            count = min(MAX_WORDS, n_words - at)
            for word in self._read_words(Space.MEMORY, start + at * WORD_BYTES, count):
                data += word.to_bytes(WORD_BYTES, "little")
        return bytes(data[before : before + n_bytes])

    async def wait_interrupt(self, timeout_cycles: int) -> bool:
        first: int | None = None
        address = Info.CYCLE * WORD_BYTES
        elapsed = 0
        while True:
            cycle, interrupt = self._read_words(Space.INFO, address, 2)
            if interrupt:
                return True
            first = cycle if first is None else first
            elapsed = (cycle - first & MASK) + elapsed if cycle < first else cycle - first
            if elapsed > timeout_cycles:
                return False

    # ---- behind it ---------------------------------------------------------------------------
    def _check(self, address: int, n_bytes: int) -> None:
        if address < 0 or address + n_bytes > self.info.memory_bytes:
            raise outside_memory(address, n_bytes, 0, self.info.memory_bytes)

    def _read_words(self, space: Space, address: int, count: int) -> list[int]:
        status, words = self._request(space, address, count)
        self._expect_done(status, address)
        return words

    def _expect_done(self, status: Status, address: int) -> None:
        if status is not Status.DONE:
            raise LinkError(f"{self.port}: the board refused an access to 0x{address:x}")

    def _request(
        self, space: Space, address: int, count: int, words: list[int] | None = None
    ) -> tuple[Status, list[int]]:
        """Send a request until its answer comes through whole."""
        self._tag = (self._tag + 1) % 256
        self.statistics.requests += 1
        op = space << 1 | (words is not None)
        body = bytes([op, self._tag, count]) + address.to_bytes(4, "little")
        body += b"".join(word.to_bytes(WORD_BYTES, "little") for word in words or [])
        frame = bytes([protocol.REQUEST]) + body + _crc(body)
        try:
            for _ in range(ATTEMPTS):
                self._serial.write(frame)
                try:
                    answer = self._answer()
                except _Damaged:
                    self.statistics.damaged += 1
                else:
                    if answer is not None:
                        return answer
                    self.statistics.timeouts += 1
                self._serial.write(PADDING)
        except (self._failure, OSError) as error:
            reason = getattr(error, "strerror", None) or "the device has gone"
            raise LinkError(
                f"{self.port}: the link broke: {reason}; plug the board in and run again"
            ) from None
        raise LinkError(
            f"{self.port}: no answer to {ATTEMPTS} requests; check cable, power and baud rate, and "
            "that the board is loaded with a bitstream of weft"
        )

    def _answer(self) -> tuple[Status, list[int]] | None:
        """The answer to the last request; None when the line stays silent."""
        deadline = time.monotonic() + 4 * self.answer_seconds  # a line that babbles ends here
        while time.monotonic() < deadline:
            first = self._serial.read(1)
            if not first:
                return None
            if first[0] != protocol.ANSWER:
                continue
            head = self._serial.read(3)
            if len(head) < 3:
                return None
            status, tag, count = head
            rest = self._serial.read(count * WORD_BYTES + CRC_BYTES) if count <= MAX_WORDS else b""
            data, crc = rest[:-CRC_BYTES], rest[-CRC_BYTES:]
            if crc != _crc(head + data) or status not in tuple(Status):
                raise _Damaged
            if status == Status.BAD_FRAME:
                raise _Damaged
            if tag == self._tag:  # an older one answers a request that was repeated too soon
                return Status(status), _words(data)
        return None


def _crc(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(CRC_BYTES, "little")


def _words(data: bytes) -> list[int]:
    return [
        int.from_bytes(data[at : at + WORD_BYTES], "little")
        for at in range(0, len(data), WORD_BYTES)
    ]
