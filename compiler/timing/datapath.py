"""Which model of time a configuration has: one for each datapath, behind one interface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from arch.isa import Command, Engine
from arch.params import Params
from compiler.steps import Step
from compiler.timing.array import ArrayTiming
from compiler.timing.machine import Machine, Span
from compiler.timing.memory import MemoryTiming
from compiler.timing.passes import PassWork
from compiler.timing.scalar import ScalarMachine, array_command_cycles


class Timing(Protocol):
    """Times the commands of a stream one by one."""

    def issue(self, step: Step, command: Command, *, loaded: float, done: float) -> Span:
        """The next command; ``loaded`` and ``done`` end the loads, and all, that it waits for."""
        ...

    def free(self, engine: Engine) -> float:
        """When the engine takes its next command."""
        ...

    def finish(self) -> int:
        """Cycles from the doorbell to the interrupt behind all commands so far."""
        ...


def machine_of(params: Params, memory: MemoryTiming) -> Timing:
    """A machine at rest."""
    if params.config.datapath == "scalar":
        return ScalarMachine(params, memory)
    return Machine(params, memory)


def array_cycles(params: Params, commands: Iterable[tuple[Mapping[str, int], PassWork]]) -> float:
    """Cycles of array commands, none element-wise, on an engine that waits for nothing else."""
    if params.config.datapath == "scalar":
        return sum(array_command_cycles(params, config, work) for config, work in commands)
    timing, end = ArrayTiming(params), 0.0
    for config, work in commands:
        end = timing.run(config, work, 0.0, 0.0, 0.0).end
    return end
