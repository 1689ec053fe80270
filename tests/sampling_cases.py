"""Random models of one operator each that picks or interpolates elements."""

from __future__ import annotations

import numpy as np

from tests.model_builder import Kind as Op
from tests.model_builder import ModelBuilder, schema
from tests.movement_cases import FLOAT32, INT8, INT16, Case, choice, one, sizes
from tests.typed import int32, typed, typed_input


def gather(b: ModelBuilder) -> list[int]:
    rank = choice(b, 1, 2, 3, 4)
    shape, axis = sizes(b, rank), int(b.rng.integers(rank))
    batch = choice(b, 0, 0, int(b.rng.integers(axis + 1)))
    counts = [*shape[:batch], *sizes(b, choice(b, 0, 1, 2))]
    if len(shape) + len(counts) - 1 - batch > 5:
        counts = shape[:batch]
    indices = b.rng.integers(0, shape[axis], counts, np.int32)
    output = [*shape[:axis], *counts[batch:], *shape[axis + 1 :]]
    options = schema.GatherOptionsT(
        axis=choice(b, axis, axis - rank),
        batchDims=choice(b, batch, batch - len(counts)) if 0 < batch < len(counts) else batch,
    )
    operands = [b.constant(np.asarray(indices, np.int32))]
    return one(
        b, Op.GATHER, shape, output, types=(INT8, FLOAT32), operands=operands, options=options
    )


def gather_nd(b: ModelBuilder) -> list[int]:
    rank = choice(b, 1, 2, 3, 4)
    shape, depth = sizes(b, rank), int(b.rng.integers(1, rank + 1))
    counts = sizes(b, choice(b, 1, 2) if rank - depth < 3 else 1)
    indices = np.stack([b.rng.integers(0, n, counts, np.int32) for n in shape[:depth]], -1)
    output = [*counts, *shape[depth:]]
    operands = [b.constant(indices)]
    return one(b, Op.GATHER_ND, shape, output, types=(INT8, FLOAT32), operands=operands)


def dynamic_update_slice(b: ModelBuilder) -> list[int]:
    rank = choice(b, 1, 2, 3, 4)
    shape, dtype = sizes(b, rank), choice(b, INT8, INT16, FLOAT32)
    part = [int(b.rng.integers(1, n + 1)) for n in shape]
    x = typed_input(b, shape, dtype)
    update = typed_input(b, part, dtype, x)
    starts = int32(b, b.rng.integers(-2, 6, rank))
    y = typed(b, shape, dtype, x)
    b.operator(Op.DYNAMIC_UPDATE_SLICE, [x, update, starts], [y])
    return [y]


def embedding_lookup(b: ModelBuilder) -> list[int]:
    rows = sizes(b, choice(b, 2, 3))
    table = b.rng.integers(-128, 128, rows, np.int8)
    x = int32(b, b.rng.integers(0, rows[0], choice(b, 1, 5)))
    values = b.constant(table, scale=b.scale(), zero_point=0)
    y = b.activation([*b.shape(x), *rows[1:]], *b.quantisation(values))
    b.operator(Op.EMBEDDING_LOOKUP, [x, values], [y])
    return [y]


def _resize(b: ModelBuilder, kind: int, types: tuple[int, ...], options: object) -> list[int]:
    n, h, w, c = choice(b, 1, 2), *sizes(b, 2), choice(b, 1, 3, 8)
    new = [m * n for n in (h, w)] if (m := choice(b, 0, 1, 2, 3)) else sizes(b, 2)
    align = choice(b, 0, 0, 1)
    options.alignCorners = bool(align)  # type: ignore[attr-defined]
    options.halfPixelCenters = bool(not align and choice(b, 0, 1))  # type: ignore[attr-defined]
    operands, output = [int32(b, new)], [n, *new, c]
    return one(b, kind, [n, h, w, c], output, types=types, operands=operands, options=options)


def resize_bilinear(b: ModelBuilder) -> list[int]:
    types = (INT8, INT8, INT16, FLOAT32)
    return _resize(b, Op.RESIZE_BILINEAR, types, schema.ResizeBilinearOptionsT())


def resize_nearest_neighbor(b: ModelBuilder) -> list[int]:
    types = (INT8, INT8, INT16, FLOAT32)
    options = schema.ResizeNearestNeighborOptionsT()
    return _resize(b, Op.RESIZE_NEAREST_NEIGHBOR, types, options)


SAMPLING: dict[str, Case] = {
    case.__name__: case
    for case in (gather, gather_nd, dynamic_update_slice, resize_bilinear, resize_nearest_neighbor)
}
