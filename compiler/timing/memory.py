"""External memory as the load engine and the program's fetch see it."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass

from arch.params import Params

REQUEST_CYCLES = 2  # from a request to the next (hw/bursts.py)


@dataclass(frozen=True)
class MemoryTiming:
    """External memory: bytes per cycle in each direction, and cycles of latency.

    Latency is counted from the handshake of an address to the first beat of an idle memory, and
    from the last beat of a write to its answer.
    """

    bytes_per_cycle: float = 8.0
    latency: int = 32

    def beat_cycles(self, params: Params) -> float:
        """Cycles from beat to beat of a bus that is never idle."""
        return max(1.0, params.axi_bytes / self.bytes_per_cycle)


class ReadBus:
    """The AR and R channels: beats come in the order of the addresses."""

    def __init__(self, params: Params, memory: MemoryTiming):
        self._latency = memory.latency
        self._beat = memory.beat_cycles(params)
        self._starts: list[float] = []  # of bursts in the order of their addresses
        self._ends: list[float] = []

    def burst(self, address_time: float, n_beats: int) -> tuple[float, float]:
        """Times of the first and of the last beat of a burst, in the order of the load engine."""
        first = address_time + self._latency
        if self._ends:
            first = max(first, self._ends[-1] + self._beat)
        last = first + (n_beats - 1) * self._beat
        self._starts.append(address_time)
        self._ends.append(last)
        return first, last

    def overtaking(self, address_time: float, n_beats: int) -> float:
        """Time of the first beat of a burst that comes between those of the load engine."""
        first = address_time + self._latency
        before = bisect_right(self._starts, address_time)
        if before:
            first = max(first, self._ends[before - 1] + self._beat)
        if before == len(self._ends):
            self._starts.append(address_time)
            self._ends.append(first + (n_beats - 1) * self._beat)
        elif self._ends[-1] > first:
            self._ends[-1] += n_beats * self._beat  # what follows is late by so much
        return first


class Bursts:
    """Cuts rows of the load or the store engine into bursts and gives them their turn.

    ``taken`` is when the last request was taken. The next one is taken two cycles later, and not
    before the last burst of a long one is due (hw/bursts.py).
    """

    def __init__(self, params: Params):
        c = params.config
        self._beat_bytes = params.axi_bytes
        self._burst_beats = c.dma_burst_beats
        self._open: deque[float] = deque(maxlen=c.dma_outstanding)
        self._next = 0.0
        self._due = 0.0
        self.taken = 0.0

    def request(self, ready: float, offset: int, length: int) -> list[int]:
        """Take a row of bytes: beats of its bursts (each ends at a multiple of the limit)."""
        self.taken = max(ready, self.taken + REQUEST_CYCLES, self._due)
        first = offset // self._beat_bytes
        end = (offset + length - 1) // self._beat_bytes + 1
        sizes = []
        while first < end:
            stop = min(end, (first // self._burst_beats + 1) * self._burst_beats)
            sizes.append(stop - first)
            first = stop
        return sizes

    def issue(self, delay: int) -> float:
        """Time of the address of the next burst, ``delay`` cycles behind its request at least."""
        at = max(self.taken + delay, self._next)
        if len(self._open) == self._open.maxlen:
            at = max(at, self._open[0])
        self._due = self._next  # of the burst before this one, which may be the last
        self._next = at + 1
        return at

    def end(self, time: float) -> None:
        """The burst that was issued last no longer counts as open at ``time``."""
        self._open.append(time)
