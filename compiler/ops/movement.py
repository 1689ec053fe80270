"""Operators that only move data, as plans of copies.

Sources: tensorflow/lite/micro/kernels/pad_common.cc (PadPrepare), and for the order of elements
the files of tensorflow/lite/kernels/internal/reference that are named after the operators.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from compiler.graph import DType, Operator
from compiler.ops.copies import Copy, CopyPlan, View, copy_of, element_bytes
from compiler.options import BlockOptions, MirrorPadOptions
from compiler.shapes import movement as shapes


@dataclass(frozen=True)
class PadParams:
    """Elements added before and after each dimension, all equal to ``value``."""

    paddings: tuple[tuple[int, int], ...]
    value: int


def pad(op: Operator) -> PadParams:
    """Of a PAD that the constraints have passed: the output's zero point fills it."""
    quantised = op.output.dtype in (DType.INT8, DType.UINT8)
    return PadParams(shapes.paddings(op), op.output.zero_point if quantised else 0)


def _plan(op: Operator, *copies: tuple[int, View, int, View]) -> CopyPlan:
    size = element_bytes(op.outputs[0])
    return CopyPlan(tuple(copy_of(*copy, size) for copy in copies))


def _to_output(op: Operator, view: View, extents: Sequence[int] | None = None) -> CopyPlan:
    """The only operand's elements in the order of the output, which may be seen as ``extents``."""
    return _plan(op, (0, view, 0, View.dense(view.extents if extents is None else extents)))


# ---- joining and taking apart ------------------------------------------------------------------
def concatenation(op: Operator) -> CopyPlan:
    axis, at, copies = shapes.concatenation_axis(op), 0, []
    whole = View.dense(op.output.shape)
    for i, tensor in enumerate(op.inputs):
        assert tensor is not None
        extent = tensor.shape[axis]
        copies.append((i, View.dense(tensor.shape), 0, whole.cut(axis, at, extent)))
        at += extent
    return _plan(op, *copies)


def split(op: Operator) -> CopyPlan:
    """Of SPLIT and SPLIT_V."""
    axis, at, copies = shapes.split_axis(op), 0, []
    whole = View.dense(shapes.split_input(op))
    for i, tensor in enumerate(op.outputs):
        extent = tensor.shape[axis]
        copies.append((0, whole.cut(axis, at, extent), i, View.dense(tensor.shape)))
        at += extent
    return _plan(op, *copies)


def pack(op: Operator) -> CopyPlan:
    axis = shapes.pack_axis(op)
    whole = View.dense(op.output.shape)
    part = View.dense(op.input(0).shape).repeated(axis, 1)
    return _plan(op, *((i, part, 0, whole.cut(axis, i, 1)) for i in range(len(op.inputs))))


def unpack(op: Operator) -> CopyPlan:
    axis = shapes.unpack_axis(op)
    whole = View.dense(op.input(0).shape)
    part = View.dense(op.outputs[0].shape).repeated(axis, 1)
    return _plan(op, *((0, whole.cut(axis, i, 1), i, part) for i in range(len(op.outputs))))


# ---- parts -------------------------------------------------------------------------------------
def slice_(op: Operator) -> CopyPlan:
    view = View.dense(op.input(0).shape)
    for axis, (start, count) in enumerate(shapes.slice_ranges(op)):
        view = view.cut(axis, start, count)
    return _to_output(op, view)


def strided_slice(op: Operator) -> CopyPlan:
    view = View.dense(op.input(0).shape)
    for axis, cut in enumerate(shapes.strided_ranges(op)):
        view = view.cut(axis, cut.start, cut.length, cut.step)
    return _to_output(op, view)


def reverse(op: Operator) -> CopyPlan:
    view = View.dense(op.input(0).shape)
    for axis in shapes.axes_of(op, 1):
        extent = view.extents[axis]
        view = view.cut(axis, extent - 1, extent, -1)
    return _to_output(op, view)


# ---- another order -----------------------------------------------------------------------------
def transpose(op: Operator) -> CopyPlan:
    return _to_output(op, View.dense(op.input(0).shape).permuted(shapes.permutation(op)))


def space_to_depth(op: Operator) -> CopyPlan:
    assert isinstance(op.options, BlockOptions)
    block = op.options.block_size
    view = View.dense(op.input(0).shape).split(2, block).split(1, block)  # n, y, by, x, bx, c
    return _to_output(op, view.permuted((0, 1, 3, 2, 4, 5)))


def depth_to_space(op: Operator) -> CopyPlan:
    assert isinstance(op.options, BlockOptions)
    block, channels = op.options.block_size, op.output.shape[3]
    view = View.dense(op.input(0).shape).split(3, channels).split(3, block)  # n, y, x, by, bx, c
    return _to_output(op, view.permuted((0, 1, 3, 2, 4, 5)))


def space_to_batch(op: Operator) -> CopyPlan:
    """Padding with the zero point, which is 0 where there is none."""
    blocks, pads = shapes.blocks(op), shapes.block_pairs(op)
    copies = _block_copies(op, blocks, pads, op.input(0).shape, op.output.shape)
    q = op.output.quantization
    value = 0 if q is None else q.zero_points[0]
    return CopyPlan(tuple(copies), _element(op, value) if any(map(any, pads)) else b"")


def batch_to_space(op: Operator) -> CopyPlan:
    blocks, crops = shapes.blocks(op), shapes.block_pairs(op)
    copies = _block_copies(op, blocks, crops, op.output.shape, op.input(0).shape)
    return CopyPlan(tuple(copies))


def _block_copies(
    op: Operator,
    blocks: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    image: Sequence[int],
    batched: Sequence[int],
) -> list[Copy]:
    """One for each place in a block, between a tensor of images and one of batches of them.

    ``pairs`` are elements around the image that only the other tensor has room for.
    """
    to_batch = tuple(op.input(0).shape) == tuple(image)
    copies = []
    n = image[0]
    for number, place in enumerate(itertools.product(*map(range, blocks))):
        images = View.dense(image)
        others = View.dense(batched).cut(0, number * n, n)
        empty = False
        for i, (at, block, (before, _)) in enumerate(zip(place, blocks, pairs, strict=True)):
            # Index j of the batched tensor is index j * block + at - before of the image.
            first = max(0, -((at - before) // block))
            last = min(batched[i + 1], -((at - before - image[i + 1]) // block))
            empty |= last <= first
            images = images.cut(i + 1, first * block + at - before, last - first, block)
            others = others.cut(i + 1, first, last - first)
        if not empty:
            source, target = (images, others) if to_batch else (others, images)
            copies.append(copy_of(0, source, 0, target, element_bytes(op.output)))
    return copies


# ---- more than there was -----------------------------------------------------------------------
def _element(op: Operator, value: float) -> bytes:
    dtype = op.outputs[0].dtype.numpy
    assert dtype is not None
    return np.array(value, dtype).tobytes()


def padding(op: Operator) -> CopyPlan:
    """Of PAD and PADV2."""
    value: float = pad(op).value
    if len(op.inputs) > 2:
        data = op.input(2).data
        assert data is not None
        value = data.reshape(-1)[0]
    place = View.dense(op.output.shape)
    for axis, ((before, _), n) in enumerate(
        zip(shapes.paddings(op), op.input(0).shape, strict=True)
    ):
        place = place.cut(axis, before, n)
    copies = _plan(op, (0, View.dense(op.input(0).shape), 0, place)).copies
    return CopyPlan(copies, _element(op, value))


def mirror_pad(op: Operator) -> CopyPlan:
    """The middle, and one copy for each side, edge and corner."""
    assert isinstance(op.options, MirrorPadOptions)
    skip = 1 - op.options.mode  # the border element is not repeated
    shape = op.input(0).shape
    choices = []
    for (before, after), n in zip(shapes.paddings(op), shape, strict=True):
        parts = [(before, 0, n, 1)]  # place, start, count, step
        if before:
            parts.append((0, before - 1 + skip, before, -1))
        if after:
            parts.append((before + n, n - 1 - skip, after, -1))
        choices.append(parts)
    copies = []
    for chosen in itertools.product(*choices):
        view, place = View.dense(shape), View.dense(op.output.shape)
        for axis, (at, start, count, step) in enumerate(chosen):
            view, place = view.cut(axis, start, count, step), place.cut(axis, at, count)
        copies.append((0, view, 0, place))
    return _plan(op, *copies)


def tile(op: Operator) -> CopyPlan:
    view, place = View.dense(op.input(0).shape), View.dense(op.output.shape)
    for axis in reversed(range(len(view.extents))):
        extent = view.extents[axis]
        view = view.repeated(axis, op.output.shape[axis] // extent)
        place = place.split(axis, extent)
    return _plan(op, (0, view, 0, place))


def broadcast(op: Operator) -> CopyPlan:
    """Of BROADCAST_TO, and of FILL, whose value is a scalar operand."""
    view, shape = View.dense(op.input(1 if op.kind.name == "FILL" else 0).shape), op.output.shape
    for _ in range(len(shape) - len(view.extents)):
        view = view.repeated(0, 1)
    steps = zip(view.extents, view.steps, strict=True)
    view = View(0, shape, tuple(0 if extent == 1 else step for extent, step in steps))
    return _plan(op, (0, view, 0, View.dense(shape)))


def zeros(op: Operator) -> CopyPlan:
    return CopyPlan((), _element(op, 0))


Planner = Callable[[Operator], CopyPlan]
