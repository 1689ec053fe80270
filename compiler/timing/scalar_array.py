"""What the firmware of the scalar datapath does in an ARRAY command, counted by kind.

It goes through the output pixels of a tile, and at each of them through the taps of the pass
descriptors (hw/scalar/microcode/passes.cc). Where nothing needs a check the pixel is *regular*, and
loops are short. Other pixels are called *border* here, though they may lie inside the image at
addresses between words: loops are long, and longer where windows must be compared with the image.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arch.isa import Mode
from arch.params import Params
from compiler.passplan import IDLE, Entry, PassPlan
from compiler.timing.passes import PassWork

Work = Counter[str]
MOST_TAPS = 18  # hw/scalar/microcode/plan.h


@dataclass(frozen=True)
class Window:
    """Where a pixel reads a word: bytes and coordinates from it, with the ``shift`` in slots."""

    offset: int
    dy: int
    dx: int
    shift: int = 0


@dataclass(frozen=True)
class Tap:
    """Windows that rows of the array read at a pixel; of a second stream where two are merged.

    ``n_rows`` take part, ``n_last_rows`` in the last block of input channels.
    """

    windows: tuple[Window, ...]
    n_rows: int
    n_last_rows: int


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
    for entries in chunks:
        work["planning"] += plannings
        work["planned descriptor"] += plannings * len(entries)
        work["planned tap"] += plannings * sum(len(taps) for taps in entries)
        work["tile row"] += c["tile_h"] * blocks
    for entries, n_blocks, wraps in _turns(params, c, chunks):
        found = _pixels(params, c, plan, entries, wraps)
        work.update({kind: n * n_blocks for kind, n in found.items()})
    if not c.get("keep_out"):
        results = pixels * ((blocks - 1) * params.cols + c["last_cols"])
        work["result row"] = c["tile_h"] * blocks
        work["result"] = results
        work["result lookup"] = results * bool(c.get("table_out"))
    return work


Entries = list[list[Tap]]
"""The taps of each pass descriptor."""


def _chunks(params: Params, c: Mapping[str, int], plan: PassPlan) -> Iterator[Entries]:
    """As many descriptors as the firmware plans at a time."""
    room = MOST_TAPS - (params.rows if plan.mode is Mode.DEPTHWISE else 2)
    entries: Entries = []
    n = 0
    for entry in plan.entries:
        if n > room:
            yield entries
            entries, n = [], 0
        entries.append(list(_taps_of(params, c, plan, entry)))
        n += sum(len(tap.windows) for tap in entries[-1])
    yield entries


def _turns(
    params: Params, c: Mapping[str, int], chunks: Sequence[Entries]
) -> Iterator[tuple[Entries, int, bool]]:
    """Chunks, for how many blocks, and whether their weights reach beyond the end of the ring."""
    n_bytes = [sum(map(_n_words(c), chunk)) * params.weight_word_bytes for chunk in chunks]
    quant = 0 if c.get("keep_out") else params.quant_words(bool(c.get("per_channel")))
    of_block = 0 if c.get("shared") else sum(n_bytes) + quant * params.weight_word_bytes
    first = c.get("weights", 0) * params.weight_word_bytes
    for i, chunk in enumerate(chunks):
        starts = first + sum(n_bytes[:i]) + of_block * np.arange(c["blocks"])
        ends = starts % params.weight_memory_bytes + n_bytes[i]
        n_wrapped = int((ends > params.weight_memory_bytes).sum())
        for n_blocks, wraps in ((c["blocks"] - n_wrapped, False), (n_wrapped, True)):
            if n_blocks:
                yield chunk, n_blocks, wraps


def _n_words(c: Mapping[str, int]) -> Callable[[Sequence[Tap]], int]:
    """Words of weights of a descriptor."""
    return lambda taps: sum(t.n_rows * (c["cb_count"] - 1) + t.n_last_rows for t in taps)


def _taps_of(params: Params, c: Mapping[str, int], plan: PassPlan, entry: Entry) -> Iterator[Tap]:
    rows = [row for row, tap in enumerate(entry.taps) if tap != IDLE]
    last_rows = [row for row in rows if row < c["last_rows"]]
    if plan.mode is not Mode.DEPTHWISE:
        windows = [Window(s.offset, s.dy, s.dx) for s in entry.streams if s is not None]
        yield Tap(tuple(windows), len(rows), len(last_rows))
        return
    for row in rows:
        group, shift = divmod(row, params.group_rows)
        stream = entry.streams[group]
        assert stream is not None, "a row takes part and has no stream"
        offset, dx = stream.offset + shift * c["pixel_step"], stream.dx + shift * c["x_step"]
        yield Tap((Window(offset, stream.dy, dx, shift),), 1, int(row in last_rows))


def _pixels(
    params: Params, c: Mapping[str, int], plan: PassPlan, entries: Entries, wraps: bool
) -> Work:
    """All pixels of a block, with the taps of some descriptors; none is regular if weights wrap."""
    taps = [tap for taps in entries for tap in taps]
    windows = [window for tap in taps for window in tap.windows]
    inside = {window: _inside(c, window) for window in windows}
    unchecked = _unchecked(params, c, plan, windows)
    regular = np.zeros_like(unchecked)
    if not wraps and _are_aligned(params, c, plan, taps):
        regular = unchecked & _aligned(c, windows[0].offset)
    border, depthwise = ~regular, plan.mode is Mode.DEPTHWISE
    n_regular, n_border = int(regular.sum()), int(border.sum())
    work: Work = Counter({"regular pixel": n_regular, "border pixel": n_border})
    work["pass end"] = n_border * c["cb_count"] * len(entries)
    work["fold"] = work["pass end"] * bool(c.get("maximum"))
    for tap in taps:
        kind = "depthwise" if depthwise else "convolution"
        work[f"{kind} tap"] += n_regular
        work["tile"] += 0 if depthwise else n_regular * c["cb_count"]
        reads = [border & inside[window] for window in tap.windows]
        there = [_aligned(c, window.offset) for window in tap.windows]
        blocks = np.where(border, c["cb_count"], 0)  # of input channels, pixel by pixel
        if not depthwise:
            work["border tap"] += n_border
            whole = _whole(params, c, tap)
            if whole:
                quick = border & (~reads[0] | (there[0] & (c["cb_step"] % 4 == 0)))
                work["border tile"] += int(quick.sum()) * whole
                blocks = blocks - quick * whole
            slow = int(blocks.sum())
            work["border block"] += slow
            if tap.n_rows == params.rows:
                partial = n_border * (tap.n_last_rows < params.rows)
                work["border whole block"] += slow - partial
                work["border word"] += partial * tap.n_last_rows
            else:
                work["border word"] += (slow - n_border) * tap.n_rows + n_border * tap.n_last_rows
        for i in range(len(tap.windows)):
            prefix = "second " if i else "depthwise " if depthwise else ""
            work[f"{prefix}window"] += int(blocks.sum())
            work["window compared"] += int((blocks * ~unchecked).sum())
            work["window apart"] += int((blocks * reads[i] * ~there[i]).sum())
            work["window read"] += int((blocks * reads[i]).sum())
    return work


def _whole(params: Params, c: Mapping[str, int], tap: Tap) -> int:
    """Blocks of input channels that a border pixel takes at once if it is at a word."""
    if len(tap.windows) > 1 or c.get("maximum") or tap.n_rows < params.rows:
        return 0
    return c["cb_count"] - (tap.n_last_rows < params.rows)


def _are_aligned(params: Params, c: Mapping[str, int], plan: PassPlan, taps: Sequence[Tap]) -> bool:
    """Whether pixels can be regular."""
    depthwise = plan.mode is Mode.DEPTHWISE
    if c.get("maximum") or not taps or (depthwise and c["cb_count"] > 1):
        return False
    if any(len(tap.windows) > 1 for tap in taps):
        return False
    if not depthwise and any(tap.n_last_rows < params.rows for tap in taps):
        return False
    odd = {tap.windows[0].offset - taps[0].windows[0].offset for tap in taps}
    odd.add(c["cb_step"] if c["cb_count"] > 1 else 0)
    return all(n % 4 == 0 for n in odd)


def _places(c: Mapping[str, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows, 1) and (1, columns): each pixel's row, and its slot."""
    return np.arange(c["tile_h"])[:, None], np.arange(c["tile_w"])[None, :] - c["lead"]


def _inside(c: Mapping[str, int], window: Window) -> NDArray[np.bool_]:
    """(rows, columns): pixels at which a window lies in the image."""
    row, slot = _places(c)
    y = c["y0"] + row * c["y_step"] + window.dy
    x = c["x0"] + slot * c["x_step"] + window.dx
    own = slot + window.shift
    ok: NDArray[np.bool_] = (y >= 0) & (y < c["height"]) & (x >= 0) & (x < c["width"])
    return ok & (own >= 0) & (own < c["run"])


def _unchecked(
    params: Params, c: Mapping[str, int], plan: PassPlan, windows: Sequence[Window]
) -> NDArray[np.bool_]:
    """(rows, columns): pixels for which the firmware sees at once that all windows lie inside.

    It takes every window of a group of rows to reach as far as the last one.
    """
    reach = params.group_rows - 1 if plan.mode is Mode.DEPTHWISE else 0
    ok = np.ones((c["tile_h"], c["tile_w"]), bool)
    for window in windows:
        dx = window.dx - window.shift * c["x_step"]
        for shift in {0, reach}:
            ok &= _inside(c, Window(0, window.dy, dx + shift * c["x_step"], shift))
    return ok


def _aligned(c: Mapping[str, int], offset: int) -> NDArray[np.bool_]:
    """(rows, columns): pixels at which a window at an offset begins at a word."""
    row, slot = _places(c)
    address = c["in_base"] + offset + row * c["row_step"] + slot * c["pixel_step"]
    aligned: NDArray[np.bool_] = address % 4 == 0
    return aligned
