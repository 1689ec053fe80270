"""Commands that an operator on the core gives while it runs: when they are complete."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol

from arch.decode import Decoder, config_cause
from arch.errors import WeftError
from arch.isa import Cause, Command, Engine, Mode
from arch.params import Params
from compiler.passplan import Entry, PassPlan, Stream
from compiler.steps import Step
from compiler.timing.machine import END_TO_MET, Machine
from compiler.timing.memory import MemoryTiming
from compiler.timing.passes import PassWork, pass_work
from compiler.timing.scalar import OPERATOR_CYCLES, ScalarMachine

MAILBOX_TO_SEQUENCER = 2  # hw/core/mailbox.py
MOST_PARTS = 1 << 16  # of a command that is timed: its rows, or its passes


class NotTimedError(WeftError):
    """A command that its engine refuses, or one of too many parts."""


class _Executor(Protocol):
    """Executes one command after the other."""

    def run(
        self, step: Step, times: Sequence[float], loaded: float, done: float
    ) -> tuple[float, float]:
        """A command whose words the core writes at ``times``: its end, and when the core goes on.

        ``loaded`` and ``done`` are the ends of the loads, and of all commands, that it waits for.
        """
        ...


class _Engines:
    """The engines, which work while the core goes on."""

    def __init__(self, params: Params, memory: MemoryTiming):
        self._times: deque[float] = deque()
        self._machine = Machine(params, memory, self)

    def there(self) -> float:
        """See :class:`compiler.timing.front.Words`."""
        return self._times.popleft() + MAILBOX_TO_SEQUENCER

    def taken(self, time: float) -> None:
        """See :class:`compiler.timing.front.Words`."""

    def run(
        self, step: Step, times: Sequence[float], loaded: float, done: float
    ) -> tuple[float, float]:
        """See :class:`_Executor`."""
        self._times.extend(times)
        span = self._machine.run(step, len(times), loaded=loaded, done=done)
        return span.end, max(times[-1], self._machine.taken - MAILBOX_TO_SEQUENCER)


class _Processor:
    """The scalar datapath's processor, which leaves the operator for as long as a command takes."""

    def __init__(self, params: Params, memory: MemoryTiming):
        self._machine = ScalarMachine(params, memory)

    def run(
        self, step: Step, times: Sequence[float], loaded: float, done: float
    ) -> tuple[float, float]:
        """See :class:`_Executor`."""
        end = times[-1] + self._machine.given(step, len(times)) / OPERATOR_CYCLES
        return end, end


class GivenCommands:
    """What an operator gives from its start on, when all engines are at rest.

    Times are cycles of the core, on the scalar datapath those that a core would take. The contents
    of the weight memory are not known: passes are taken for those of dense matrices.
    """

    def __init__(self, params: Params, memory: MemoryTiming):
        self._params = params
        is_scalar = params.config.datapath == "scalar"
        self._executor: _Executor = (_Processor if is_scalar else _Engines)(params, memory)
        self._decoder = Decoder()
        self._words: list[int] = []
        self._times: list[float] = []
        self._ends: dict[Engine, list[float]] = {engine: [] for engine in Engine}

    def give(self, word: int, time: float) -> float:
        """A word that the core writes at ``time``; when it can go on.

        Raises :class:`arch.decode.ProgramError` for a command that the sequencer refuses, and
        :class:`NotTimedError`.
        """
        self._words.append(word)
        self._times.append(time)
        decoded = self._decoder.given(self._words)
        if decoded is None:
            return time
        goes_on = self._run(*decoded)
        self._words.clear()
        self._times.clear()
        return goes_on

    def _run(self, engine: Engine, command: Command) -> float:
        cause = config_cause(self._params, command)
        if cause is not Cause.NONE or _parts(engine, command.config) > MOST_PARTS:
            raise NotTimedError(
                f"{engine.name.lower()} engine: refused, or over {MOST_PARTS} parts"
            )
        ends = {e: self._ends[e][n - 1] for e, n in zip(Engine, command.waits, strict=True) if n}
        passes = _dense(self._params, command.config) if engine is Engine.ARRAY else None
        step = Step(engine, command.config, 0, passes=passes)
        loaded, done = ends.get(Engine.LOAD, 0), max(ends.values(), default=0)
        end, goes_on = self._executor.run(step, self._times, loaded, done)
        self._ends[engine].append(end)
        return goes_on

    def counts(self, engine: Engine, time: float) -> tuple[int, int]:
        """Commands that are complete at ``time``, and those given."""
        ends = self._ends[engine]
        return sum(end + END_TO_MET <= time for end in ends), len(ends)

    @property
    def end(self) -> float:
        """When all that was given is complete."""
        return max((end for ends in self._ends.values() for end in ends), default=0.0)


def _parts(engine: Engine, config: Mapping[str, int]) -> int:
    """Rows of a transfer, passes of an array command."""
    if engine is not Engine.ARRAY:
        return config["n1"] * config["n2"]
    return config["blocks"] * max(1, config["entries"] * config["cb_count"])


def _dense(params: Params, config: Mapping[str, int]) -> PassWork | None:
    """Passes in which every row multiplies, its window that of the first stream of its pair."""
    if config["mode"] == Mode.ELEMENTWISE:
        return None
    streams: list[Stream | None] = [None] * params.streams
    for pair in range(params.pairs):
        streams[pair * params.streams_per_pair] = Stream(pair * params.pair_rows, 0, 0)
    entry = Entry(tuple(streams), tuple(range(params.rows)))
    entries = (entry,) * config["entries"]
    plan = PassPlan(Mode(config["mode"]), entries, config["cb_count"], config["last_rows"])
    return pass_work(params, plan, config)
