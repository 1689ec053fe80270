"""Answers a ReadRequest port from bytes, as an AxiReader with one client would."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Any

from arch.isa import Cause
from arch.params import Params
from hw.interfaces import beat_layout, request_layout
from tests.hw.bench import Source, pack, unpack


class ReadResponder:
    """Serves requests in order after ``latency`` cycles.

    ``fault`` maps (offset, length) of a request to a cause, NONE for data.
    """

    def __init__(
        self,
        dut: Any,
        prefix: str,
        params: Params,
        memory: bytes,
        latency: Callable[[], int] = lambda: 3,
        pause: float = 0.0,
        fault: Callable[[int, int], Cause] = lambda offset, length: Cause.NONE,
    ):
        self.request_valid = getattr(dut, f"{prefix}__request__valid")
        self.request_ready = getattr(dut, f"{prefix}__request__ready")
        self.request_payload = getattr(dut, f"{prefix}__request__payload")
        self.beats = Source(dut, f"{prefix}__beats", pause)
        self.beats_ready = self.beats.ready
        self.axi_bytes = params.axi_bytes
        self.layout = beat_layout(params)
        self.memory, self.latency, self.pause, self.fault = memory, latency, pause, fault
        self.requests: list[tuple[int, int, int]] = []
        self.waiting: deque[tuple[int, list[int]]] = deque()
        self.now = 0
        self.is_ready = False
        self.request_ready.value = 0

    def drive(self) -> None:
        while self.waiting and self.waiting[0][0] <= self.now:
            self.beats.queue.extend(self.waiting.popleft()[1])
        self.beats.drive()
        self.is_ready = random.random() >= self.pause
        self.request_ready.value = self.is_ready

    def sample(self) -> None:
        self.now += 1
        self.beats.sample()
        if self.is_ready and int(self.request_valid.value):
            fields = unpack(request_layout(), int(self.request_payload.value))
            self.requests.append((fields.region, fields.offset, fields.length))
            self.waiting.append(
                (self.now + self.latency(), self._beats(fields.offset, fields.length))
            )

    def _beats(self, offset: int, length: int) -> list[int]:
        assert length >= 1
        cause = self.fault(offset, length)
        if cause is not Cause.NONE:
            junk = random.getrandbits(8 * self.axi_bytes)
            return [pack(self.layout, data=junk, last=1, cause=cause, address=offset)]
        n = self.axi_bytes
        first = offset // n * n
        starts = range(first, offset + length, n)
        beats = []
        for start in starts:
            octets = [
                self.memory[i] if offset <= i < offset + length else random.getrandbits(8)
                for i in range(start, start + n)
            ]
            word = int.from_bytes(bytes(octets), "little")
            beats.append(pack(self.layout, data=word, last=start == starts[-1]))
        return beats
