"""Sparse constants, unpacked.

Dimensions, and the blocks that some are cut into, are levels of a tree: a dense one has every
index, a sparse one those that its segments and indices list. Leaves are the elements in the file.

Source: tensorflow/compiler/mlir/lite/schema/schema.fbs, SparsityParameters.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compiler.flatbuffer import MAX_BYTES, Record

_DENSE, _CSR = 0, 1


class SparsityError(Exception):
    """A sparse constant that contradicts itself; the text says how."""


def dense(values: NDArray[Any], shape: tuple[int, ...], sparsity: Record) -> NDArray[Any]:
    """All elements of a constant of which the file has some.

    ``sparsity`` is the table of the schema. Raises :class:`SparsityError`.
    """
    order, block_map = sparsity.traversal_order.tolist(), sparsity.block_map.tolist()
    levels = sparsity.dim_metadata
    rank = len(shape)
    if sorted(order) != list(range(rank + len(block_map))) or len(levels) != len(order):
        raise SparsityError("its dimensions are listed in no order")
    if len(set(block_map)) != len(block_map) or not set(block_map) <= set(range(rank)):
        raise SparsityError("its blocks are of no dimensions")
    if min(shape, default=0) < 1 or math.prod(shape) * values.itemsize > MAX_BYTES:
        raise SparsityError("its dimensions are beyond all limits")
    blocks = dict.fromkeys(range(rank), 1)
    for level, number in zip(levels, order, strict=True):
        if number >= rank:
            blocks[block_map[number - rank]] = level.dense_size
    places = np.zeros((1, rank), np.int64)
    # Every place leads to an element, or to a segment.
    segments = [0 if x.array_segments is None else len(x.array_segments.values) for x in levels]
    most = max([len(values), *segments])
    for level, number in zip(levels, order, strict=True):
        axis, step = (number, blocks[number]) if number < rank else (block_map[number - rank], 1)
        places, indices = _children(level, places, most)
        if len(indices) and not 0 <= indices.min() <= indices.max() < shape[axis]:
            raise SparsityError(f"its dimension {axis} has other indices")
        places[:, axis] += indices * step
    if len(places) != len(values) or (places >= np.array(shape, np.int64)).any():
        raise SparsityError(f"it holds {len(values)} elements for {len(places)} places")
    result = np.zeros(shape, values.dtype)
    result[tuple(places.T)] = values
    return result


def _children(
    level: Record, places: NDArray[np.int64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places for each index of a level below each place, and these indices."""
    n = len(places)
    if level.format == _DENSE:
        size = level.dense_size
        if size < 1 or n * size > most:
            raise SparsityError(f"a dimension has {size} indices")
        return np.repeat(places, size, axis=0), np.tile(np.arange(size, dtype=np.int64), n)
    if level.format != _CSR or level.array_segments is None or level.array_indices is None:
        raise SparsityError("a dimension is neither dense nor sparse")
    segments = level.array_segments.values.astype(np.int64)
    indices = level.array_indices.values.astype(np.int64)
    counts = np.diff(segments)
    if len(counts) != n or (counts < 0).any() or segments[0] or segments[-1] != len(indices):
        raise SparsityError("its segments do not fit its indices")
    return np.repeat(places, counts, axis=0), indices
