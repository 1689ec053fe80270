"""Random models of one operator each that moves data, over the types that the reference has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.model_builder import Activation, DType, ModelBuilder, schema
from tests.model_builder import Kind as Op
from tests.typed import int32, typed, typed_input

Case = Callable[[ModelBuilder], list[int]]

INT8, INT16, INT32, INT64, FLOAT32, BOOL = (
    DType.INT8,
    DType.INT16,
    DType.INT32,
    DType.INT64,
    DType.FLOAT32,
    DType.BOOL,
)


def choice(b: ModelBuilder, *values: Any) -> Any:
    return values[int(b.rng.integers(len(values)))]


def sizes(b: ModelBuilder, rank: int) -> list[int]:
    return [choice(b, 1, 2, 3, 4, 5, 9) for _ in range(rank)]


def one(
    b: ModelBuilder,
    kind: int,
    shape: Sequence[int],
    output: Sequence[int],
    *,
    types: Sequence[int],
    operands: Sequence[int] = (),
    options: Any = None,
) -> list[int]:
    """An operator with one data operand and one output."""
    dtype = choice(b, *types)
    x = typed_input(b, shape, dtype)
    y = typed(b, output, dtype, x)
    b.operator(kind, [x, *operands], [y], options)
    return [y]


def concatenation(b: ModelBuilder) -> list[int]:
    rank = choice(b, 1, 2, 3, 4, 4)
    shape, axis = sizes(b, rank), int(b.rng.integers(rank))
    dtype = choice(b, INT8, INT8, INT16, INT32, INT64, FLOAT32, BOOL)
    inputs, total = [], 0
    for i in range(choice(b, 1, 2, 2, 3, 10)):
        own = list(shape)
        own[axis] = choice(b, 1, 2, 3, 8)
        total += own[axis]
        like = inputs[0] if inputs else None
        if i and choice(b, 0, 0, 0, 1):
            data = b.rng.integers(0, 2 if dtype == BOOL else 100, own)
            inputs.append(_constant(b, data, dtype, like))
        else:
            inputs.append(typed_input(b, own, dtype, like))
    shape[axis] = total
    y = typed(b, shape, dtype, inputs[0])
    options = schema.ConcatenationOptionsT(
        axis=choice(b, axis, axis - rank), fusedActivationFunction=Activation.NONE
    )
    b.operator(Op.CONCATENATION, inputs, [y], options)
    return [y]


def _constant(b: ModelBuilder, data: np.ndarray, dtype: int, like: int | None) -> int:
    index = typed(b, data.shape, dtype, like)
    numpy = {INT8: "i1", INT16: "<i2", INT32: "<i4", INT64: "<i8", FLOAT32: "<f4", BOOL: "?"}
    raw = np.frombuffer(data.astype(numpy[dtype]).tobytes(), np.uint8)
    b.subgraph.tensors[index].buffer = len(b.model.buffers)
    b.model.buffers.append(schema.BufferT(data=raw))
    return index


def split(b: ModelBuilder) -> list[int]:
    rank = choice(b, 1, 2, 3, 4)
    shape, axis, n = sizes(b, rank), int(b.rng.integers(rank)), choice(b, 1, 2, 3, 4)
    dtype = choice(b, INT8, INT8, INT16, INT32, FLOAT32)
    part = list(shape)
    shape[axis] *= n
    x = typed_input(b, shape, dtype)
    outputs = [typed(b, part, dtype, x) for _ in range(n)]
    position = int32(b, choice(b, axis, axis - rank))
    b.operator(Op.SPLIT, [position, x], outputs, schema.SplitOptionsT(numSplits=n))
    return outputs


def split_v(b: ModelBuilder) -> list[int]:
    rank = choice(b, 1, 2, 3, 4)
    shape, axis = sizes(b, rank), int(b.rng.integers(rank))
    parts = [choice(b, 1, 2, 3, 7) for _ in range(choice(b, 1, 2, 3))]
    dtype = choice(b, INT8, INT8, INT16, INT32, FLOAT32)
    shape[axis] = sum(parts)
    x = typed_input(b, shape, dtype)
    outputs = [typed(b, [*shape[:axis], n, *shape[axis + 1 :]], dtype, x) for n in parts]
    operands = [x, int32(b, parts), int32(b, choice(b, axis, axis - rank))]
    b.operator(Op.SPLIT_V, operands, outputs, schema.SplitVOptionsT(numSplits=len(parts)))
    return outputs


def pack(b: ModelBuilder) -> list[int]:
    rank, n = choice(b, 1, 2, 3), choice(b, 1, 2, 3, 5)
    shape, axis = sizes(b, rank), int(b.rng.integers(rank + 1))
    dtype = choice(b, INT8, INT32, FLOAT32)
    inputs: list[int] = []
    for _ in range(n):
        inputs.append(typed_input(b, shape, dtype, inputs[0] if inputs else None))
    y = typed(b, [*shape[:axis], n, *shape[axis:]], dtype, inputs[0])
    options = schema.PackOptionsT(valuesCount=n, axis=choice(b, axis, axis - rank - 1))
    b.operator(Op.PACK, inputs, [y], options)
    return [y]


def unpack(b: ModelBuilder) -> list[int]:
    rank, n = choice(b, 2, 3, 4), choice(b, 1, 2, 3, 5)
    shape, axis = sizes(b, rank), int(b.rng.integers(rank))
    dtype = choice(b, INT8, INT32, FLOAT32)
    shape[axis] = n
    x = typed_input(b, shape, dtype)
    outputs = [typed(b, [*shape[:axis], *shape[axis + 1 :]], dtype, x) for _ in range(n)]
    options = schema.UnpackOptionsT(num=n, axis=choice(b, axis, axis - rank))
    b.operator(Op.UNPACK, [x], outputs, options)
    return outputs


def slice_(b: ModelBuilder) -> list[int]:
    shape = sizes(b, choice(b, 1, 2, 3, 4, 5))
    begin = [int(b.rng.integers(n)) for n in shape]
    count = [int(b.rng.integers(1, n - at + 1)) for n, at in zip(shape, begin, strict=True)]
    size = [
        choice(b, c, c, -1) if c == n - at else c
        for n, at, c in zip(shape, begin, count, strict=True)
    ]
    wide = np.int64 if choice(b, 0, 0, 1) else np.int32
    operands = [b.constant(np.array(values, wide)) for values in (begin, size)]
    return one(
        b,
        Op.SLICE,
        shape,
        count,
        types=(INT8, INT16, INT32, FLOAT32, BOOL),
        operands=operands,
    )


def strided_slice(b: ModelBuilder) -> list[int]:
    shape = sizes(b, choice(b, 1, 2, 3, 4))
    begins, ends, steps, masks, out = [], [], [], [0, 0, 0], []
    for i, n in enumerate(shape):
        while True:
            begin, end = (int(v) for v in b.rng.integers(-n - 1, n + 2, 2))
            step, mask = choice(b, 1, 1, 2, 3, -1, -2), int(b.rng.integers(8))
            mask &= choice(b, 3, 7)
            if mask & 4:
                step, begin, mask = 1, int(b.rng.integers(-n, n)), 4
            cut = slice(None if mask & 1 else begin, None if mask & 2 else end, step)
            count = 1 if mask & 4 else len(range(n)[cut])
            if count:
                break
        begins.append(begin)
        ends.append(end)
        steps.append(step)
        for bit in range(3):
            masks[bit] |= (mask >> bit & 1) << i
        if not mask & 4:
            out.append(count)
    options = schema.StridedSliceOptionsT(
        beginMask=masks[0], endMask=masks[1], shrinkAxisMask=masks[2]
    )
    operands = [int32(b, values) for values in (begins, ends, steps)]
    return one(
        b,
        Op.STRIDED_SLICE,
        shape,
        out,
        types=(INT8, INT16, INT32, FLOAT32, BOOL),
        operands=operands,
        options=options,
    )


def slice_of_some(b: ModelBuilder) -> list[int]:
    """A STRIDED_SLICE that leaves dimensions out, or puts new ones in; LiteRT's alone."""
    shape = sizes(b, choice(b, 2, 3, 4))
    named = choice(b, 1, len(shape) - 1)
    items = ["extent"] * named
    for kind in b.rng.choice(["ellipsis", "new"], choice(b, 0, 1, 2), replace=False):
        items.insert(int(b.rng.integers(len(items) + 1)), str(kind))
    begins, ends, index, masks = [], [], [], dict.fromkeys(("ellipsis", "new", "shrunk"), 0)
    axis = 0
    for i, item in enumerate(items):
        begin, end = 0, 0
        if item == "ellipsis":
            axis -= named  # counted from the end behind it
            index.append(Ellipsis)
        elif item == "new":
            index.append(None)
        else:
            begin = int(b.rng.integers(shape[axis]))
            end = int(b.rng.integers(begin, shape[axis])) + 1
            item = choice(b, "extent", "shrunk")
            index.append(begin if item == "shrunk" else slice(begin, end))
            axis += 1
        if item in masks:
            masks[item] |= 1 << i
        begins.append(begin)
        ends.append(end)
    out = np.empty(shape)[tuple(index)].shape
    operands = [int32(b, values) for values in (begins, ends, [1] * len(begins))]
    options = schema.StridedSliceOptionsT(
        ellipsisMask=masks["ellipsis"],
        newAxisMask=masks["new"],
        shrinkAxisMask=masks["shrunk"],
    )
    types = (INT8, INT16, FLOAT32)
    return one(b, Op.STRIDED_SLICE, shape, out, types=types, operands=operands, options=options)


def transpose(b: ModelBuilder) -> list[int]:
    shape = sizes(b, choice(b, 1, 2, 3, 4, 5)) if choice(b, 0, 1, 1) else [2, 3, 1, 2, 3, 4]
    order = b.rng.permutation(len(shape))
    out = [shape[i] for i in order]
    return one(
        b, Op.TRANSPOSE, shape, out, types=(INT8, INT16, FLOAT32), operands=[int32(b, order)]
    )


def reverse_v2(b: ModelBuilder) -> list[int]:
    shape = sizes(b, choice(b, 1, 2, 3, 4))
    axis = int(b.rng.integers(len(shape)))
    types = (INT8, INT16, INT32, FLOAT32)
    return one(b, Op.REVERSE_V2, shape, shape, types=types, operands=[int32(b, [axis])])


def space_to_depth(b: ModelBuilder) -> list[int]:
    block = choice(b, 1, 2, 3)
    n, h, w, c = choice(b, 1, 2), choice(b, 1, 2, 3), choice(b, 1, 2, 3), choice(b, 1, 3, 8)
    return one(
        b,
        Op.SPACE_TO_DEPTH,
        [n, h * block, w * block, c],
        [n, h, w, c * block * block],
        types=(INT8, FLOAT32),
        options=schema.SpaceToDepthOptionsT(blockSize=block),
    )


def depth_to_space(b: ModelBuilder) -> list[int]:
    block = choice(b, 1, 2, 3)
    n, h, w, c = choice(b, 1, 2), choice(b, 1, 2, 3), choice(b, 1, 2, 3), choice(b, 1, 3, 8)
    return one(
        b,
        Op.DEPTH_TO_SPACE,
        [n, h, w, c * block * block],
        [n, h * block, w * block, c],
        types=(INT8, FLOAT32),
        options=schema.DepthToSpaceOptionsT(blockSize=block),
    )


def space_to_batch_nd(b: ModelBuilder) -> list[int]:
    """Without padding, for which the reference takes a value that it does not initialise."""
    dims = choice(b, 1, 2, 2)
    blocks = [choice(b, 1, 2, 3) for _ in range(dims)]
    out = [choice(b, 1, 2, 3) for _ in range(dims)]
    image = [count * block for count, block in zip(out, blocks, strict=True)]
    pads = [[0, 0]] * dims
    n, c = choice(b, 1, 2), choice(b, 1, 3, 8)
    return one(
        b,
        Op.SPACE_TO_BATCH_ND,
        [n, *image, c],
        [n * int(np.prod(blocks)), *out, c],
        types=(INT8, FLOAT32),
        operands=[int32(b, blocks), int32(b, pads)],
    )


def batch_to_space_nd(b: ModelBuilder) -> list[int]:
    dims = choice(b, 1, 2, 2)
    blocks = [choice(b, 1, 2, 3) for _ in range(dims)]
    image, crops, out = [], [], []
    for block in blocks:
        count = choice(b, 1, 2, 3)
        before = int(b.rng.integers(0, count * block))
        after = int(b.rng.integers(0, count * block - before))
        image.append(count)
        crops.append([before, after])
        out.append(count * block - before - after)
    n, c = choice(b, 1, 2), choice(b, 1, 3, 8)
    return one(
        b,
        Op.BATCH_TO_SPACE_ND,
        [n * int(np.prod(blocks)), *image, c],
        [n, *out, c],
        types=(INT8, FLOAT32),
        operands=[int32(b, blocks), int32(b, crops)],
    )


def _padded(
    b: ModelBuilder, shape: list[int], limits: list[int]
) -> tuple[list[list[int]], list[int]]:
    pads = [
        [int(v) for v in b.rng.integers(0, limit + 1, 2)] if choice(b, 0, 1) else [0, 0]
        for limit in limits
    ]
    return pads, [n + sum(pair) for n, pair in zip(shape, pads, strict=True)]


def pad(b: ModelBuilder) -> list[int]:
    shape = sizes(b, choice(b, 1, 2, 3, 4, 4, 5))
    pads, out = _padded(b, shape, [3] * len(shape))
    dtype = choice(b, INT8, INT8, INT16, INT32, FLOAT32)
    x = typed_input(b, shape, dtype)
    y = typed(b, out, dtype, choice(b, x, x, None) if dtype == INT8 else x)
    b.operator(Op.PAD, [x, int32(b, pads)], [y], schema.PadOptionsT())
    return [y]


def padv2(b: ModelBuilder) -> list[int]:
    shape = sizes(b, choice(b, 1, 2, 3, 4, 4, 5))
    pads, out = _padded(b, shape, [3] * len(shape))
    dtype = choice(b, INT8, INT8, INT16, INT32, FLOAT32)
    x = typed_input(b, shape, dtype)
    value = _constant(b, np.array([choice(b, 0, -5, 77, -128)]), dtype, x)
    b.subgraph.tensors[value].shape = choice(b, np.zeros(0, np.int32), np.ones(1, np.int32))
    y = typed(b, out, dtype, x)
    b.operator(Op.PADV2, [x, int32(b, pads), value], [y], schema.PadV2OptionsT())
    return [y]


def mirror_pad(b: ModelBuilder) -> list[int]:
    shape, mode = sizes(b, choice(b, 1, 2, 3, 4)), choice(b, 0, 1)
    pads, out = _padded(b, shape, [n - 1 + mode for n in shape])
    return one(
        b,
        Op.MIRROR_PAD,
        shape,
        out,
        types=(INT8, FLOAT32),
        operands=[int32(b, pads)],
        options=schema.MirrorPadOptionsT(mode=mode),
    )


def broadcast_to(b: ModelBuilder) -> list[int]:
    out = sizes(b, choice(b, 1, 2, 3, 4, 5))
    shape = [choice(b, n, 1) for n in out][choice(b, 0, 0, len(out) - 1) :]
    return one(
        b, Op.BROADCAST_TO, shape, out, types=(INT8, INT32, FLOAT32), operands=[int32(b, out)]
    )


def fill(b: ModelBuilder) -> list[int]:
    out, dtype = sizes(b, choice(b, 1, 2, 3)), choice(b, INT8, INT32, FLOAT32)
    value = typed_input(b, [], dtype)
    y = typed(b, out, dtype, value)
    b.operator(Op.FILL, [int32(b, out), value], [y], schema.FillOptionsT())
    return [y]


def zeros_like(b: ModelBuilder) -> list[int]:
    shape = sizes(b, choice(b, 1, 2, 3, 4))
    return one(b, Op.ZEROS_LIKE, shape, shape, types=(INT8, INT32, INT64, FLOAT32))


def squeeze(b: ModelBuilder) -> list[int]:
    shape = [choice(b, 1, 1, 2, 3) for _ in range(choice(b, 1, 2, 3, 4))]
    ones = [i for i, n in enumerate(shape) if n == 1]
    axes = [choice(b, i, i - len(shape)) for i in ones if choice(b, 0, 1)]
    gone = {i % len(shape) for i in axes} if axes else set(ones)
    out = [n for i, n in enumerate(shape) if i not in gone]
    return one(
        b,
        Op.SQUEEZE,
        shape,
        out,
        types=(INT8, INT16, INT32, FLOAT32),
        options=schema.SqueezeOptionsT(squeezeDims=np.array(axes, np.int32)),
    )


def expand_dims(b: ModelBuilder) -> list[int]:
    shape = sizes(b, choice(b, 1, 2, 3))
    axis = int(b.rng.integers(len(shape) + 1))
    position = int32(b, [choice(b, axis, axis - len(shape) - 1)])
    out = [*shape[:axis], 1, *shape[axis:]]
    return one(b, Op.EXPAND_DIMS, shape, out, types=(INT8, FLOAT32), operands=[position])


MOVEMENT: dict[str, Case] = {
    case.__name__.rstrip("_"): case
    for case in (
        concatenation,
        split,
        split_v,
        pack,
        unpack,
        slice_,
        strided_slice,
        slice_of_some,
        transpose,
        reverse_v2,
        space_to_depth,
        depth_to_space,
        space_to_batch_nd,
        batch_to_space_nd,
        pad,
        padv2,
        mirror_pad,
        broadcast_to,
        fill,
        zeros_like,
        squeeze,
        expand_dims,
    )
}
