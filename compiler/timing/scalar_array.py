"""What the firmware of the scalar datapath does in an ARRAY command, counted by kind.

It goes through the output pixels of a tile, and at each of them through the taps of the pass
descriptors. Where nothing needs a check (the pixel is *regular*) loops are short; at the border of
the image, or at addresses between words, they are long (hw/scalar/microcode/passes.cc).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arch.isa import Mode
from arch.params import Params
from compiler.passplan import IDLE, Entry, PassPlan
from compiler.timing.passes import PassWork

Work = Counter[str]
MOST_TAPS = 32  # hw/scalar/microcode/plan.h


@dataclass(frozen=True)
class Tap:
    """A window that a pixel reads; ``rows`` take part, ``others`` if a second stream is merged.

    ``offset``, ``dy``, ``dx`` and ``shift`` (in slots) from the pixel.
    """

    offset: int
    dy: int
    dx: int
    shift: int
    rows: tuple[int, ...]
    other: tuple[int, int] | None = None  # dy, dx of the second stream


def array_work(params: Params, config: Mapping[str, int], work: PassWork | None) -> Work:
    """An ARRAY command; without ``work`` it is element-wise."""
    if work is None or config.get("mode") == Mode.ELEMENTWISE:
        return _elementwise(params, config)
    return _sums(params, config, work.plan)


def _elementwise(params: Params, c: Mapping[str, int]) -> Work:
    pixels = c["tile_w"] * c["tile_h"]
    results = pixels * ((c["blocks"] - 1) * params.cols + c["last_cols"])
    windows = pixels * c["blocks"]
    binary = bool(c.get("binary"))
    return Counter(
        {
            "flat command": 1,
            "flat block": c["blocks"],
            "flat row": c["tile_h"] * c["blocks"],
            "flat pixel": windows,
            "flat second pixel": windows * binary,
            "flat result": results,
            "flat lookup": results * (bool(c.get("table_a")) + binary),
        }
    )


def _sums(params: Params, c: Mapping[str, int], plan: PassPlan) -> Work:
    pixels, blocks = c["tile_w"] * c["tile_h"], c["blocks"]
    chunks = list(_chunks(params, c, plan))
    work: Work = Counter({"sums command": 1, "block": blocks})
    plannings = 1 if len(chunks) == 1 else blocks
    for taps in chunks:
        work["planned tap"] += plannings * len(taps)
        work["planning"] += plannings
        work["tile row"] += c["tile_h"] * blocks
        work["pixel"] += pixels * blocks
        work.update({kind: n * blocks for kind, n in _taps(params, c, taps).items()})
    if not c.get("keep_out"):
        work["output pixel"] = pixels * blocks
        results = pixels * ((blocks - 1) * params.cols + c["last_cols"])
        work["result"] = results
        work["result lookup"] = results * bool(c.get("table_out"))
    return work


def _chunks(params: Params, c: Mapping[str, int], plan: PassPlan) -> Iterator[list[Tap]]:
    """Taps of as many descriptors as the firmware plans at a time."""
    depthwise = plan.mode is Mode.DEPTHWISE
    room = MOST_TAPS - (params.rows if depthwise else 2)
    taps: list[Tap] = []
    n = 0
    for entry in plan.entries:
        if n > room:
            yield taps
            taps, n = [], 0
        found = list(_taps_of(params, c, plan, entry))
        taps += found
        n += sum(1 + (tap.other is not None) for tap in found)
    yield taps


def _taps_of(params: Params, c: Mapping[str, int], plan: PassPlan, entry: Entry) -> Iterator[Tap]:
    rows = tuple(row for row, tap in enumerate(entry.taps) if tap != IDLE)
    if plan.mode is Mode.DEPTHWISE:
        for row in rows:
            group, shift = divmod(row, params.group_rows)
            s = entry.streams[group]
            if s is not None:
                offset = s.offset + shift * c["pixel_step"]
                yield Tap(offset, s.dy, s.dx, shift, (row,))
        return
    first, *others = entry.streams
    second = next((s for s in others if s is not None), None)
    if first is not None:
        other = None if second is None else (second.dy, second.dx)
        yield Tap(first.offset, first.dy, first.dx, 0, rows, other)


def _taps(params: Params, c: Mapping[str, int], taps: Sequence[Tap]) -> Work:
    """All pixels of a block with some taps."""
    y, x = _places(c)
    inside = [_inside(c, y, x, tap) for tap in taps]
    aligned = _aligned(c, min((tap.offset for tap in taps), default=0))
    simple = not c.get("maximum") and all(tap.other is None for tap in taps)
    differing = {tap.offset - taps[0].offset for tap in taps} | {c["cb_step"] * (c["cb_count"] > 1)}
    regular = aligned.copy()
    if not simple or any(n % 4 for n in differing) or not taps:
        regular[:] = False
    for ok in inside:
        regular &= ok
    depthwise = c["mode"] == Mode.DEPTHWISE
    if depthwise and c["cb_count"] > 1:
        regular[:] = False
    n_regular, n_border = int(regular.sum()), int((~regular).sum())
    work: Work = Counter({"border pixel": n_border, "regular pixel": n_regular})
    for tap, ok in zip(taps, inside, strict=True):
        reads = int((ok & ~regular).sum())
        count = _depthwise_tap if depthwise else _convolution_tap
        fast = int((ok & ~regular & _aligned(c, tap.offset)).sum())
        work.update(count(params, c, tap, n_regular, n_border, reads, fast))
    if c.get("maximum"):
        folds = len({id(tap) for tap in taps}) if not depthwise else 1
        work["fold"] += n_border * folds * c["cb_count"]
    return work


def _depthwise_tap(
    params: Params,
    c: Mapping[str, int],
    tap: Tap,
    n_regular: int,
    n_border: int,
    reads: int,
    fast: int,
) -> Work:
    n = c["cb_count"]
    return Counter(
        {
            "depthwise tap": n_regular,
            "depthwise border tap": n_border * n,
            "depthwise border window": reads * n,
            "depthwise border window apart": (reads - fast) * n,
        }
    )


def _convolution_tap(
    params: Params,
    c: Mapping[str, int],
    tap: Tap,
    n_regular: int,
    n_border: int,
    reads: int,
    fast: int,
) -> Work:
    n_blocks, rows = c["cb_count"], len(tap.rows)
    last_rows = sum(row < c["last_rows"] for row in tap.rows)
    whole = 0
    if rows == params.rows:
        whole = n_blocks if last_rows == params.rows else n_blocks - 1
    words = (n_blocks - whole - 1) * rows + last_rows if whole < n_blocks else 0
    work: Work = Counter(
        {
            "tap": n_regular,
            "tile": n_regular * whole,
            "partial tile": n_regular * (n_blocks - whole),
            "word": n_regular * words,
            "border tap": n_border,
        }
    )
    pads = n_border - reads
    quick = 0 if tap.other is not None or c.get("maximum") else fast + pads
    work["border tile"] = quick * whole
    slow = n_border * n_blocks - quick * whole
    work["border window"] = slow
    inside = reads * n_blocks - (0 if quick == 0 else fast * whole)
    work["border window inside"] = inside
    work["border word"] = n_border * (whole * params.rows + words) - quick * whole * params.rows
    if tap.other is not None:
        work["merged window"] = n_border * n_blocks
    return work


def _places(c: Mapping[str, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows, 1) and (1, columns): of each pixel y, and its slot."""
    return np.arange(c["tile_h"])[:, None], np.arange(c["tile_w"])[None, :] - c["lead"]


def _inside(
    c: Mapping[str, int], row: NDArray[np.int64], slot: NDArray[np.int64], tap: Tap
) -> NDArray[np.bool_]:
    """(rows, columns): pixels at which a tap's window lies in the image."""
    y = c["y0"] + row * c["y_step"] + tap.dy
    own = slot + tap.shift
    x = c["x0"] + own * c["x_step"] + tap.dx
    ok: NDArray[np.bool_] = (y >= 0) & (y < c["height"]) & (x >= 0) & (x < c["width"])
    return ok & (own >= 0) & (own < c["run"])


def _aligned(c: Mapping[str, int], offset: int) -> NDArray[np.bool_]:
    """(rows, columns): pixels at which a window at an offset begins at a word."""
    row, slot = _places(c)
    address = c["in_base"] + offset + row * c["row_step"] + slot * c["pixel_step"]
    aligned: NDArray[np.bool_] = address % 4 == 0
    return aligned
