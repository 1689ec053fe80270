"""Cycles of layers, from the start and end of every command."""

from __future__ import annotations

from arch.isa import Engine
from arch.registers import Counter
from compiler.layer_times import LayerTime, layer_times
from compiler.program import Program
from sim.job import RunResult


def layer_cycles(program: Program, result: RunResult) -> list[LayerTime]:
    """Measured times of the program's layers."""
    commands = [
        (engine, layer, interval.start, interval.end)
        for engine in Engine
        for interval, layer in zip(
            result.events.of(engine), program.command_layers[engine], strict=False
        )
        if interval.end is not None
    ]
    return layer_times([info.engine for info in program.layers], commands)


def total_cycles(result: RunResult) -> int:
    """Cycles from doorbell to interrupt."""
    return result.counters[Counter.TOTAL]
