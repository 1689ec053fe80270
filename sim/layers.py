"""Cycles of layers, from the start and end of every command."""

from __future__ import annotations

from dataclasses import dataclass

from arch.isa import Engine
from arch.registers import Counter
from compiler.program import LayerInfo, Program
from sim.job import RunResult


@dataclass(frozen=True)
class LayerCycles:
    """One operator of a run.

    ``cycles`` is the time from the end of the layers before it to its own end, so that the cycles
    of all layers and the remainder add up to the total; ``start`` and ``end`` are the cycles after
    the doorbell at which its first command started and its last one was complete.
    """

    info: LayerInfo
    cycles: int
    start: int
    end: int


def layer_cycles(program: Program, result: RunResult) -> list[LayerCycles]:
    """Layers in the order in which they run; those that vanished take no cycles."""
    spans: dict[int, list[int]] = {}
    for engine in (Engine.ARRAY, Engine.CORE, Engine.LOAD):
        intervals = result.events.of(engine)
        layers = program.command_layers[engine]
        for interval, layer in zip(intervals, layers, strict=False):
            works_here = program.layers[layer].engine == engine.name.lower()
            if interval.end is None or not works_here:
                continue
            span = spans.setdefault(layer, [interval.start, interval.end])
            span[0] = min(span[0], interval.start)
            span[1] = max(span[1], interval.end)
    rows, last = [], 0
    for index, info in enumerate(program.layers):
        start, end = spans.get(index, (last, last))
        rows.append(LayerCycles(info, max(0, end - last), start, end))
        last = max(last, end)
    return rows


def total_cycles(result: RunResult) -> int:
    """Cycles from doorbell to interrupt."""
    return result.counters[Counter.TOTAL]
