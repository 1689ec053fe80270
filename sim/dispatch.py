"""Cycles that it takes to get into an operator on the core and out of it again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from arch.decode import Decoder
from arch.isa import Command, Engine
from compiler.program import Program
from sim.events import Interval
from sim.job import RunResult


@dataclass(frozen=True)
class Dispatch:
    """One call on the core.

    Members
    -------
    layer : the operator.
    entry : cycles from the end of the last command that the call waited for (the array's last
        write) to the operator's first instruction.
    exit : cycles from its return to the start of the next command that waited for it, of the array
        if there is one, else of a store; None where that command waited for something else too.
    """

    layer: int
    entry: int
    exit: int | None


def dispatches(
    program: Program, result: RunResult, besides: Collection[int] = ()
) -> list[Dispatch]:
    """All calls of operators, in their order.

    Boots, calls of the functions at the addresses ``besides`` (what the runtime adds), and calls
    that did not end are left out.
    """
    commands: dict[Engine, list[Command]] = {engine: [] for engine in Engine}
    for engine, command in Decoder().commands(program.commands):
        commands[engine].append(command)
    intervals = {engine: result.events.of(engine) for engine in Engine}
    found = []
    for number, (command, call) in enumerate(
        zip(commands[Engine.CORE], intervals[Engine.CORE], strict=False)
    ):
        if command.config["boot"] or command.config["function"] in besides:
            continue
        if call.entered is None or call.returned is None:
            continue
        ready = _ready(command, Engine.CORE, number, intervals)
        layer = program.command_layers[Engine.CORE][number]
        leave = _exit(number, call.returned, commands, intervals)
        found.append(Dispatch(layer, call.entered - ready, leave))
    return found


def _ready(
    command: Command,
    engine: Engine,
    number: int,
    intervals: Mapping[Engine, list[Interval]],
    besides: Engine | None = None,
) -> int:
    """When all that a command waits for was complete, but for the engine ``besides``."""
    waits = dict(zip(Engine, command.waits, strict=True))
    waits[engine] = number
    ends = [
        intervals[other][count - 1].end or 0
        for other, count in waits.items()
        if count and other is not besides
    ]
    return max(ends, default=0)


def _exit(
    number: int,
    returned: int,
    commands: Mapping[Engine, list[Command]],
    intervals: Mapping[Engine, list[Interval]],
) -> int | None:
    for engine in (Engine.ARRAY, Engine.STORE):
        for other, command in enumerate(commands[engine]):
            wait = command.waits[list(Engine).index(Engine.CORE)]
            if wait > number + 1:
                break
            if wait == number + 1 and other < len(intervals[engine]):
                if _ready(command, engine, other, intervals, besides=Engine.CORE) > returned:
                    return None
                return intervals[engine][other].start - returned
    return None
