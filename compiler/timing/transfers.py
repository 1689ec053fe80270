"""The load and the store engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from arch.isa import Source, Space
from arch.params import Params
from compiler.timing.memory import Bursts, MemoryTiming, ReadBus

MET_TO_ROW = 3  # cycles from a command whose waits are met to its first row (hw/dma_rows.py)
ROW_CYCLES = 2  # from row to row of what is asked of the bus (hw/bursts.py)
ROW_TO_REQUEST = 1  # hw/load.py
REQUEST_TO_ADDRESS = 4  # hw/bursts.py, hw/axi_read.py
BEAT_TO_CHIP = 6  # from a beat on the bus to the event that its command is complete
ROW_TO_FILL = 4
MIN_ROWS = 4  # hw/load.py, hw/store.py
WORD_SPACES = (Space.IMEM, Space.DMEM, Space.TABLES)
"""They take a word of 32 bits a cycle (hw/core/memories.py, hw/tables.py), others a beat."""
TAKING_CYCLES = {Space.DMEM: 1}  # before the words of a beat
REQUEST_TO_WRITE = 8  # from a request to its first beat on W (hw/store.py, hw/axi_write.py)
ANSWER_TO_DONE = 4


@dataclass(frozen=True)
class Transfer:
    """Cycles of a command: at work from ``start`` to ``end``; the next comes from ``release``."""

    start: float
    end: float
    release: float


def rows_of(config: Mapping[str, int]) -> list[tuple[int, int]]:
    """(offset in external memory, on-chip address) of every row of a command."""
    c = config
    return [
        (
            c["ext_offset"] + plane * c["ext_step2"] + row * c["ext_step1"],
            c["int_base"] + plane * c["int_step2"] + row * c["int_step1"],
        )
        for plane in range(c["n2"])
        for row in range(c["n1"])
    ]


class LoadTiming:
    """LOAD commands in their order."""

    def __init__(self, params: Params, memory: MemoryTiming, bus: ReadBus):
        self._beat_bytes = params.axi_bytes
        self._beat = memory.beat_cycles(params)
        self._bus = bus
        self._bursts = Bursts(params)
        self._open: deque[float] = deque(maxlen=max(MIN_ROWS, params.config.dma_outstanding) + 2)
        self._written = 0.0
        self._end = 0.0
        self._row = 0.0

    def run(self, config: Mapping[str, int], ready: float) -> Transfer:
        """A command that is at its engine with its waits met at ``ready``."""
        n = self._beat_bytes
        length = config["length"]
        is_fill = config.get("source") == Source.FILL
        space = Space(config["space"])
        write_cycles = n // 4 if space in WORD_SPACES else 1
        write_cycles += TAKING_CYCLES.get(space, 0)
        row = ready + MET_TO_ROW
        for offset, chip in rows_of(config):
            row = max(row, self._row + 1, self._bursts.taken)
            if len(self._open) == self._open.maxlen:
                row = max(row, self._open[0])
            self._row = row
            chunks = (chip % n + length - 1) // n + 1
            moves_down = chip % n < offset % n and not is_fill
            least = max(ROW_CYCLES, (chunks + moves_down) * write_cycles)
            if is_fill:
                self._written = max(row + ROW_TO_FILL, self._written) + chunks
            else:
                first = last = 0.0
                sizes = self._bursts.request(row + ROW_TO_REQUEST, offset, length)
                for i, beats in enumerate(sizes):
                    address = self._bursts.issue(REQUEST_TO_ADDRESS)
                    start, last = self._bus.burst(address, beats)
                    first = first if i else start
                    self._bursts.end(last + BEAT_TO_CHIP - 2)
                self._written = max(
                    last + BEAT_TO_CHIP, max(self._written, first + BEAT_TO_CHIP - 1) + least
                )
            self._open.append(self._written)
        start = max(ready, self._end)
        self._end = self._written
        return Transfer(start, self._end, self._row)


class StoreTiming:
    """STORE commands in their order."""

    def __init__(self, params: Params, memory: MemoryTiming):
        self._beat_bytes = params.axi_bytes
        self._beat = memory.beat_cycles(params)
        self._latency = memory.latency
        self._bursts = Bursts(params)
        self._open: deque[float] = deque(maxlen=max(MIN_ROWS, params.config.dma_outstanding))
        self._row = 0.0
        self._sent = 0.0
        self._end = 0.0

    def run(self, config: Mapping[str, int], ready: float) -> Transfer:
        """A command that is at its engine with its waits met at ``ready``."""
        row = ready + MET_TO_ROW
        end = self._end
        for offset, _ in rows_of(config):
            row = max(row, self._row + 1, self._bursts.taken)
            if len(self._open) == self._open.maxlen:
                row = max(row, self._open[0])
            self._row = row
            for beats in self._bursts.request(row + ROW_TO_REQUEST, offset, config["length"]):
                first = max(self._bursts.issue(REQUEST_TO_WRITE), self._sent + self._beat)
                self._sent = first + (beats - 1) * self._beat
                end = self._sent + self._latency + ANSWER_TO_DONE
                self._bursts.end(end)
            self._open.append(end)
        start = max(ready, self._end)
        self._end = end
        return Transfer(start, end, self._row)
