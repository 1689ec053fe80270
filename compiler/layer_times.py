"""The time of a program, shared out among its layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from arch.isa import Engine


@dataclass(frozen=True)
class LayerTime:
    """One operator of a run.

    ``cycles`` is the time from the end of the layers before it to its own end, so that the cycles
    of all layers and the remainder add up to the total; ``start`` and ``end`` are the cycles after
    the doorbell at which its first command started and its last one was complete.
    """

    cycles: int
    start: int
    end: int


def layer_times(
    engines: Sequence[str], commands: Iterable[tuple[Engine, int, int, int]]
) -> list[LayerTime]:
    """Times of layers in the order in which they run; those that vanished take no cycles.

    Parameters
    ----------
    engines : of each layer, as in compiler.program.LayerInfo.
    commands : engine, layer, start and end; those of other engines than the layer's do not count.
    """
    spans: dict[int, tuple[int, int]] = {}
    for engine, layer, start, end in commands:
        if engines[layer] == engine.name.lower():
            low, high = spans.get(layer, (start, end))
            spans[layer] = (min(low, start), max(high, end))
    times, last = [], 0
    for layer in range(len(engines)):
        start, end = spans.get(layer, (last, last))
        times.append(LayerTime(max(0, end - last), start, end))
        last = max(last, end)
    return times
