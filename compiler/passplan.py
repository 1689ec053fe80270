"""What a plan of passes is: taps and channels in the rows of the array, pass by pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arch.isa import DESCRIPTOR_ROWS, DESCRIPTOR_STREAM, DESCRIPTOR_UNIT_BYTES, Mode
from arch.params import Params

IDLE = -1


@dataclass(frozen=True)
class Stream:
    """One stream of a pass; fields as in arch.isa.DESCRIPTOR_STREAM."""

    offset: int
    dy: int
    dx: int
    first: int = 0


@dataclass(frozen=True)
class Entry:
    """One pass descriptor: its streams (None where unused) and what each row multiplies.

    ``taps[row]`` is the index of the row's weight among the weights of an output channel, or IDLE.
    """

    streams: tuple[Stream | None, ...]
    taps: tuple[int, ...]

    def wanted(self, params: Params, mode: Mode) -> list[tuple[Stream, int, int]]:
        """Its streams, each with the first byte and the end of what the hardware reads of a window.

        A convolution takes of a window the bytes of those rows that no later stream has, up to the
        last one that multiplies.
        """
        used = [tap != IDLE for tap in self.taps]
        found = []
        for i, stream in enumerate(self.streams):
            if stream is None:
                continue
            if mode is not Mode.CONVOLUTION:
                found.append((stream, 0, params.window_bytes))
                continue
            pair = i // params.streams_per_pair
            later = self.streams[i + 1 : (pair + 1) * params.streams_per_pair]
            ends = [s.first for s in later if s is not None]
            rows = used[pair * params.pair_rows : (pair + 1) * params.pair_rows]
            ends.append(max((row + 1 for row, is_used in enumerate(rows) if is_used), default=0))
            found.append((stream, stream.first, ends[0]))
        return found

    def pack(self, params: Params) -> bytes:
        active = sum(1 << row for row, tap in enumerate(self.taps) if tap != IDLE)
        units = [DESCRIPTOR_ROWS.pack({"active": active})]
        for stream in self.streams:
            fields = (
                {}
                if stream is None
                else {
                    "offset": stream.offset,
                    "dy": stream.dy,
                    "dx": stream.dx,
                    "first": stream.first,
                    "enable": 1,
                }
            )
            units.append(DESCRIPTOR_STREAM.pack(fields))
        raw = b"".join(unit.to_bytes(DESCRIPTOR_UNIT_BYTES, "little") for unit in units)
        return raw.ljust(params.descriptor_words * params.weight_word_bytes, b"\0")


@dataclass(frozen=True)
class PassPlan:
    """All passes of one block of output channels.

    ``cb_count`` passes follow from each entry, over blocks of ``rows`` input channels: the tap
    index and the address grow by ``rows``; in the last one only ``last_rows`` rows take part.
    """

    mode: Mode
    entries: tuple[Entry, ...]
    cb_count: int = 1
    last_rows: int = 0

    @property
    def n_passes(self) -> int:
        return len(self.entries) * self.cb_count

    def taps_of_passes(self, params: Params) -> NDArray[np.int64]:
        """(passes, rows): the weight that each row multiplies in each pass, or IDLE."""
        rows = np.arange(params.rows)
        passes = []
        for entry in self.entries:
            base = np.array(entry.taps, np.int64)
            for cb in range(self.cb_count):
                limit = self.last_rows if cb == self.cb_count - 1 else params.rows
                used = (base != IDLE) & (rows < limit)
                passes.append(np.where(used, base + cb * params.rows, IDLE))
        return np.array(passes)
