"""How often the streams of a pass want different words of one scratchpad bank at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from arch.params import Params
from compiler.layout import InputView
from compiler.passplan import PassPlan, Stream

SAMPLE_ROWS = 4
SAMPLE_SLOTS = 32
BASES = (0, 4112, 33040)
"""Addresses, in bytes, that stand for those that are not known yet."""


def banks_of(params: Params, words: NDArray[np.int64]) -> NDArray[np.int64]:
    """arch.params.Params.bank_of of many words."""
    banks = params.scratchpad_banks
    total = np.zeros_like(words)
    rest = words % params.scratchpad_words
    for weight in params.bank_weights:
        total += weight * (rest % banks)
        rest = rest // banks
    return total % banks


def cycles_per_slot(params: Params, view: InputView, plan: PassPlan) -> float:
    """Average cycles that the reads of a slot take, 1.0 where there are no conflicts."""
    y = np.arange(min(SAMPLE_ROWS, view.y.output)) * view.y.stride
    x = np.arange(min(SAMPLE_SLOTS, view.x.output)) * view.x.stride
    pixels = (y[:, None] * view.y.pitch + x * view.x.pitch).reshape(-1)
    bases = (np.array(BASES)[:, None] + pixels).reshape(-1)
    cycles = []
    for entry in plan.entries:
        read = np.ones((len(bases), 1), bool)
        cycles.append(turns(params, bases, entry.wanted(params, plan.mode), read).mean())
    return float(np.mean(cycles))


def turns(
    params: Params,
    bases: NDArray[np.int64],
    wanted: Sequence[tuple[Stream, int, int]],
    read: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Cycles for each of ``bases``: the words that the most wanted bank must read.

    Parameters
    ----------
    bases : addresses in bytes, to which each stream adds its offset.
    wanted : streams, and which bytes of their windows (:meth:`compiler.passplan.Entry.wanted`).
    read : (bases, streams), or one column for all: where a window is read at all.
    """
    width = params.window_bytes
    offsets, first, last = (
        np.array(column) for column in zip(*((s.offset, f, n) for s, f, n in wanted), strict=True)
    )
    addresses = bases[:, None] + offsets
    low, byte = addresses // width, addresses % width
    words = np.concatenate([low, low + 1], axis=1)
    reads = np.concatenate([read & (first + byte < width), read & (last + byte > width)], axis=1)
    for i in range(1, words.shape[1]):  # equal words are read once
        earlier = (words[:, :i] == words[:, i : i + 1]) & reads[:, :i]
        reads[:, i] &= ~earlier.any(axis=1)
    banks = banks_of(params, words)
    per_bank = [((banks == b) & reads).sum(axis=1) for b in range(params.scratchpad_banks)]
    cycles: NDArray[np.int64] = np.maximum(1, np.max(per_bank, axis=0))
    return cycles
