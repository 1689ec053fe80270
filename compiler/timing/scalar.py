"""The scalar datapath: commands one after another, each a sum of what its firmware does."""

from __future__ import annotations

from collections.abc import Mapping

from arch.isa import Command, Encoder, Engine
from arch.params import Params
from compiler.steps import Step
from compiler.timing.machine import Span
from compiler.timing.memory import MemoryTiming
from compiler.timing.passes import PassWork


def array_command_cycles(
    params: Params, config: Mapping[str, int], work: PassWork | None
) -> float:
    """Cycles of an ARRAY command; without ``work`` it is element-wise."""
    return 1000.0


class ScalarMachine:
    """Times commands one by one; see compiler.timing.datapath.Timing."""

    def __init__(self, params: Params, memory: MemoryTiming):
        self._params = params
        self._memory = memory
        self._encoder = Encoder()
        self._now = 0.0

    def issue(self, step: Step, command: Command, *, loaded: float, done: float) -> Span:
        """The next command of the stream, which begins when the one before it has ended."""
        n_words = len(self._encoder.encode(command))
        start = self._now + 100 * n_words
        if step.engine is Engine.ARRAY:
            self._now = start + array_command_cycles(self._params, step.config, step.passes)
        else:
            c = step.config
            self._now = start + 10 * c["length"] * c["n1"] * c["n2"]
        end = round(self._now)
        return Span(round(start), end, end)

    def free(self, engine: Engine) -> float:
        """When the processor takes the next command, whatever its engine."""
        return self._now

    def finish(self) -> int:
        """Cycles from the doorbell to the interrupt behind all commands so far."""
        return round(self._now)
