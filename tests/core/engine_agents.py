"""The memories around the core engine, as cocotb agents on a World."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

from arch.isa import Cause
from arch.params import Params
from hw.interfaces import beat_layout, request_layout, write_beat_layout
from hw.scratchpad import CORE_BYTES, chunk_store_layout
from tests.core.engine_model import World
from tests.hw.bench import Sink, Source, pack, unpack

READ_CYCLES = 3


class ScratchpadAgent:
    """Answers reads three cycles after they were taken; writes when they are taken."""

    def __init__(self, dut: Any, params: Params, world: World, pause: float):
        self.dut, self.params, self.world, self.pause = dut, params, world, pause
        self.answers: deque[tuple[int, int]] = deque()
        self.now = 0
        self.read_ready = self.write_ready = False
        for name in ("read__request__ready", "read__valid", "read__data", "write__ready"):
            getattr(dut, f"scratchpad_{name}").value = 0

    def drive(self) -> None:
        dut = self.dut
        self.read_ready = random.random() >= self.pause
        self.write_ready = random.random() >= self.pause
        dut.scratchpad_read__request__ready.value = self.read_ready
        dut.scratchpad_write__ready.value = self.write_ready
        due = bool(self.answers) and self.answers[0][0] <= self.now
        dut.scratchpad_read__valid.value = due
        value = self.answers.popleft()[1] if due else random.getrandbits(32)
        dut.scratchpad_read__data.value = value

    def sample(self) -> None:
        dut, memory = self.dut, self.world.scratchpad
        self.now += 1
        if self.read_ready and int(dut.scratchpad_read__request__valid.value):
            start = int(dut.scratchpad_read__request__payload.value) * CORE_BYTES
            word = int.from_bytes(memory[start : start + CORE_BYTES], "little")
            self.answers.append((self.now + READ_CYCLES - 1, word))
        if self.write_ready and int(dut.scratchpad_write__valid.value):
            layout = chunk_store_layout(self.params, CORE_BYTES)
            item = unpack(layout, int(dut.scratchpad_write__payload.value))
            for i in range(CORE_BYTES):
                if item.mask >> i & 1:
                    memory[item.chunk * CORE_BYTES + i] = item.data >> 8 * i & 255


class ExternalReader:
    """Serves the port external_read from the regions."""

    def __init__(self, dut: Any, params: Params, world: World, pause: float):
        self.params, self.world = params, world
        self.n = params.axi_bytes
        self.requests = Sink(dut, "external_read__request", self._request, pause)
        self.beats = Source(dut, "external_read__beats", pause)

    def drive(self) -> None:
        self.requests.drive()
        self.beats.drive()

    def sample(self) -> None:
        self.requests.sample()
        self.beats.sample()

    def _request(self, item: int) -> None:
        request = unpack(request_layout(), item)
        content, readable, _ = self.world.regions[request.region]
        assert request.length in (1, 2, 4) and request.offset % request.length == 0
        layout = beat_layout(self.params)
        if not readable or request.offset + request.length > len(content):
            junk = random.getrandbits(8 * self.n)
            beat = pack(layout, data=junk, last=1, cause=Cause.REGION, address=request.offset)
        else:
            start = request.offset // self.n * self.n
            word = bytearray(random.randbytes(self.n))
            word[: len(content[start : start + self.n])] = content[start : start + self.n]
            beat = pack(layout, data=int.from_bytes(word, "little"), last=1)
        self.beats.queue.append(beat)


class ExternalWriter:
    """Serves the port external_write to the regions; may end a refused one before its beat."""

    def __init__(self, dut: Any, params: Params, world: World, pause: float):
        self.dut, self.params, self.world, self.pause = dut, params, world, pause
        self.n = params.axi_bytes
        self.requests = Sink(dut, "external_write__request", self._request, pause)
        self.beats = Sink(dut, "external_write__beats", self._beat, pause)
        self.request: Any = None
        self.beat: Any = None
        self.cause: Cause | None = None
        dut.external_write__done.value = 0

    def _request(self, item: int) -> None:
        assert self.request is None, "a second request before the first one's end"
        self.request = unpack(request_layout(), item)
        content, _, writable = self.world.regions[self.request.region]
        inside = self.request.offset + self.request.length <= len(content)
        self.cause = Cause.NONE if writable and inside else Cause.REGION
        self.ended = False

    def _beat(self, item: int) -> None:
        assert self.beat is None, "a second beat for one request"
        self.beat = unpack(write_beat_layout(self.params), item)

    def drive(self) -> None:
        self.requests.drive()
        self.beats.drive()
        dut = self.dut
        refused = self.request is not None and self.cause is not Cause.NONE
        may_end = self.request is not None and not self.ended and (self.beat is not None or refused)
        end = may_end and random.random() >= self.pause
        dut.external_write__done.value = end
        dut.external_write__cause.value = self.cause if end else random.getrandbits(4)
        dut.external_write__address.value = self.request.offset if end else 0
        if end:
            self.ended = True
            if self.cause is Cause.NONE:
                self._write()
        if self.request is not None and self.ended and self.beat is not None:
            self.request = self.beat = None

    def sample(self) -> None:
        self.requests.sample()
        self.beats.sample()

    def _write(self) -> None:
        content = self.world.regions[self.request.region][0]
        start = self.request.offset // self.n * self.n
        asked = range(self.request.offset, self.request.offset + self.request.length)
        for i in range(self.n):
            if self.beat.strobe >> i & 1:
                assert start + i in asked, "a strobe outside the request"
                content[start + i] = self.beat.data >> 8 * i & 255
