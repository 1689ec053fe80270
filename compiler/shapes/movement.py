"""Operators that move data without changing it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from compiler.options import (
    BlockOptions,
    ConcatenationOptions,
    MirrorPadOptions,
    PackOptions,
    SplitOptions,
    SqueezeOptions,
    StridedSliceOptions,
    UnpackOptions,
)
from compiler.shapes import (
    Shape,
    ShapeError,
    dimension,
    integers,
    ranked,
    shape_of,
    shape_text,
)

if TYPE_CHECKING:
    from compiler.graph import Operator


# ---- padding and repeating ---------------------------------------------------------------------
def paddings(op: Operator) -> tuple[tuple[int, int], ...]:
    """What a PAD adds before and after each dimension."""
    table, rank = integers(op, 1), len(shape_of(op, 0))
    if len(table) != 2 * rank or min(table, default=0) < 0:
        raise ShapeError(f"its paddings are {table} for an input of {rank} dimensions")
    return tuple((table[2 * i], table[2 * i + 1]) for i in range(rank))


def pad(op: Operator) -> Shape:
    pairs = zip(shape_of(op, 0), paddings(op), strict=True)
    return tuple(before + n + after for n, (before, after) in pairs)


def mirror_pad(op: Operator) -> Shape:
    assert isinstance(op.options, MirrorPadOptions)
    if op.options.mode not in (0, 1):
        raise ShapeError(f"its mode is {op.options.mode}")
    for n, pair in zip(shape_of(op, 0), paddings(op), strict=True):
        if max(pair) > n - 1 + op.options.mode:
            raise ShapeError(f"it mirrors {max(pair)} elements of a dimension of {n}")
    return pad(op)


def tile(op: Operator) -> Shape:
    shape, multiples = shape_of(op, 0), integers(op, 1)
    if len(multiples) != len(shape) or min(multiples, default=1) < 1:
        raise ShapeError(f"its multiples are {multiples} for an input of {len(shape)} dimensions")
    return tuple(n * times for n, times in zip(shape, multiples, strict=True))


def broadcast_to(op: Operator) -> Shape:
    shape, new = shape_of(op, 0), integers(op, 1)
    own = (1,) * (len(new) - len(shape)) + shape
    if len(own) != len(new) or any(a not in (1, b) for a, b in zip(own, new, strict=True)):
        raise ShapeError(f"{shape_text(shape)} cannot be broadcast to {new}")
    return tuple(new)


def fill(op: Operator) -> Shape:
    if math.prod(shape_of(op, 1)) != 1:
        raise ShapeError(f"its value is {shape_text(shape_of(op, 1))} where a scalar is due")
    return tuple(integers(op, 0))


# ---- joining and taking apart ------------------------------------------------------------------
def concatenation_axis(op: Operator) -> int:
    assert isinstance(op.options, ConcatenationOptions)
    return dimension(op.options.axis, len(shape_of(op, 0)))


def concatenation(op: Operator) -> Shape:
    axis, first = concatenation_axis(op), shape_of(op, 0)
    total = 0
    for i in range(len(op.inputs)):
        shape = ranked(op, i, len(first))
        if any(n != m for j, (n, m) in enumerate(zip(shape, first, strict=True)) if j != axis):
            raise ShapeError(
                f"its operand {i} is {shape_text(shape)}, which does not fit {shape_text(first)}"
                f" beside dimension {axis}"
            )
        total += shape[axis]
    return (*first[:axis], total, *first[axis + 1 :])


def _is_split_v(op: Operator) -> bool:
    return len(op.inputs) == 3


def split_input(op: Operator) -> Shape:
    return shape_of(op, 0 if _is_split_v(op) else 1)


def split_axis(op: Operator) -> int:
    axes = integers(op, 2 if _is_split_v(op) else 0)
    if len(axes) != 1:
        raise ShapeError(f"its axis is {axes}")
    return dimension(axes[0], len(split_input(op)))


def split(op: Operator) -> list[Shape]:
    """Of SPLIT and SPLIT_V."""
    assert isinstance(op.options, SplitOptions)
    axis, shape, n = split_axis(op), split_input(op), op.options.num_splits
    if _is_split_v(op):
        sizes = integers(op, 1)
        if sizes.count(-1) == 1:  # what is left
            sizes[sizes.index(-1)] = shape[axis] - sum(sizes) - 1
    else:
        sizes = [shape[axis] // max(1, n)] * n
    if len(sizes) != n or min(sizes, default=0) < 1 or sum(sizes) != shape[axis]:
        raise ShapeError(f"it splits a dimension of {shape[axis]} into {n}: {sizes}")
    return [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]


def pack_axis(op: Operator) -> int:
    assert isinstance(op.options, PackOptions)
    return dimension(op.options.axis, len(shape_of(op, 0)) + 1)


def pack(op: Operator) -> Shape:
    axis, first = pack_axis(op), shape_of(op, 0)
    for i in range(len(op.inputs)):
        if shape_of(op, i) != first:
            raise ShapeError(f"its operand {i} is not {shape_text(first)} as the first one is")
    return (*first[:axis], len(op.inputs), *first[axis:])


def unpack_axis(op: Operator) -> int:
    assert isinstance(op.options, UnpackOptions)
    return dimension(op.options.axis, len(shape_of(op, 0)))


def unpack(op: Operator) -> list[Shape]:
    axis, shape = unpack_axis(op), shape_of(op, 0)
    return [(*shape[:axis], *shape[axis + 1 :])] * shape[axis]


# ---- parts -------------------------------------------------------------------------------------
def slice_ranges(op: Operator) -> list[tuple[int, int]]:
    """First index and number of indices of each dimension."""
    shape, begin, size = shape_of(op, 0), integers(op, 1), integers(op, 2)
    if not len(begin) == len(size) == len(shape):
        raise ShapeError(f"it begins at {begin}, with sizes {size}, in {len(shape)} dimensions")
    ranges = [(b, n - b if s == -1 else s) for n, b, s in zip(shape, begin, size, strict=True)]
    if any(b < 0 or s < 1 or b + s > n for n, (b, s) in zip(shape, ranges, strict=True)):
        raise ShapeError(f"it takes {size} elements from {begin} on, of {shape_text(shape)}")
    return ranges


def slice_(op: Operator) -> Shape:
    return tuple(count for _, count in slice_ranges(op))


class StridedRange(NamedTuple):
    """``length`` indices of a dimension; a dropped one does not appear in the output."""

    start: int
    length: int
    step: int
    dropped: bool = False


def strided_parts(op: Operator) -> list[StridedRange | None]:
    """What a STRIDED_SLICE takes of each dimension; None where it puts a new one of extent 1.

    Dimensions that it does not speak of, behind the others or at an ellipsis, are taken whole.
    """
    options, shape = op.options, shape_of(op, 0)
    assert isinstance(options, StridedSliceOptions)
    begins, ends, steps = (integers(op, i) for i in (1, 2, 3))
    named = f"it takes {begins} to {ends} by {steps} of {shape_text(shape)}"
    if not len(begins) == len(ends) == len(steps) or 0 in steps:
        raise ShapeError(named)
    bits = range(len(begins))
    ellipses = [i for i in bits if options.ellipsis_mask >> i & 1]
    new = {i for i in bits if options.new_axis_mask >> i & 1} - set(ellipses)
    n_others = len(shape) - (len(begins) - len(ellipses) - len(new))
    if len(ellipses) > 1 or n_others < 0:
        raise ShapeError(named)
    parts: list[StridedRange | None] = []
    axis = 0
    for i in (*bits, len(begins)):
        if i in new:
            parts.append(None)
        elif i in ellipses or (i == len(begins) and not ellipses):
            parts += [StridedRange(0, n, 1) for n in shape[axis : axis + n_others]]
            axis += n_others
        elif i < len(begins):
            part = _strided_part(options, i, shape[axis], begins[i], ends[i], steps[i])
            if part is None:
                raise ShapeError(named)
            parts.append(part)
            axis += 1
    return parts


def _strided_part(
    options: StridedSliceOptions, i: int, n: int, begin: int, end: int, step: int
) -> StridedRange | None:
    """Of a dimension of ``n`` elements; None where it takes no element."""
    dropped = bool(options.shrink_axis_mask >> i & 1)
    first = None if options.begin_mask >> i & 1 else begin
    start, stop, step = slice(first, None if options.end_mask >> i & 1 else end, step).indices(n)
    count = 1 if dropped else len(range(start, stop, step))
    return StridedRange(start, count, step, dropped) if count and 0 <= start < n else None


def strided_ranges(op: Operator) -> list[StridedRange]:
    """The indices that a STRIDED_SLICE takes of each dimension of its input."""
    return [part for part in strided_parts(op) if part is not None]


def strided_slice(op: Operator) -> Shape:
    parts = strided_parts(op)
    return tuple(
        1 if part is None else part.length for part in parts if not (part and part.dropped)
    )


# ---- another order -----------------------------------------------------------------------------
def axes_of(op: Operator, position: int) -> list[int]:
    """Dimensions of operand 0 that a constant operand lists."""
    return [dimension(axis, len(shape_of(op, 0))) for axis in integers(op, position)]


def permutation(op: Operator) -> list[int]:
    order = axes_of(op, 1)
    if sorted(order) != list(range(len(shape_of(op, 0)))):
        raise ShapeError(f"its permutation is {order} for {len(shape_of(op, 0))} dimensions")
    return order


def transpose(op: Operator) -> Shape:
    shape = shape_of(op, 0)
    return tuple(shape[i] for i in permutation(op))


def _block_size(op: Operator) -> int:
    assert isinstance(op.options, BlockOptions)
    if op.options.block_size < 1:
        raise ShapeError(f"its block size is {op.options.block_size}")
    return op.options.block_size


def space_to_depth(op: Operator) -> Shape:
    block, (n, height, width, channels) = _block_size(op), ranked(op, 0, 4)
    if height % block or width % block:
        raise ShapeError(f"its input of {height}x{width} is not made of blocks of {block}")
    return n, height // block, width // block, channels * block * block


def depth_to_space(op: Operator) -> Shape:
    block, (n, height, width, channels) = _block_size(op), ranked(op, 0, 4)
    if channels % (block * block):
        raise ShapeError(f"its {channels} channels are not made of blocks of {block}x{block}")
    return n, height * block, width * block, channels // (block * block)


def blocks(op: Operator) -> list[int]:
    """Block sizes of the dimensions behind the batch."""
    sizes, rank = integers(op, 1), len(shape_of(op, 0))
    if len(sizes) != rank - 2 or min(sizes, default=1) < 1:
        raise ShapeError(f"its block sizes are {sizes} for {rank} dimensions")
    return sizes


def block_pairs(op: Operator) -> list[tuple[int, int]]:
    """What is added, or cropped, before and after each of the dimensions that have blocks."""
    table, n = integers(op, 2), len(blocks(op))
    if len(table) != 2 * n or min(table, default=0) < 0:
        raise ShapeError(f"its paddings or crops are {table} for {n} block sizes")
    return [(table[2 * i], table[2 * i + 1]) for i in range(n)]


def space_to_batch(op: Operator) -> Shape:
    n, *image, channels = shape_of(op, 0)
    sizes = []
    for extent, block, pair in zip(image, blocks(op), block_pairs(op), strict=True):
        if (extent + sum(pair)) % block:
            raise ShapeError(f"{extent} and paddings of {pair} are not made of blocks of {block}")
        sizes.append((extent + sum(pair)) // block)
    return n * math.prod(blocks(op)), *sizes, channels


def batch_to_space(op: Operator) -> Shape:
    n, *image, channels = shape_of(op, 0)
    if n % math.prod(blocks(op)):
        raise ShapeError(f"its batch of {n} is not made of blocks of {blocks(op)}")
    sizes = [
        extent * block - sum(pair)
        for extent, block, pair in zip(image, blocks(op), block_pairs(op), strict=True)
    ]
    if min(sizes, default=1) < 1:
        raise ShapeError(f"its crops {block_pairs(op)} leave nothing")
    return n // math.prod(blocks(op)), *sizes, channels


# ---- the same data by another name -------------------------------------------------------------
def any_of_same_size(op: Operator) -> Shape:
    """The output's own shape, as in the reference, which reads no operand but the data."""
    size = op.input(0).size
    if op.output.size != size:
        raise ShapeError(f"its output is {shape_text(op.output.shape)} for {size} elements")
    return op.output.shape


def squeeze(op: Operator) -> Shape:
    assert isinstance(op.options, SqueezeOptions)
    shape = shape_of(op, 0)
    axes = {dimension(axis, len(shape)) for axis in op.options.squeeze_dims}
    if any(shape[axis] != 1 for axis in axes):
        raise ShapeError(f"it squeezes dimensions {sorted(axes)} of {shape_text(shape)}")
    return tuple(n for i, n in enumerate(shape) if n != 1 or (axes and i not in axes))


def expand_dims(op: Operator) -> Shape:
    shape, axes = shape_of(op, 0), integers(op, 1)
    if len(axes) != 1:
        raise ShapeError(f"its axis is {axes}")
    axis = dimension(axes[0], len(shape) + 1)
    return (*shape[:axis], 1, *shape[axis:])
