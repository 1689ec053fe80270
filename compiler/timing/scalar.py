"""The scalar datapath: commands one after another, each a sum of what its firmware does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from arch.isa import WORD_BYTES, Command, Encoder, Engine, Source
from arch.params import Params
from compiler.steps import Step
from compiler.timing.machine import Span
from compiler.timing.memory import MemoryTiming
from compiler.timing.passes import PassWork
from compiler.timing.scalar_array import Work, array_work

CYCLES: Mapping[str, float] = {
    "block": 231.5,
    "border pixel": 513.6,
    "border tap": 73.9,
    "border tile": 118.0,
    "border whole block": 266.4,
    "bus write": 19.3,
    "command word": 467.2,
    "depthwise tap": 25.9,
    "depthwise window": 116.0,
    "end": 969.7,
    "fill word": 27.9,
    "flat command": 989.5,
    "flat lookup": 4.4,
    "flat result": 122.0,
    "fold": 55.9,
    "load byte": 46.0,
    "load word": 45.0,
    "load word apart": 111.1,
    "plane": 340.6,
    "planned descriptor": 597.4,
    "planned tap": 388.1,
    "planning": 261.5,
    "program": 2958.9,
    "regular pixel": 199.8,
    "result": 7.6,
    "row": 113.3,
    "store part": 32.9,
    "store word": 89.6,
    "tile": 27.6,
    "tile row": 1074.7,
    "window apart": 5.1,
    "window compared": 22.5,
}
"""Of each kind of work, fitted to those of commands in Verilog: tests/performance/scalar_fit.py."""

READ, WRITE = "bus read", "bus write"  # take the memory's latency besides


def command_work(n_words: int) -> Work:
    """Fetch and checks of a command of so many words, before it is executed."""
    beats = n_words * WORD_BYTES // 4
    return Counter({"command": 1, "command word": n_words, READ: beats})


def transfer_work(engine: Engine, config: Mapping[str, int]) -> Work:
    """A LOAD or STORE command."""
    c = config
    n_bytes, rows, planes = c["length"], c["n1"], c["n2"]
    work: Work = Counter({"transfer": 1, "plane": planes, "row": rows * planes})
    is_fill = engine is Engine.LOAD and c.get("source") == Source.FILL
    for plane in range(planes):
        for row in range(rows):
            chip = c["int_base"] + plane * c["int_step2"] + row * c["int_step1"]
            offset = c["ext_offset"] + plane * c["ext_step2"] + row * c["ext_step1"]
            if is_fill:
                work.update(_fill(chip, n_bytes))
            elif engine is Engine.LOAD:
                work.update(_load(chip, offset, n_bytes))
            else:
                work.update(_store(chip, offset, n_bytes))
    return work


def _parts(offset: int, n_bytes: int) -> tuple[int, int, int]:
    """Bytes before the first whole word, whole words, bytes behind the last one."""
    before = min(-offset % 4, n_bytes)
    words, behind = divmod(n_bytes - before, 4)
    return before, words, behind


def _load(chip: int, offset: int, n_bytes: int) -> Work:
    before, words, behind = _parts(offset, n_bytes)
    aligned = (chip + before) % 4 == 0
    work: Work = Counter({READ: words + bool(before) + bool(behind)})
    work["load word" if aligned else "load word apart"] = words
    work["load byte"] = before + behind
    return work


def _store(chip: int, offset: int, n_bytes: int) -> Work:
    before, words, behind = _parts(offset, n_bytes)
    aligned = (chip + before) % 4 == 0
    work: Work = Counter({WRITE: words + before + behind})
    work["store word" if aligned else "store word apart"] = words
    work["store byte"] = before + behind
    work["store part"] = bool(before) + bool(behind)
    return work


def _fill(chip: int, n_bytes: int) -> Work:
    before, words, behind = _parts(chip, n_bytes)
    return Counter({"fill word": words, "fill byte": before + behind})


def cycles_of(work: Work, memory: MemoryTiming) -> float:
    """Cycles of all of it."""
    own = sum(CYCLES.get(kind, 0.0) * n for kind, n in work.items())
    return own + memory.latency * (work[READ] + work[WRITE])


def array_command_cycles(params: Params, config: Mapping[str, int], work: PassWork | None) -> float:
    """Cycles of an ARRAY command; without ``work`` it is element-wise."""
    return cycles_of(array_work(params, config, work), MemoryTiming())  # it has no bus accesses


class ScalarMachine:
    """Times commands one by one; see compiler.timing.datapath.Timing."""

    def __init__(self, params: Params, memory: MemoryTiming):
        self._params = params
        self._memory = memory
        self._encoder = Encoder()
        self._now = CYCLES.get("program", 0.0)

    def issue(self, step: Step, command: Command, *, loaded: float, done: float) -> Span:
        """The next command of the stream, which begins when the one before it has ended."""
        n_words = len(self._encoder.encode(command))
        start = self._now + cycles_of(command_work(n_words), self._memory)
        if step.engine is Engine.ARRAY:
            work = array_work(self._params, step.config, step.passes)
        else:
            work = transfer_work(step.engine, step.config)
        self._now = start + cycles_of(work, self._memory)
        end = round(self._now)
        return Span(round(start), end, end)

    def free(self, engine: Engine) -> float:
        """When the processor takes the next command, whatever its engine."""
        return self._now

    def finish(self) -> int:
        """Cycles from the doorbell to the interrupt behind all commands so far."""
        return round(self._now)
