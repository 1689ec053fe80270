"""Filters of int4, two weights to a byte, against TensorFlow Lite Micro."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.errors import ModelError
from compiler.tflite_reader import read_model
from sim.reference import Reference
from tests.kernel_check import check_accelerator, input_sets, repeat_with, seeds, small
from tests.model_builder import DType, ModelBuilder

LAYERS = {
    "conv_2d": lambda b, x: b.conv2d(x, 7, (3, 3)),
    "depthwise_conv_2d": lambda b, x: b.depthwise_conv2d(x, 1, (3, 3)),
    "fully_connected": lambda b, x: b.fully_connected(x, 5, keep_num_dims=True),
}


def packed(values: np.ndarray) -> np.ndarray:
    """Two weights to a byte, the first in the lower half."""
    halves = values.astype(np.uint8).reshape(-1) & 15
    halves = np.append(halves, np.zeros(len(halves) % 2, np.uint8))
    return halves[::2] | halves[1::2] << 4


def with_filter_of_int4(b: ModelBuilder) -> np.ndarray:
    """Replaces the filter of the only operator; returns its weights."""
    (op,) = b.subgraph.operators
    tensor = b.subgraph.tensors[op.inputs[1]]
    weights = b.rng.integers(-8, 8, [int(n) for n in tensor.shape])
    b.model.buffers[tensor.buffer].data = packed(weights)
    tensor.type = DType.INT4
    return weights


@pytest.mark.parametrize("name", LAYERS)
def test_filters_of_int4_give_the_outputs_of_the_reference_kernel(name: str) -> None:
    for seed in seeds(4):
        b = ModelBuilder(seed)
        x = b.input((1, 5, 6, 3 if seed % 2 else 8))
        y = LAYERS[name](b, x)
        with_filter_of_int4(b)
        b.subgraph.tensors[y].quantization.scale = np.array([0.02], np.float32)
        reference = Reference(b.build(y))
        runs, where = input_sets(reference, seed), repeat_with(seed, name)
        assert check_accelerator(reference, small(), runs, where) == ["array"]


def test_weights_of_int4_are_read_as_int8() -> None:
    b = ModelBuilder(1)
    y = b.conv2d(b.input((1, 4, 4, 3)), 3, (1, 1))
    weights = with_filter_of_int4(b)
    filters = read_model(b.build(y)).operators[0].input(1)
    assert filters.dtype == DType.INT8
    np.testing.assert_array_equal(filters.data, weights)


def test_constants_of_int4_with_too_few_bytes_are_refused() -> None:
    b = ModelBuilder(1)
    y = b.conv2d(b.input((1, 4, 4, 3)), 3, (1, 1))
    with_filter_of_int4(b)
    buffer = b.model.buffers[b.subgraph.tensors[b.subgraph.operators[0].inputs[1]].buffer]
    buffer.data = buffer.data[:-1]
    with pytest.raises(ModelError, match="holds 4 bytes for 9 elements of type INT4"):
        read_model(b.build(y))
