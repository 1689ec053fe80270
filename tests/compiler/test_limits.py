"""The limits of what is supported are those of TensorFlow Lite Micro, which may abort beyond."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from compiler import constraints
from compiler.errors import ModelError
from compiler.tflite_reader import read_model
from sim.reference import Reference, random_inputs
from tests.model_builder import Activation, ModelBuilder

Spoiled = Callable[[ModelBuilder], int]

RUN = """
import sys
from tflite_micro import runtime
data = sys.stdin.buffer.read()
runtime.Interpreter.from_bytes(data, arena_size=1 << 20).invoke()
"""


def reference_accepts(data: bytes) -> bool:
    """In a process of its own, which it may abort."""
    process = subprocess.run([sys.executable, "-c", RUN], input=data, capture_output=True)
    return process.returncode == 0


def _add_scale(beyond: bool) -> Spoiled:
    limit = np.float32(2.0**-19)

    def build(b: ModelBuilder) -> int:
        scale = limit if beyond else np.nextafter(limit, np.float32(1))
        return b.add(b.input((4,), scale=1.0), b.input((4,), scale=0.5), scale=float(scale))

    return build


def _softmax_scale(beyond: bool) -> Spoiled:
    limit = np.float32(2.0**-26)

    def build(b: ModelBuilder) -> int:
        scale = limit if beyond else np.nextafter(limit, np.float32(1))
        return b.softmax(b.input((4,), scale=float(scale)))

    return build


def _pool_scale(beyond: bool) -> Spoiled:
    def build(b: ModelBuilder) -> int:
        y = b.average_pool2d(b.input((1, 4, 4, 1), scale=0.5))
        b.subgraph.tensors[y].quantization.scale[:] = 0.5 + (1.1e-6 if beyond else 0.9e-6)
        return y

    return build


def _pool_zero_point(beyond: bool) -> Spoiled:
    def build(b: ModelBuilder) -> int:
        y = b.max_pool2d(b.input((1, 4, 4, 1), zero_point=3))
        b.subgraph.tensors[y].quantization.zeroPoint[:] = 4 if beyond else 3
        return y

    return build


def _bias_scale(beyond: bool) -> Spoiled:
    def build(b: ModelBuilder) -> int:
        y = b.fully_connected(b.input((1, 4), scale=1.0), filter_scale=1.0, scale=1.0)
        bias = b.subgraph.tensors[b.subgraph.operators[-1].inputs[2]]
        bias.quantization.scale[:] = 1.0201 if beyond else 1.0199
        return y

    return build


def _relu6(beyond: bool) -> Spoiled:
    def build(b: ModelBuilder) -> int:
        scale = np.float32(6 / 2**31) * np.float32(0.999 if beyond else 1.001)
        x = b.input((1, 3, 3, 1), scale=1e-8)
        return b.conv2d(x, 2, activation=Activation.RELU6, scale=float(scale), zero_point=0)

    return build


def _pad_rank(beyond: bool) -> Spoiled:
    rank = 6 if beyond else 5
    return lambda b: b.pad(b.input((1,) * rank), [(1, 0)] * rank)


def _softmax_output_scale(beyond: bool) -> Spoiled:
    def build(b: ModelBuilder) -> int:
        y = b.softmax(b.input((4,)))
        limit = np.float32(1 / 256)
        scale = np.nextafter(limit, np.float32(1)) if beyond else limit
        b.subgraph.tensors[y].quantization.scale[:] = scale
        return y

    return build


def _groups(beyond: bool) -> Spoiled:
    return lambda b: b.conv2d(b.input((1, 3, 3, 6)), 2 if beyond else 3, groups=3)


def _depthwise_bias(beyond: bool) -> Spoiled:
    def build(b: ModelBuilder) -> int:
        y = b.depthwise_conv2d(b.input((1, 3, 3, 2)), bias=False)
        if beyond:
            op = b.subgraph.operators[-1]
            op.inputs = np.append(op.inputs, np.int32(-1)).astype(np.int32)
        return y

    return build


@pytest.mark.parametrize(
    "limit",
    [
        _add_scale,
        _softmax_scale,
        _pool_scale,
        _pool_zero_point,
        _bias_scale,
        _relu6,
        _pad_rank,
        _softmax_output_scale,
        _groups,
        _depthwise_bias,
    ],
)
def test_limits_lie_where_the_reference_refuses_or_aborts(limit: Callable[[bool], Spoiled]) -> None:
    builders = ModelBuilder(1), ModelBuilder(1)
    inside, beyond = (b.build(limit(b is builders[1])(b)) for b in builders)
    assert reference_accepts(inside)
    reference = Reference(inside)
    reference.run(random_inputs(reference.graph, 1))
    with pytest.raises(ModelError):
        constraints.check(read_model(beyond))
    assert not reference_accepts(beyond)
