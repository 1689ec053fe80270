"""Where the cycles of a run went: from the counters and the log of commands."""

from __future__ import annotations

from dataclasses import dataclass, fields

from arch.decode import Decoder
from arch.isa import Engine, Mode
from arch.params import Params
from arch.registers import Counter
from compiler.program import Program
from sim.events import Interval
from sim.job import RunResult


@dataclass
class Losses:
    """Cycles of a run by what they were spent on; all of them add up to the run.

    Members
    -------
    ideal : multiply-accumulates over those of a cycle.
    partial : more slots than that: rows or columns of the array had no work. On the scalar
        datapath: instructions of array commands that are no multiply-accumulates.
    fill : the pipeline of the array's commands fills or empties.
    weights : the array waits for weights with pixels at hand.
    pixels : the array waits for pixels: streams want words of one bank.
    draining : the array waits for an accumulator bank.
    elementwise : commands without multiply-accumulates.
    memory : the array has no command and waits for a load or a store.
    core : the array has no command and waits for the core.
    waiting : the array has no command; the program is fetched, commands are dispatched.
    """

    ideal: float = 0.0
    partial: float = 0.0
    fill: float = 0.0
    weights: float = 0.0
    pixels: float = 0.0
    draining: float = 0.0
    elementwise: float = 0.0
    memory: float = 0.0
    core: float = 0.0
    waiting: float = 0.0

    def as_dict(self) -> dict[str, float]:
        return {f.name: round(getattr(self, f.name), 1) for f in fields(self)}

    @property
    def total(self) -> float:
        return float(sum(getattr(self, f.name) for f in fields(self)))


@dataclass(frozen=True)
class Gap:
    """Cycles in which the array has no command: ``kind`` is a member of :class:`Losses`.

    ``engine`` and ``index`` name the command that it waits for, if any.
    """

    start: int
    end: int
    kind: str
    engine: Engine | None = None
    index: int = 0


class Causes:
    """Tells what a time without work was spent on, from the waits of the commands."""

    def __init__(self, program: Program, result: RunResult):
        self._intervals = {engine: result.events.of(engine) for engine in Engine}
        self._waits: dict[Engine, list[tuple[int, int, int, int]]] = {e: [] for e in Engine}
        self.modes: list[int] = []
        """Mode of every array command."""
        for engine, command in Decoder().commands(program.commands):
            self._waits[engine].append(command.waits)
            if engine is Engine.ARRAY:
                self.modes.append(command.config["mode"])

    def of(self, engine: Engine, index: int, start: int, end: int) -> list[Gap]:
        """The cycles from ``start`` to ``end`` before command ``index`` of an engine starts."""
        waits = self._waits[engine][index]
        needed = [(e, n - 1) for e, n in zip(Engine, waits, strict=True) if n]
        if index:
            needed.append((engine, index - 1))
        return self._behind(needed, start, end)

    def of_end(self, start: int, end: int) -> list[Gap]:
        """The cycles from ``start`` to the interrupt."""
        return self._behind([(e, len(v) - 1) for e, v in self._waits.items() if v], start, end)

    def _behind(self, needed: list[tuple[Engine, int]], start: int, end: int) -> list[Gap]:
        last: Interval | None = None
        for engine, index in needed:
            interval = self._intervals[engine][index]
            assert interval.end is not None
            if last is None or last.end is None or interval.end > last.end:
                last = interval
        if last is None or last.end is None or last.end <= start:
            return [Gap(start, end, "waiting")] if end > start else []
        done = min(last.end, end)
        begin = min(max(last.start, start), done)
        gaps = self.of(last.engine, last.index, start, begin) if begin > start else []
        kind = {Engine.CORE: "core", Engine.ARRAY: "waiting"}.get(last.engine, "memory")
        if done > begin:
            gaps.append(Gap(begin, done, kind, last.engine, last.index))
        if end > done:
            gaps.append(Gap(done, end, "waiting"))
        return gaps


def array_gaps(causes: Causes, result: RunResult) -> list[Gap]:
    """All cycles of a run in which no array command is under way, in order."""
    gaps: list[Gap] = []
    at = 0
    for interval in result.events.of(Engine.ARRAY):
        assert interval.end is not None
        if interval.start > at:
            gaps += causes.of(Engine.ARRAY, interval.index, at, interval.start)
        at = max(at, interval.end)
    return gaps + causes.of_end(at, result.counters[Counter.TOTAL])


def losses_of(program: Program, params: Params, result: RunResult) -> Losses:
    """The losses of a run that ended well."""
    if params.config.datapath == "scalar":
        return _losses_in_order(program, params, result)
    counters = result.counters
    found = Losses(
        ideal=program.macs / params.macs_per_cycle,
        weights=counters[Counter.STALL_WEIGHTS],
        pixels=counters[Counter.STALL_PIXELS],
        draining=counters[Counter.STALL_DRAIN],
    )
    found.partial = counters[Counter.ARRAY_SLOT] - found.ideal
    causes = Causes(program, result)
    for gap in array_gaps(causes, result):
        setattr(found, gap.kind, getattr(found, gap.kind) + gap.end - gap.start)
    at = 0
    for interval, mode in zip(result.events.of(Engine.ARRAY), causes.modes, strict=True):
        assert interval.end is not None
        if mode == Mode.ELEMENTWISE:
            found.elementwise += max(0, interval.end - max(at, interval.start))
        at = max(at, interval.end)
    found.fill = counters[Counter.TOTAL] - found.total
    return found


def _losses_in_order(program: Program, params: Params, result: RunResult) -> Losses:
    """The same where commands are executed one after another, and nothing waits for anything."""
    found = Losses(ideal=program.macs / params.macs_per_cycle)
    modes = Causes(program, result).modes
    array = 0
    for interval, mode in zip(result.events.of(Engine.ARRAY), modes, strict=True):
        if mode == Mode.ELEMENTWISE:
            found.elementwise += interval.cycles
        else:
            array += interval.cycles
    found.partial = array - found.ideal
    for engine in (Engine.LOAD, Engine.STORE):
        found.memory += sum(interval.cycles for interval in result.events.of(engine))
    found.waiting = result.counters[Counter.TOTAL] - found.total
    return found
