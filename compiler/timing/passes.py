"""What the passes of a plan cost: words of weights, exchanges in the array, conflicts of banks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from arch.params import Params
from compiler.conflicts import turns
from compiler.passplan import IDLE, PassPlan

SAMPLE_ROWS = 4
SAMPLE_SLOTS = 24
SAMPLE_SHIFTS = 6


@dataclass(frozen=True)
class TileWork:
    """Weights of one pass.

    ``words``: of the weight memory, one at least; ``exchange``: cycles from the first sum of the
    pass before until all are in the array, because rows are exchanged one by one.
    """

    words: int
    exchange: int


@dataclass(frozen=True)
class PassWork:
    """One block of output channels: for each descriptor its passes, and cycles for each slot.

    On the scalar datapath there is only ``plan``.
    """

    plan: PassPlan
    entries: tuple[tuple[TileWork, ...], ...] = ()
    slot_cycles: tuple[float, ...] = ()


def pass_work(params: Params, plan: PassPlan, config: Mapping[str, int]) -> PassWork:
    """The passes of a plan for a command."""
    if params.config.datapath == "scalar":
        return PassWork(plan)
    return PassWork(plan, tiles_of_plan(params, plan), slot_cycles_of(params, plan, config))


@lru_cache(maxsize=64)
def tiles_of_plan(params: Params, plan: PassPlan) -> tuple[tuple[TileWork, ...], ...]:
    """Weights of every pass, by descriptor; the same for all tiles of an operator."""
    known: dict[bytes, TileWork] = {}
    tiles = []
    for used in plan.taps_of_passes(params) != IDLE:
        key = used.tobytes()
        if key not in known:
            known[key] = _tile(params, used)
        tiles.append(known[key])
    n = plan.cb_count
    return tuple(tuple(tiles[i : i + n]) for i in range(0, len(tiles), n))


def _tile(params: Params, used: np.typing.NDArray[np.bool_]) -> TileWork:
    positions = [rows[0] % params.group_rows for rows in params.row_order if used[list(rows)].any()]
    n = len(positions)
    exchange = max((r + n - j for j, r in enumerate(positions)), default=1)
    return TileWork(max(1, n), exchange)


def slot_cycles_of(params: Params, plan: PassPlan, config: Mapping[str, int]) -> tuple[float, ...]:
    """Cycles for each slot of a command, by descriptor: more than 1 where streams want one bank."""
    c = config
    rows = np.unique(np.linspace(0, c["tile_h"] - 1, min(c["tile_h"], SAMPLE_ROWS)).astype(int))
    slots = np.unique(np.linspace(0, c["run"] - 1, min(c["run"], SAMPLE_SLOTS)).astype(int))
    y = c["y0"] + rows * c["y_step"]
    x = c["x0"] + slots * c["x_step"]
    shifts = _shifts(c["blocks"], c["in_block_step"]) + _shifts(c["cb_count"], c["cb_step"])
    pixels = rows[:, None] * c["row_step"] + slots * c["pixel_step"]
    base = c["in_base"] + np.array(sorted(set(shifts)))[:, None, None] + pixels
    ys, xs = (a.reshape(-1) for a in np.broadcast_arrays(y[:, None], x[None, :], base)[:2])
    base = base.reshape(-1)
    cycles = []
    for entry in plan.entries:
        wanted = entry.wanted(params, plan.mode)
        streams = [stream for stream, _, _ in wanted]
        dy, dx = np.array([s.dy for s in streams]), np.array([s.dx for s in streams])
        inside = (ys[:, None] + dy >= 0) & (ys[:, None] + dy < c["height"])
        inside &= (xs[:, None] + dx >= 0) & (xs[:, None] + dx < c["width"])
        cycles.append(float(turns(params, base, wanted, inside).mean()))
    return tuple(cycles)


def _shifts(count: int, step: int) -> list[int]:
    """Some of the addresses to which blocks move the window."""
    return [
        int(i) * step
        for i in np.unique(np.linspace(0, count - 1, min(count, SAMPLE_SHIFTS)).astype(int))
    ]
