"""One operator, or a part of one, on the array: from a plan of passes to commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from arch.isa import MAX_LEAD, Engine, Mode
from arch.params import Params
from compiler.layout import InputView, Layout
from compiler.passplan import IDLE, Entry, PassPlan
from compiler.steps import SCRATCHPAD, Blob, Range, Step
from compiler.timing.datapath import array_cycles
from compiler.timing.passes import pass_work

IDENTITY = (1 << 30, 1)  # multiplier and shift that change nothing

TILE_PIXELS = 160
"""Pixels of a tile, about: small enough that the next layer can start behind the first tiles."""

TAPER_BYTES = 4096
"""The last weights of a program come in chunks that get smaller if they are as many as this."""

TAPER = 3
"""A chunk is this part of what is left: its load and the array's work on the chunk before it take
as long as each other where the array takes two thirds of a load's time, as on ``small``."""


@dataclass(frozen=True)
class Scales:
    """Requantisation of all channels; arrays have one element for each output channel."""

    bias: NDArray[np.int64]
    multiplier: NDArray[np.int64]
    shift: NDArray[np.int64]
    zero_point: int
    low: int
    high: int

    @property
    def uniform(self) -> bool:
        same_multiplier = len(np.unique(self.multiplier)) == 1
        return same_multiplier and len(np.unique(self.shift)) == 1


@dataclass(frozen=True)
class Tile:
    """Output rows and columns, in the orientation of the tensors."""

    y: range
    x: range

    @property
    def pixels(self) -> int:
        return len(self.y) * len(self.x)


@dataclass(frozen=True)
class Wrap:
    """Input rows from ``row`` on lie ``n_bytes`` before their place, as ``table`` tells the array.

    ``table`` counts :attr:`ArrayJob.wrapped` from 1.
    """

    row: int
    n_bytes: int
    table: int


@dataclass(frozen=True)
class ArrayJob:
    """A convolution, depthwise convolution or pool over one image.

    Parameters
    ----------
    layer : index of the operator.
    plan : its passes; made for ``view``.
    view : the window over the input, slots along ``view.x``.
    transposed : ``view.x`` is the height of the tensors.
    source, target : layouts of the tensors.
    weights : (output channels, taps), int8; one row for all channels where ``shared``. Those of
        int16 are split, see :func:`narrowed`.
    scales : requantisation.
    pad : code that is read beside the image.
    block_step : bytes of input from one block of output channels to the next.
    region : the outputs to compute, if not all.
    wrapped : plans with the same passes but other addresses, whose tables follow that of ``plan``.
    wrap : where the input wraps around while the window is over ``region``.
    """

    layer: int
    plan: PassPlan
    view: InputView
    source: Layout
    target: Layout
    n_out: int
    weights: NDArray[np.int8] | NDArray[np.int16]
    scales: Scales
    pad: int
    block_step: int = 0
    transposed: bool = False
    shared: bool = False
    maximum: bool = False
    region: Tile | None = None
    wrapped: tuple[PassPlan, ...] = ()
    wrap: Wrap | None = None

    @property
    def whole(self) -> Tile:
        """All outputs that the job computes."""
        if self.region is not None:
            return self.region
        y, x = (self.view.x, self.view.y) if self.transposed else (self.view.y, self.view.x)
        return Tile(range(y.output), range(x.output))


def narrowed(job: ArrayJob) -> ArrayJob:
    """The same with weights of int8: what is beyond them follows in passes of its own.

    Weights are those of uint8 less their zero point, from -255 to 255; few are beyond int8, and of
    those but 255 is beyond two of them.
    """
    if job.weights.dtype == np.int8:
        return job
    rest = job.weights.astype(np.int16)
    n_taps = rest.shape[1]
    parts: list[NDArray[np.int8]] = []
    entries: list[Entry] = []
    while not parts or rest.any():
        wanted = set(np.flatnonzero(rest.any(axis=0)).tolist())
        for entry in job.plan.entries:
            shifts = range(0, job.plan.cb_count * len(entry.taps), len(entry.taps))
            taps = [tap for tap in entry.taps if tap != IDLE]
            if not parts or wanted.intersection(tap + shift for tap in taps for shift in shifts):
                first = len(parts) * n_taps
                moved = tuple(tap if tap == IDLE else tap + first for tap in entry.taps)
                entries.append(replace(entry, taps=moved))
        parts.append(np.clip(rest, -128, 127).astype(np.int8))
        rest = rest - parts[-1]
    return replace(
        job,
        plan=replace(job.plan, entries=tuple(entries)),
        weights=np.concatenate(parts, axis=1),
    )


@dataclass(frozen=True)
class Slots:
    """Slots of a row of a tile: how many, and by how many the sums run ahead of the pixels."""

    run: int
    lead: int


def slots_of(job: ArrayJob, outputs: range) -> Slots:
    """The fewest slots that give every sum the pixels inside the image that it needs."""
    n = len(outputs)
    if job.plan.mode is not Mode.DEPTHWISE:
        return Slots(n, 0)
    axis = job.view.x
    low, high = None, 0
    for entry in job.plan.entries:
        group_rows = len(entry.taps) // len(entry.streams)
        for group, stream in enumerate(entry.streams):
            if stream is None:
                continue
            taps = entry.taps[group * group_rows : (group + 1) * group_rows]
            reach = max(r for r, tap in enumerate(taps) if tap != IDLE)
            first = outputs.start * axis.stride + stream.dx
            # Slots k with 0 <= first + k * stride < size, among those that some sum reads.
            lowest = max(0, -(first // axis.stride))
            highest = min(n - 1 + reach, (axis.size - 1 - first) // axis.stride)
            if lowest > highest:
                continue
            low = lowest if low is None else min(low, lowest)
            high = max(high, highest + 1)
    lead = min(low or 0, MAX_LEAD, n)
    return Slots(max(n, high - lead), lead)


def job_cycles(params: Params, job: ArrayJob) -> float:
    """Cycles of the job's commands on an engine that waits for nothing else."""
    n_blocks = -(-job.n_out // params.cols)
    configs = (
        tile_config(params, job, tile, range(n_blocks))
        for tile in tiles_of(params, job, TILE_PIXELS)
    )
    return array_cycles(params, ((c, pass_work(params, job.plan, c)) for c in configs))


def blob_of(params: Params, job: ArrayJob, blocks: range, with_quant: bool = True) -> Blob:
    """Descriptors, tiles and parameters for some blocks of output channels."""
    p = params
    plans = (job.plan, *job.wrapped)
    table = b"".join(entry.pack(p) for plan in plans for entry in plan.entries)
    passes = job.plan.taps_of_passes(p)
    per_channel = not job.scales.uniform
    parts = [table]
    order = np.array(p.row_order)
    present = (passes != IDLE)[:, order].any(axis=2)  # (passes, words)
    for block in [0] if job.shared else blocks:
        channels = np.arange(block * p.cols, (block + 1) * p.cols)
        real = channels < job.n_out
        chosen = np.where(real, channels, 0)
        weights = np.broadcast_to(job.weights, (job.n_out, job.weights.shape[1]))
        # (passes, rows, cols): the weight at each place, zero where there is none.
        tiles = weights[chosen][:, np.where(passes == IDLE, 0, passes)]
        tiles = np.moveaxis(tiles, 0, -1) * (passes != IDLE)[..., None] * real
        parts.append(tiles.astype(np.int8)[:, order][present].tobytes())
        if with_quant:
            parts.append(_quant(p, job.scales, chosen, real, per_channel))
    return Blob(b"".join(parts), len(table) // p.weight_word_bytes)


def _quant(
    p: Params, scales: Scales, chosen: NDArray[np.int64], real: NDArray[np.bool_], each: bool
) -> bytes:
    def of(values: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(real, values[chosen], 0)

    raw = of(scales.bias).astype(np.int32).tobytes()
    if each:
        raw += of(scales.multiplier).astype(np.uint32).tobytes()
        raw += of(scales.shift).astype(np.int8).tobytes()
    return raw.ljust(p.quant_words(each) * p.weight_word_bytes, b"\0")


def tile_config(params: Params, job: ArrayJob, tile: Tile, blocks: range) -> dict[str, int]:
    """Fields of the array command for a tile and some blocks, but for weight addresses."""
    p, view, target = params, job.view, job.target
    inner, outer = (tile.y, tile.x) if job.transposed else (tile.x, tile.y)
    inner_out, outer_out = target.pixel_pitch, target.row_pitch
    if job.transposed:
        inner_out, outer_out = outer_out, inner_out
    slots = slots_of(job, inner)
    first = inner.start * view.x.stride + slots.lead * view.x.stride
    n_blocks = -(-job.n_out // p.cols)
    last_cols = job.n_out - (n_blocks - 1) * p.cols if blocks.stop == n_blocks else p.cols
    scales = job.scales
    config = {
        "mode": job.plan.mode,
        "pad": job.pad,
        "in_base": view.base
        + first * view.x.pitch
        + outer.start * view.y.stride * view.y.pitch
        + blocks.start * job.block_step,
        "in_block_step": job.block_step,
        "row_step": view.y.stride * view.y.pitch,
        "pixel_step": view.x.stride * view.x.pitch,
        "y_step": view.y.stride,
        "x_step": view.x.stride,
        "y0": outer.start * view.y.stride,
        "x0": first,
        "height": view.y.size,
        "width": view.x.size,
        "tile_w": len(inner),
        "tile_h": len(outer),
        "run": slots.run,
        "lead": slots.lead,
        "maximum": int(job.maximum),
        "shared": int(job.shared),
        "entries": len(job.plan.entries),
        "cb_count": job.plan.cb_count,
        "cb_step": p.rows,
        "last_rows": job.plan.last_rows,
        "last_cols": last_cols,
        "blocks": len(blocks),
        "out_base": target.base
        + tile.y.start * target.row_pitch
        + tile.x.start * target.pixel_pitch
        + blocks.start * p.cols,
        "out_block_step": p.cols,
        "out_row_step": outer_out,
        "out_pixel_step": inner_out,
        "low": scales.low,
        "high": scales.high,
        "zero_point": scales.zero_point,
    }
    if scales.uniform:
        config["multiplier"] = int(scales.multiplier[0])
        config["shift"] = int(scales.shift[0])
    else:
        config["per_channel"] = 1
    if job.wrap is not None:
        config["table"] = job.wrap.table * len(job.plan.entries) * p.descriptor_words
    return config


def tiles_of(params: Params, job: ArrayJob, pixels: int) -> list[Tile]:
    """Cut the outputs into tiles of about ``pixels``, of whole rows where the width allows."""
    whole = job.whole
    limit = min(pixels, params.accumulator_depth)
    width = min(len(whole.x), limit)
    n_across = -(-len(whole.x) // width)
    width = -(-len(whole.x) // n_across)
    height = max(1, limit // width)
    n_down = -(-len(whole.y) // height)
    height = -(-len(whole.y) // n_down)
    return [
        Tile(whole.y[y : y + height], whole.x[x : x + width])
        for y in range(0, len(whole.y), height)
        for x in range(0, len(whole.x), width)
    ]


def input_rows(job: ArrayJob, tile: Tile) -> range:
    """Rows of the input tensor that a tile reads."""
    axis = job.view.x if job.transposed else job.view.y
    low = tile.y.start * axis.stride - axis.before
    high = (tile.y.stop - 1) * axis.stride - axis.before + (axis.kernel - 1) * axis.dilation + 1
    return range(max(0, low), max(0, min(axis.size, high)))


Blobs = dict[tuple[int, range], Blob]
"""Weights that are used again: by whatever tells jobs apart, and by their blocks."""


def steps_of(
    params: Params,
    job: ArrayJob,
    blobs: Blobs | None = None,
    key: int = 0,
    is_last: bool = False,
) -> Iterator[Step]:
    """Commands of the job in their order; ``blobs[key, ...]`` is taken where it is there already.

    Weights that fit the weight memory are loaded once and every tile uses them all; otherwise
    blocks of output channels are cut into chunks, and every tile of a chunk follows before the
    next chunk is needed. Where not even one block fits, its passes are cut and the sums kept.
    ``is_last``: no weights follow, so little work should be left when the last of these arrive.
    """
    p = params
    n_blocks = -(-job.n_out // p.cols)
    tiles = tiles_of(p, job, TILE_PIXELS)
    one = len(blob_of(p, job, range(1)).data)
    if one > p.weight_memory_bytes // 2:
        yield from _cut_passes(p, job, tiles, n_blocks, one)
        return
    everything = one * (1 if job.shared else n_blocks)
    is_vector = len(tiles) == 1 and tiles[0].pixels == 1
    is_shared = len(tiles) > 1 or blobs is not None
    budget = p.weight_memory_bytes // (2 if is_shared else 3 if is_vector else 4)
    per_chunk = n_blocks if everything <= budget or job.shared else max(1, budget // one)
    tapers = is_last and len(tiles) == 1 and everything >= TAPER_BYTES
    for blocks in _chunks(n_blocks, per_chunk, tapers):
        blob = (blobs or {}).get((key, blocks)) or blob_of(p, job, blocks)
        if blobs is not None:
            blobs[key, blocks] = blob
        for tile in tiles:
            yield tile_step(p, job, tile, blob, tile_config(p, job, tile, blocks))


def _chunks(n_blocks: int, most: int, tapers: bool) -> Iterator[range]:
    """Blocks in chunks of equal size up to ``most``, or of a part of what is left at the end."""
    n_chunks = -(-n_blocks // most)
    equal = -(-n_blocks // n_chunks)
    start = 0
    while start < n_blocks:
        left = n_blocks - start
        size = min(most, -(-left // TAPER)) if tapers else min(equal, left)
        yield range(start, start + size)
        start += size


def _cut_passes(
    p: Params, job: ArrayJob, tiles: list[Tile], n_blocks: int, one: int
) -> Iterator[Step]:
    n_parts = -(-one // (p.weight_memory_bytes // 4))
    plans = list(split_plan(p, job.plan, -(-job.plan.n_passes // n_parts)))
    for tile in tiles:
        for block in range(n_blocks):
            blocks = range(block, block + 1)
            for i, plan in enumerate(plans):
                part = replace(job, plan=plan)
                last = i == len(plans) - 1
                config = tile_config(p, part, tile, blocks)
                config |= {"keep_in": int(i > 0), "keep_out": int(not last)}
                blob = blob_of(p, part, blocks, with_quant=last)
                yield tile_step(p, part, tile, blob, config)


def split_plan(params: Params, plan: PassPlan, passes: int) -> Iterator[PassPlan]:
    """Cut a plan into plans of at most ``passes`` passes that are run one after the other."""
    if plan.cb_count == 1:
        for i in range(0, len(plan.entries), passes):
            yield replace(plan, entries=plan.entries[i : i + passes])
        return
    for entry in plan.entries:
        for cb in range(0, plan.cb_count, passes):
            count = min(passes, plan.cb_count - cb)
            shift = cb * params.rows
            moved = replace(
                entry,
                streams=tuple(
                    None if s is None else replace(s, offset=s.offset + shift)
                    for s in entry.streams
                ),
                taps=tuple(tap if tap == IDLE else tap + shift for tap in entry.taps),
            )
            is_last = cb + count == plan.cb_count
            rows = plan.last_rows if is_last else params.rows
            yield replace(plan, entries=(moved,), cb_count=count, last_rows=rows)


def _input_ranges(job: ArrayJob, rows: range) -> tuple[Range, ...]:
    source, wrap = job.source, job.wrap
    if wrap is None:
        return (Range(SCRATCHPAD, *source.rows(rows.start, rows.stop)),)
    low, high = source.rows(wrap.row, rows.stop)
    before = Range(SCRATCHPAD, *source.rows(rows.start, wrap.row))
    return before, Range(SCRATCHPAD, low - wrap.n_bytes, high - wrap.n_bytes)


def tile_step(p: Params, job: ArrayJob, tile: Tile, blob: Blob, config: dict[str, int]) -> Step:
    """The command of a tile; ``blob`` is what it reads from the weight memory."""
    reads = _input_ranges(job, input_rows(job, tile))
    writes = Range(SCRATCHPAD, *job.target.rows(tile.y.start, tile.y.stop))
    return Step(
        Engine.ARRAY,
        config,
        job.layer,
        reads=reads,
        writes=() if config.get("keep_out") else (writes,),
        passes=pass_work(p, job.plan, config),
        blob=blob,
    )
