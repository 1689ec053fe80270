"""The array engine: weights, pixels, sums and results of one command after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from arch.isa import Mode
from arch.params import Params, log2_exact
from compiler.timing.passes import PassWork

REVISIT = 4  # cycles from one visit of an accumulator to the next (hw/array_front.py)
TILE_WORDS_AHEAD = 7  # words of weights that wait for the array (hw/weight_fetch.py)
SLOTS_AHEAD = 16  # pixels that are fetched ahead of the array (hw/pixel_fetch.py)
PASS_TO_SLOT = (
    11  # from a pass to its first slot at the array (hw/pixel_fetch.py, window_reader.py)
)
READ_TO_TILE = 2  # from a read of the weight memory to the array (hw/weight_fetch.py)
SUM_TO_DRAIN = 5  # from a sum at the accumulator to its post-processing (hw/accumulator.py)
DRAIN_TO_FREE = 15  # from the last result's issue to the next command's (hw/drain.py)
DRAIN_TO_END = 18  # from the last result's issue to the end of the command (hw/result_writer.py)


@dataclass(frozen=True)
class ArrayTimes:
    """Cycles of a command.

    ``start``: its pixels are asked for; ``entered``: its last sum has entered the array; ``end``:
    its results can be read; ``release``: the next command may come to the engine.
    """

    start: float
    entered: float
    end: float
    release: float


class _Trail:
    """When each of a growing number of items was taken, from the ends of runs of them."""

    def __init__(self, ahead: int):
        self._ahead = ahead
        self._runs: deque[tuple[int, float]] = deque([(0, 0.0)])
        self.total = 0

    def add(self, n: int, last: float) -> None:
        """``n`` more items, one a cycle, the last one at ``last``."""
        self.total += n
        self._runs.append((self.total, last))

    def room(self, n: int) -> float:
        """Earliest time for item ``total + n`` when only so many may be ahead of those taken."""
        index = self.total + n - self._ahead
        runs = self._runs
        while len(runs) > 1 and runs[0][0] < index:
            runs.popleft()
        total, last = runs[0]
        return last - (total - index) if index > 0 and total >= index else 0.0


class ArrayTiming:
    """ARRAY commands in their order, pass by pass."""

    def __init__(self, params: Params):
        p = params
        self._params = p
        self._sum_latency = 3 + p.group_rows + log2_exact(p.streams) + SUM_TO_DRAIN
        self._weights = 0.0  # weight fetch is free
        self._generator = 0.0  # pass generator is free
        self._pixels = 0.0  # pixel fetch takes the next pass
        self._front = 0.0  # the next sum may enter
        self._last_enter = -10.0
        self._tile_taken = -10.0
        self._drain = 0.0  # post-processing is free for the next command
        self._drained = 0.0  # and for the next block
        self._tiles = _Trail(TILE_WORDS_AHEAD)
        self._slots = _Trail(SLOTS_AHEAD)
        self._banks: deque[float] = deque([0.0, 0.0], maxlen=2)
        self._quants: deque[float] = deque([0.0, 0.0], maxlen=2)
        self._keeps = False

    def run(
        self,
        config: Mapping[str, int],
        work: PassWork | None,
        valid: float,
        loaded: float,
        ready: float,
    ) -> ArrayTimes:
        """A command that is at its engine at ``valid``.

        ``loaded``: the loads that it waits for are complete; ``ready``: everything that it waits
        for is. Without ``work`` it is element-wise.
        """
        start = max(valid, ready, self._generator)
        front = max(valid, ready, self._front)
        drain = max(valid, ready, self._drain)
        release = max(start, front, drain)
        if work is None or config.get("mode") == Mode.ELEMENTWISE:
            end, entered = self._elementwise(config, start, max(front, drain) + 1)
        else:
            weights = max(valid, loaded, self._weights)
            release = max(release, weights)
            end, entered = self._blocks(config, work, weights, start, front, drain)
        self._drain = end + DRAIN_TO_FREE
        return ArrayTimes(start, entered, end + DRAIN_TO_END, release)

    def _elementwise(
        self, config: Mapping[str, int], start: float, free: float
    ) -> tuple[float, float]:
        pixels = config["tile_w"] * config["tile_h"]
        groups = self._params.lane_groups
        block_pass = start + 2
        for _ in range(config["blocks"]):
            taken = max(block_pass, self._pixels)
            first = max(free, taken + PASS_TO_SLOT)
            free = first + pixels * groups
            self._slots.add(pixels, free - 1)
            self._pixels = max(taken + pixels, free - SLOTS_AHEAD)
            block_pass = taken + 2
        self._generator = block_pass - 1
        self._front = free
        self._drained = free
        return free - 1, free

    def _blocks(
        self,
        config: Mapping[str, int],
        work: PassWork,
        weights: float,
        start: float,
        front: float,
        drain: float,
    ) -> tuple[float, float]:
        p = self._params
        slots = config["run"] * config["tile_h"]
        pixels = config["tile_w"] * config["tile_h"]
        lead = config["lead"]
        beyond = config["run"] - config["tile_w"]
        keeps_out = bool(config.get("keep_out"))
        short = (config["run"] < REVISIT and config["tile_h"] == 1) or (
            config["run"] == 1 and config["tile_h"] < REVISIT
        )
        revisit = REVISIT if short else 1
        quant_words = 0 if keeps_out else p.quant_words(bool(config.get("per_channel")))
        n_blocks = config["blocks"]
        weights += 1
        generator = start + 1
        self._front = front + 1
        self._drained = max(self._drained, drain + 1)
        entries = work.entries
        for block in range(n_blocks):
            enter = 0.0
            for e, passes in enumerate(entries):
                announced = max(weights + p.descriptor_words + 1, generator)
                weights = announced + 1
                offered = announced + 1
                slot_cycles = work.slot_cycles[e]
                for k, tile in enumerate(passes):
                    n = tile.words
                    room = self._tiles.room(n)
                    ready = max(weights + n + 1, self._tile_taken + tile.exchange, room + 2)
                    weights = max(weights + n, room + 1)
                    self._tiles.add(n, ready)
                    taken = max(offered, self._pixels)
                    offered = taken + 1
                    enter = max(
                        ready + 1,
                        self._front,
                        taken + PASS_TO_SLOT - lead,
                        self._last_enter + revisit,
                    )
                    if e == 0 and k == 0 and not self._keeps:
                        enter = max(enter, self._banks[0] + 1)
                    fetched = max(taken + slots * slot_cycles, self._slots.room(1))
                    self._tile_taken = enter
                    self._front = max(enter + slots, taken + slots * slot_cycles + PASS_TO_SLOT)
                    self._last_enter = self._front - 1
                    self._slots.add(slots, self._front - 1)
                    self._pixels = max(fetched, self._front - SLOTS_AHEAD)
                generator = offered
            # The parameters of a block wait until one of two places is free.
            weights = max(weights + quant_words, self._quants[0] + 1 if quant_words else 0.0) + 1
            last = block == n_blocks - 1
            channels = config["last_cols"] if last else p.cols
            groups = 1 if keeps_out else -(-channels // p.lanes)
            issue = max(self._drained, enter + self._sum_latency)
            if quant_words:
                issue = max(issue, weights)
            last_sum = self._front - 1 - beyond + self._sum_latency
            self._drained = max(issue + pixels * groups, last_sum + groups)
            self._keeps = keeps_out
            if not keeps_out:
                self._banks.append(self._drained)
                self._quants.append(self._drained)
        self._weights = weights
        self._generator = generator
        self._front += lead
        return self._drained - 1, self._front
