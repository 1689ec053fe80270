"""Sparse weights, behind a DENSIFY, against LiteRT."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.errors import ModelError
from compiler.tflite_reader import read_model
from sim.reference import Reference
from tests.kernel_check import check_accelerator, input_sets, repeat_with, seeds, small
from tests.model_builder import DType, Kind, ModelBuilder, schema

SHAPE = (6, 8)
CASES = {"rows": ([0, 1], 1), "columns": ([1, 0], 1), "blocks": ([0, 1, 2], 4)}


def dimension(size: int) -> object:
    return schema.DimensionMetadataT(format=0, denseSize=size)


def sparse_dimension(segments: list[int], indices: list[int]) -> object:
    return schema.DimensionMetadataT(
        format=1,
        arraySegmentsType=schema.SparseIndexVector.Uint16Vector,
        arraySegments=schema.Uint16VectorT(values=np.array(segments, np.uint16)),
        arrayIndicesType=schema.SparseIndexVector.Uint8Vector,
        arrayIndices=schema.Uint8VectorT(values=np.array(indices, np.uint8)),
    )


def packed(weights: np.ndarray, order: list[int], block: int) -> tuple[np.ndarray, object]:
    """The elements that are kept, and the table that says where they lie: dense over the first
    dimension of the order, sparse over blocks of the second."""
    walked = weights.transpose(order[:2]).reshape(weights.shape[order[0]], -1, block)
    kept = walked.any(axis=2)
    segments = [0, *np.cumsum(kept.sum(axis=1)).tolist()]
    levels = [dimension(len(walked)), sparse_dimension(segments, np.nonzero(kept)[1].tolist())]
    if block > 1:
        levels.append(dimension(block))
    table = schema.SparsityParametersT(
        traversalOrder=np.array(order, np.int32),
        blockMap=np.array([1] if block > 1 else [], np.int32),
        dimMetadata=levels,
    )
    return walked[kept].reshape(-1), table


def model(name: str, seed: int) -> tuple[ModelBuilder, int, np.ndarray]:
    b = ModelBuilder(seed)
    order, block = CASES[name]
    weights = b.rng.standard_normal(SHAPE).astype(np.float32)
    weights *= np.repeat(b.rng.random((SHAPE[0], SHAPE[1] // block)) < 0.4, block, axis=1)
    values, table = packed(weights, order, block)
    x = b.tensor((2, SHAPE[1]), dtype=DType.FLOAT32)
    b.subgraph.inputs.append(x)
    sparse = b.tensor(SHAPE, dtype=DType.FLOAT32, data=values)
    b.subgraph.tensors[sparse].sparsity = table
    dense, y = b.tensor(SHAPE, dtype=DType.FLOAT32), b.tensor((2, SHAPE[0]), dtype=DType.FLOAT32)
    b.operator(Kind.DENSIFY, [sparse], [dense])
    b.operator(Kind.FULLY_CONNECTED, [x, dense], [y], schema.FullyConnectedOptionsT())
    return b, y, weights


@pytest.mark.parametrize("name", CASES)
def test_sparse_weights_are_those_of_litert(name: str) -> None:
    for seed in seeds(3):
        b, y, weights = model(name, seed)
        reference = Reference(b.build(y))
        np.testing.assert_array_equal(reference.graph.operators[0].input(0).data, weights)
        runs, where = input_sets(reference, seed, 1), repeat_with(seed, name)
        assert check_accelerator(reference, small(), runs, where) == ["core"]


@pytest.mark.parametrize("missing", [1, 2])
def test_sparse_weights_with_too_few_elements_are_refused(missing: int) -> None:
    b, y, _ = model("rows", 1)
    tensor = next(t for t in b.subgraph.tensors if t.sparsity is not None)
    b.model.buffers[tensor.buffer].data = b.model.buffers[tensor.buffer].data[: -4 * missing]
    with pytest.raises(ModelError, match="is sparse, and it holds [0-9]+ elements for"):
        read_model(b.build(y))


def test_sparse_weights_with_indices_beyond_the_shape_are_refused() -> None:
    b, y, _ = model("rows", 1)
    tensor = next(t for t in b.subgraph.tensors if t.sparsity is not None)
    tensor.sparsity.dimMetadata[1].arrayIndices.values[0] = 99
    with pytest.raises(ModelError, match="is sparse, and its dimension 1 has other indices"):
        read_model(b.build(y))
