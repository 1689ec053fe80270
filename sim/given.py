"""Tells commands of the program from those that operators on the core gave."""

from __future__ import annotations

from dataclasses import replace

from arch.decode import Decoder
from arch.isa import Engine
from compiler.program import Program
from sim.events import Interval, RunEvents


def without_given(program: Program, events: RunEvents) -> RunEvents:
    """The events of the program's own commands.

    While the core runs a command with ``accept``, engines work for it alone: the compiler has such
    a command wait for all others, and lets the others wait for it.
    """
    core = [c for engine, c in Decoder().commands(program.commands) if engine is Engine.CORE]
    spans = [
        (call.start, call.end)
        for command, call in zip(core, events.of(Engine.CORE), strict=False)
        if command.config["accept"] and call.end is not None
    ]
    if not spans:
        return events
    kept: list[Interval] = []
    counts = dict.fromkeys(Engine, 0)
    for interval in events.intervals:
        given = any(start <= interval.start < end for start, end in spans)
        if interval.engine is Engine.CORE or not given:
            kept.append(replace(interval, index=counts[interval.engine]))
            counts[interval.engine] += 1
    return replace(events, intervals=kept)
