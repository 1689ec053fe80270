"""Operators whose tensors do not fit the scratchpad: a few rows, or bytes, at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from arch.isa import Engine, Space
from arch.params import Params
from compiler.array_job import ArrayJob, Blobs, Tile, input_rows, steps_of
from compiler.builtin import Kind
from compiler.flat_job import FlatJob, flat_steps, part_of
from compiler.graph import Operator
from compiler.layout import Layout, image_shape
from compiler.lower import FLAT, JOBS
from compiler.lower.copies import is_copying
from compiler.ops.pooling import mean
from compiler.ops.tables import channel_operand
from compiler.shapes.window import convolution_window, pool_window
from compiler.steps import Step
from compiler.transfers import rows_step

FLAT_UNIT = 256
"""Bytes by which flat operators are cut."""


class External(NamedTuple):
    """A dense tensor in external memory."""

    region: int
    offset: int


@dataclass(frozen=True)
class Staging:
    """Where the slabs of an operator go: two places for each external tensor, used in turns.

    ``rows`` of the output (or units of a flat operator) make up a slab; ``inputs`` has None for
    operands that are in the scratchpad as a whole, ``output`` likewise.
    """

    rows: int
    inputs: tuple[tuple[int, int] | None, ...]
    output: tuple[int, int] | None


@dataclass(frozen=True)
class SlabShape:
    """How an operator can be cut: into ``n_rows`` rows of output at the most.

    A slab of ``r`` rows of output takes ``r * out_row`` bytes, and of every operand
    ``min((r - 1) * stride + reach, in_rows)`` rows of ``in_row`` bytes.
    """

    n_rows: int
    out_row: int
    in_row: int
    in_rows: int
    stride: int
    reach: int

    def in_bytes(self, rows: int) -> int:
        return min((rows - 1) * self.stride + self.reach, self.in_rows) * self.in_row


def can_be_cut(op: Operator) -> bool:
    """Whether an operator on the array can work on slabs."""
    return op.kind in JOBS or (op.kind in FLAT and channel_operand(op) is None)


def slab_shape(op: Operator) -> SlabShape:
    """How an operator on the array can be cut; of one that copies, bytes of its output."""
    if op.kind in FLAT:
        n = -(-op.output.size // FLAT_UNIT)
        return SlabShape(n, FLAT_UNIT, FLAT_UNIT, n, 1, 1)
    if is_copying(op):  # one place on the way from memory to memory
        n = -(-max(tensor.n_bytes for tensor in op.outputs) // FLAT_UNIT)
        return SlabShape(n, FLAT_UNIT, 0, 1, 1, 1)
    if op.kind is Kind.FULLY_CONNECTED:
        return SlabShape(1, op.output.size, op.input(0).size, 1, 1, 1)
    _, height, width, channels = image_shape(op.input(0).shape)
    if op.kind in (Kind.MEAN, Kind.SUM):
        over_height = 1 in mean(op).axes
        kernel, stride, dilation, out_height = (height if over_height else 1), 1, 1, 1
        out_height = 1 if over_height else height
        out_row = op.output.size // (image_shape(op.input(0).shape)[0] * out_height)
    else:
        is_pool = op.kind in (Kind.AVERAGE_POOL_2D, Kind.MAX_POOL_2D)
        y = (pool_window(op) if is_pool else convolution_window(op)).y
        kernel, stride, dilation, out_height = y.kernel, y.stride, y.dilation, y.output
        out_row = op.output.shape[2] * op.output.shape[3]
    reach = (kernel - 1) * dilation + 1
    return SlabShape(out_height, out_row, width * channels, height, stride, reach)


def job_slabs(
    params: Params,
    jobs: Sequence[ArrayJob],
    staging: Staging,
    source: External | None,
    target: External | None,
) -> Iterator[Step]:
    """Steps of an operator over images whose input, output or both are in external memory.

    External tensors' layouts start at address 0.
    """
    blobs: Blobs = {}
    turn = 0
    for image in _by_image(jobs):
        n_rows = max(job.whole.y.stop for _, job in image)
        for first in range(0, n_rows, staging.rows):
            rows = range(first, min(first + staging.rows, n_rows))
            steps = _slab(params, image, rows, staging, source, target, turn % 2, blobs)
            yield from steps
            turn += 1


def _by_image(jobs: Sequence[ArrayJob]) -> list[list[tuple[int, ArrayJob]]]:
    """Jobs with their numbers, grouped by the image of the batch that they write."""
    images: dict[int, list[tuple[int, ArrayJob]]] = {}
    for i, job in enumerate(jobs):
        target = job.target
        image = (target.base - target.start) // max(1, target.image_pitch)
        images.setdefault(image, []).append((i, job))
    return list(images.values())


def _slab(
    params: Params,
    jobs: Sequence[tuple[int, ArrayJob]],
    rows: range,
    staging: Staging,
    source: External | None,
    target: External | None,
    turn: int,
    blobs: Blobs,
) -> list[Step]:
    parts = []
    for key, job in jobs:
        y = range(max(rows.start, job.whole.y.start), min(rows.stop, job.whole.y.stop))
        if y:
            parts.append((key, replace(job, region=Tile(y, job.whole.x))))
    loads: list[Step] = []
    if source is not None and staging.inputs[0] is not None:
        needed = [input_rows(job, job.whole) for _, job in parts]
        needed = [r for r in needed if r]
        low, high = 0, 0
        if needed:
            low, high = parts[0][1].source.rows(
                min(r.start for r in needed), max(r.stop for r in needed)
            )
        address = staging.inputs[0][turn]
        if high > low:
            loads.append(_move(params, Engine.LOAD, parts[0][1], address, source, low, high))
        parts = [(key, _with_source(job, address - low)) for key, job in parts]
    steps: list[Step] = []
    stores: list[Step] = []
    if target is not None and staging.output is not None:
        low, high = parts[0][1].target.rows(rows.start, rows.stop)
        address = staging.output[turn]
        stores.append(_move(params, Engine.STORE, parts[0][1], address, target, low, high))
        parts = [
            (key, replace(job, target=_moved(job.target, address - low))) for key, job in parts
        ]
    for key, job in parts:
        steps += steps_of(params, job, blobs, key)
    steps[0].loads = [*loads, *steps[0].loads]
    return steps + stores


def _move(
    params: Params,
    engine: Engine,
    job: ArrayJob,
    address: int,
    place: External,
    low: int,
    high: int,
) -> Step:
    return rows_step(
        params,
        engine,
        job.layer,
        Space.SCRATCHPAD,
        address,
        place.region,
        place.offset + low,
        (high - low,),
    )


def _moved(layout: Layout, delta: int) -> Layout:
    return replace(layout, base=layout.base + delta, start=layout.start + delta)


def _with_source(job: ArrayJob, delta: int) -> ArrayJob:
    view = replace(job.view, base=job.view.base + delta)
    return replace(job, view=view, source=_moved(job.source, delta))


def flat_slabs(
    params: Params,
    job: FlatJob,
    staging: Staging,
    sources: Sequence[External | None],
    target: External | None,
) -> Iterator[Step]:
    """Steps of an element-wise operator some of whose tensors are in external memory.

    External tensors' addresses are 0.
    """
    size = staging.rows * FLAT_UNIT
    for turn, offset in enumerate(range(0, job.n_bytes, size)):
        n_bytes = min(size, job.n_bytes - offset)
        part = part_of(job, offset, n_bytes)
        loads: list[Step] = []
        operands = list(part.operands)
        for i, (source, places) in enumerate(zip(sources, staging.inputs, strict=True)):
            if source is None or places is None:
                continue
            operands[i] = places[turn % 2]
            loads.append(
                rows_step(
                    params,
                    Engine.LOAD,
                    job.layer,
                    Space.SCRATCHPAD,
                    operands[i],
                    source.region,
                    source.offset + offset,
                    (n_bytes,),
                )
            )
        part = replace(part, operands=tuple(operands), loads=part.loads if offset == 0 else ())
        if target is not None and staging.output is not None:
            part = replace(part, target=staging.output[turn % 2])
        steps = list(flat_steps(params, part))
        steps[0].loads = [*loads, *steps[0].loads]
        yield from steps
        if target is not None and staging.output is not None:
            yield rows_step(
                params,
                Engine.STORE,
                job.layer,
                Space.SCRATCHPAD,
                part.target,
                target.region,
                target.offset + offset,
                (n_bytes,),
            )
