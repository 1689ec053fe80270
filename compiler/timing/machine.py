"""The four engines together: issues commands in the order of the stream."""

from __future__ import annotations

from dataclasses import dataclass

from arch.isa import Command, Encoder, Engine
from arch.params import Params
from compiler.steps import Step
from compiler.timing.array import ArrayTiming
from compiler.timing.front import ProgramFetch, Sequencer, Words
from compiler.timing.memory import MemoryTiming, ReadBus
from compiler.timing.transfers import LoadTiming, StoreTiming

END_TO_MET = 2  # cycles from the end of a command until another may start behind it
END_TO_INTERRUPT = 5  # from the end of the last command (hw/sequencer.py, hw/supervisor.py)


@dataclass(frozen=True)
class Span:
    """When a command was at work on its engine; ``entered``: the array's last sum entered."""

    start: int
    end: int
    entered: int


class Machine:
    """Times commands one by one; their words come from the program where ``words`` is None."""

    def __init__(self, params: Params, memory: MemoryTiming, words: Words | None = None):
        bus = ReadBus(params, memory)
        self._sequencer = Sequencer(params, words or ProgramFetch(params, memory, bus))
        self._encoder = Encoder()
        self._load = LoadTiming(params, memory, bus)
        self._store = StoreTiming(params, memory)
        self._array = ArrayTiming(params)
        self._release = dict.fromkeys(Engine, 0.0)
        self._core_free = 0.0
        self._last = 0.0

    def issue(self, step: Step, command: Command, *, loaded: float, done: float) -> Span:
        """The next command of the stream.

        ``loaded`` and ``done`` are the ends of the loads, and of all commands, that it waits for.
        """
        return self.run(step, len(self._encoder.encode(command)), loaded=loaded, done=done)

    def run(self, step: Step, n_words: int, *, loaded: float, done: float) -> Span:
        """The same for a command of ``n_words`` words, header included."""
        engine = step.engine
        valid = self._sequencer.dispatch(engine, n_words, self._release[engine])
        ready = max(valid, done + END_TO_MET)
        entered = 0.0
        if engine is Engine.ARRAY:
            times = self._array.run(step.config, step.passes, valid, loaded + END_TO_MET, ready)
            start, end, entered = times.start, times.end, times.entered
            self._release[engine] = times.release
        elif engine is Engine.CORE:
            start = max(ready, self._core_free)
            end = start + step.cycles
            self._core_free = self._release[engine] = end
        else:
            timing = self._load if engine is Engine.LOAD else self._store
            transfer = timing.run(step.config, ready)
            start, end, self._release[engine] = transfer.start, transfer.end, transfer.release
        self._last = max(self._last, end)
        return Span(round(start), round(end), round(entered))

    def free(self, engine: Engine) -> float:
        """When the engine takes its next command."""
        return self._release[engine]

    @property
    def taken(self) -> float:
        """When the sequencer took the last word."""
        return self._sequencer.time

    def finish(self) -> int:
        """Cycles from the doorbell to the interrupt behind all commands so far."""
        return round(self._last) + END_TO_INTERRUPT
