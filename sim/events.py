"""The event log of a simulation, as intervals of each engine's commands."""

from __future__ import annotations

from dataclasses import dataclass, field

from arch.isa import Engine
from sim.tools import SimulatorError


@dataclass(frozen=True)
class Interval:
    """One command on its engine, in cycles since the doorbell.

    Members
    -------
    engine : who ran it.
    index : its place among the engine's commands in this program, from 0.
    start : cycle in which the engine began.
    end : cycle in which its results were complete; None when the program stopped before.
    entered, returned : of a call on the core: cycles in which the called function's first
        instruction is executed, and the main loop's first one after its return; else None.
    """

    engine: Engine
    index: int
    start: int
    end: int | None
    entered: int | None = None
    returned: int | None = None

    @property
    def cycles(self) -> int:
        """Length; 0 for a command that did not end."""
        return 0 if self.end is None else self.end - self.start


@dataclass
class RunEvents:
    """What happened between a doorbell and the next.

    Members
    -------
    doorbell : cycle of the simulation in which the device took the doorbell.
    interrupt : cycles from the doorbell to the interrupt; None when there was none.
    intervals : commands in the order of their starts.
    log : bytes that operators wrote to the host's log.
    """

    doorbell: int
    interrupt: int | None = None
    intervals: list[Interval] = field(default_factory=list)
    log: bytes = b""

    def of(self, engine: Engine) -> list[Interval]:
        """The intervals of one engine, in its order."""
        return [interval for interval in self.intervals if interval.engine is engine]


class _Collector:
    """Lines between two doorbells."""

    def __init__(self, doorbell: int):
        self.events = RunEvents(doorbell)
        self._starts: dict[Engine, list[int]] = {engine: [] for engine in Engine}
        self._ends: dict[Engine, list[int]] = {engine: [] for engine in Engine}
        self._calls: dict[int, dict[str, int]] = {}
        self._log = bytearray()

    def add(self, cycle: int, who: str, what: str) -> None:
        since = cycle - self.events.doorbell
        if who == "npu" and what == "interrupt":
            if self.events.interrupt is None:
                self.events.interrupt = since
        elif who == "log":
            self._log.append(int(what))
        elif what in ("entered", "returned"):
            # The last command that started; its end is logged before the next one's start.
            call = self._calls.setdefault(len(self._starts[Engine.CORE]) - 1, {})
            # An instruction that was only predicted may seem to be back before; the last one is.
            call[what] = call.get(what, since) if what == "entered" else since
        else:
            lists = {"started": self._starts, "completed": self._ends}[what]
            lists[Engine(int(who))].append(since)

    def finish(self) -> RunEvents:
        for engine in Engine:
            starts, ends = self._starts[engine], self._ends[engine]
            if len(ends) > len(starts):
                raise SimulatorError(
                    f"event log: the {engine.name.lower()} engine completed {len(ends)} commands "
                    f"but started {len(starts)}"
                )
            for index, start in enumerate(starts):
                end = ends[index] if index < len(ends) else None
                call = self._calls.get(index, {}) if engine is Engine.CORE else {}
                self.events.intervals.append(Interval(engine, index, start, end, **call))
        self.events.intervals.sort(key=lambda interval: (interval.start, interval.engine))
        self.events.log = bytes(self._log)
        return self.events


def parse_events(text: str) -> list[RunEvents]:
    """Parse an event log (its format is in bench/event_log.v), one entry for each doorbell.

    A last line that was cut off is ignored; any other that does not fit raises
    :class:`SimulatorError`.
    """
    runs: list[RunEvents] = []
    current: _Collector | None = None
    lines = text.split("\n")
    for number, line in enumerate(lines[:-1], 1):
        try:
            cycle_text, who, what = line.split()
            cycle = int(cycle_text)
            if who == "host" and what == "doorbell":
                if current is not None:
                    runs.append(current.finish())
                current = _Collector(cycle)
            elif current is not None:
                current.add(cycle, who, what)
        except (ValueError, KeyError):
            raise SimulatorError(f"event log: line {number} cannot be read: {line!r}") from None
    if current is not None:
        runs.append(current.finish())
    return runs
