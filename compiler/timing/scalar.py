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
    "block": 713.3,
    "border pixel": 493.3,
    "border tap": 203.2,
    "border tile": 16.1,
    "border whole block": 86.6,
    "border word": 22.3,
    "bus write": 19.0,
    "command word": 516.6,
    "convolution tap": 31.3,
    "depthwise tap": 29.5,
    "depthwise window": 113.7,
    "end": 1043.5,
    "fill word": 27.1,
    "flat lookup": 31.5,
    "flat result": 67.7,
    "flat row": 993.5,
    "fold": 59.5,
    "load byte": 61.7,
    "load word": 45.0,
    "load word apart": 112.4,
    "pass end": 24.2,
    "plane": 376.2,
    "planned tap": 458.7,
    "planning": 1205.1,
    "program": 3163.5,
    "regular pixel": 214.7,
    "result": 2.2,
    "row": 111.0,
    "store part": 33.9,
    "store word": 89.9,
    "tile": 27.3,
    "tile row": 854.1,
    "window apart": 4.2,
    "window compared": 23.9,
}
"""Of each kind of work, fitted to those of commands in Verilog: tests/performance/scalar_fit.py."""

OPERATOR_CYCLES = 2.3
"""Of operators, to one of the core: SOFTMAX of twelve classes in Verilog."""

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
        self._now = start + self.cycles_of(step)
        end = round(self._now)
        return Span(round(start), end, end)

    def given(self, step: Step, n_words: int) -> float:
        """Cycles of a command of ``n_words`` words that an operator gives."""
        return cycles_of(command_work(n_words), self._memory) + self.cycles_of(step)

    def cycles_of(self, step: Step) -> float:
        """Cycles of a command behind its fetch and checks."""
        if step.engine is Engine.CORE:
            return OPERATOR_CYCLES * step.cycles
        return cycles_of(self.work_of(step), self._memory)

    def work_of(self, step: Step) -> Work:
        """What the firmware does in a command of the array or of the DMA."""
        if step.engine is Engine.ARRAY:
            return array_work(self._params, step.config, step.passes)
        return transfer_work(step.engine, step.config)

    def free(self, engine: Engine) -> float:
        """When the processor takes the next command, whatever its engine."""
        return self._now

    def finish(self) -> int:
        """Cycles from the doorbell to the interrupt behind all commands so far."""
        return round(self._now)
