"""Orders steps into one command stream: dependencies, places in the weight memory, waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from arch.isa import COUNT_BITS, Command, Engine, Space
from arch.params import Params
from compiler.errors import ModelError
from compiler.steps import OPCODE, WEIGHTS, Blob, Range, Step
from compiler.timing.datapath import machine_of
from compiler.timing.machine import Span
from compiler.timing.memory import MemoryTiming
from compiler.transfers import PROGRAM_REGION, rows_step

CONSTANT_ALIGNMENT = 64


class Constants:
    """Bytes behind each other in the region of the program."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._known: dict[bytes, int] = {}

    def add(self, data: bytes) -> int:
        """Offset of the bytes; equal bytes are kept once."""
        if data not in self._known:
            self._data += bytes(-len(self._data) % CONSTANT_ALIGNMENT)
            self._known[data] = len(self._data)
            self._data += data
        return self._known[data]

    def __bytes__(self) -> bytes:
        return bytes(self._data)


class Hazards:
    """Which earlier steps a step has to wait for, from the bytes that they touch."""

    def __init__(self) -> None:
        self._touched: dict[str, list[tuple[int, int, Step, bool]]] = {}

    def dependencies(self, step: Step) -> list[Step]:
        """Steps with conflicting accesses; ``step`` is remembered for those that follow.

        Engines execute in order, so accesses of one engine conflict only where the array reads
        what it has written: it reads ahead of its own results.
        """
        found: dict[int, Step] = {}
        for ranges, is_write in ((step.reads, False), (step.writes, True)):
            for memory, low, high in ranges:
                for other_low, other_high, other, other_writes in self._touched.get(memory, []):
                    if other_low >= high or low >= other_high or not (is_write or other_writes):
                        continue
                    same = other.engine is step.engine
                    if same and not (step.engine is Engine.ARRAY and not is_write):
                        continue
                    found[id(other)] = other
        for ranges, is_write in ((step.reads, False), (step.writes, True)):
            for memory, low, high in ranges:
                entries = self._touched.setdefault(memory, [])
                # What it covers is reached through this step from now on: all accesses by a
                # write, and by a read those that came before it on the same engine.
                entries[:] = [
                    e
                    for e in entries
                    if not (low <= e[0] and e[1] <= high)
                    or not (is_write or (e[2].engine is step.engine and not e[3]))
                ]
                entries.append((low, high, step, is_write))
        return list(found.values())


@dataclass(frozen=True)
class Placed:
    """A command of the stream with the step that it came from.

    ``number``: its place among its engine's commands, from 1; ``span``: when it is expected to be
    at work.
    """

    command: Command
    step: Step
    number: int
    span: Span


@dataclass(frozen=True)
class Stream:
    """All commands in their order, and the cycles that they are expected to take."""

    placed: tuple[Placed, ...]
    cycles: int


class Scheduler:
    """Collects steps in the order of the model and turns them into a command stream.

    Parameters
    ----------
    params : the accelerator.
    constants : where the contents of the weight memory are kept.
    pending : loads (inputs, constants); the ``layer`` of each is the first that reads its tensor,
        and it is placed before the first step that reads its bytes there.
    """

    def __init__(self, params: Params, constants: Constants, pending: Iterable[Step] = ()):
        self._params = params
        self._constants = constants
        self._pending = list(pending)
        self._hazards = Hazards()
        self._order: list[tuple[Step, list[Step]]] = []
        self._ring = 0  # words of the weight memory handed out so far, over all rounds
        self._placed_blobs: dict[int, tuple[int, Blob]] = {}
        self._last: dict[Engine, Step] = {}
        self._barrier: Step | None = None

    def add(self, step: Step) -> None:
        """The next step of the model; what it needs loaded is placed before it.

        Before a tensor's first reader another tensor may lie in its place, and after its last one
        too: what the first reader leaves unread is loaded right behind it.
        """
        due = [
            load
            for load in self._pending
            if load.layer < step.layer
            or (load.layer == step.layer and _overlap(load.writes, step.reads))
        ]
        for load in due:
            self._pending.remove(load)
            self._append(load)
        for load in step.loads:
            self._append(load)
        if step.blob is not None:
            step.config, weights = self._place(step, step.blob)
            step.reads += weights
        self._append(step)

    def _append(self, step: Step) -> None:
        needed = self._hazards.dependencies(step)
        if step.accepts:
            # Its own commands may use everything, so it has the accelerator for itself.
            needed = list(self._last.values())
            self._barrier = step
            self._placed_blobs.clear()
        elif self._barrier is not None and self._barrier not in needed:
            needed.append(self._barrier)
        self._order.append((step, needed))
        self._last[step.engine] = step

    def _place(self, step: Step, blob: Blob) -> tuple[Mapping[str, int], tuple[Range, ...]]:
        """Load a blob at the next place of the ring, unless it is still there."""
        p = self._params
        word = p.weight_word_bytes
        placed = self._placed_blobs.get(id(blob))
        if placed is None or self._ring - placed[0] > p.weight_words:
            placed = (self._ring, blob)
            self._placed_blobs[id(blob)] = placed
            self._ring += blob.n_bytes // word
            for load in self._loads(step, blob, placed[0] % p.weight_words * word):
                self._append(load)
        start = placed[0] % p.weight_words
        table = (start + step.config.get("table", 0)) % p.weight_words
        weights = (start + blob.table_words) % p.weight_words
        config = {**step.config, "table": table, "weights": weights}
        return config, self._ring_ranges(start * word, blob.n_bytes)

    def _ring_ranges(self, start: int, length: int) -> tuple[Range, ...]:
        end, size = start + length, self._params.weight_memory_bytes
        if end <= size:
            return (Range(WEIGHTS, start, end),)
        return Range(WEIGHTS, start, size), Range(WEIGHTS, 0, end - size)

    def _loads(self, step: Step, blob: Blob, start: int) -> Iterator[Step]:
        constants = self._constants.add(blob.data)
        for part in blob.parts:
            is_constant = part.region is None
            load = rows_step(
                self._params,
                Engine.LOAD,
                step.layer,
                Space.WEIGHTS,
                (start + part.at) % self._params.weight_memory_bytes,
                PROGRAM_REGION if part.region is None else part.region,
                part.offset + (constants if is_constant else 0),
                part.shape,
                part.steps,
                part.external_steps,
            )
            load.writes = self._ring_ranges(start, blob.n_bytes)
            yield load

    def stream(self, memory: MemoryTiming) -> Stream:
        """The stream without END.

        Every engine keeps the order in which its steps were added; between engines, what can
        start first comes first.
        """
        queues: dict[Engine, deque[tuple[Step, list[Step]]]] = {e: deque() for e in Engine}
        for step, needed in self._order:
            queues[step.engine].append((step, needed))
        machine = machine_of(self._params, memory)
        placed: dict[int, Placed] = {}
        counts = dict.fromkeys(Engine, 0)
        while any(queues.values()):
            best: tuple[float, Engine] | None = None
            for engine, queue in queues.items():
                if queue and all(id(d) in placed for d in queue[0][1]):
                    ready = max((placed[id(d)].span.end for d in queue[0][1]), default=0)
                    candidate = (max(ready, machine.free(engine)), engine)
                    best = candidate if best is None or candidate < best else best
            assert best is not None, "the order of the model is a valid order"
            _, engine = best
            step, needed = queues[engine].popleft()
            waits = [0] * len(Engine)
            for other in needed:
                waits[other.engine] = max(waits[other.engine], placed[id(other)].number)
            counts[engine] += 1
            command = Command(OPCODE[engine], step.config, (waits[0], waits[1], waits[2], waits[3]))
            after = [(placed[id(d)].span.end, d.engine) for d in needed]
            span = machine.issue(
                step,
                command,
                loaded=max((end for end, e in after if e is Engine.LOAD), default=0),
                done=max((end for end, _ in after), default=0),
            )
            placed[id(step)] = Placed(command, step, counts[engine], span)
        if max(counts.values()) >= 1 << COUNT_BITS:
            raise ModelError(
                f"the program has {max(counts.values())} commands for one engine, and"
                f" {(1 << COUNT_BITS) - 1} is the limit; use a larger configuration"
            )
        return Stream(tuple(placed.values()), machine.finish())


def _overlap(writes: Iterable[Range], reads: Iterable[Range]) -> bool:
    return any(
        w.memory == r.memory and w.low < r.high and r.low < w.high for w in writes for r in reads
    )
