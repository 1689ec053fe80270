"""Random networks of convolutions with all sorts of element-wise operators between them."""

from __future__ import annotations

import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from tests.elementwise_cases import I8, I32, F, add_tensor, pick
from tests.model_builder import Kind, ModelBuilder

# Functions of one operand, with what their output's quantisation must be (None: about the input's).
FUNCTIONS = {
    "LOGISTIC": (1 / 256, -128),
    "TANH": (1 / 128, 0),
    "HARD_SWISH": None,
    "LEAKY_RELU": None,
    "ELU": None,
    "RELU": None,
    "RELU6": None,
    "ABS": None,
    "QUANTIZE": None,
}


def function(b: ModelBuilder, kind: str, x: int) -> int:
    """One of :data:`FUNCTIONS` on an int8 tensor."""
    scale, zero_point = b.quantisation(x)
    quantisation = FUNCTIONS[kind]
    if kind == "RELU6":
        quantisation = (scale, zero_point)
    if quantisation is None:
        quantisation = (scale * 1.1, int(b.rng.integers(-40, 40)))
    y = add_tensor(b, I8, b.shape(x), *quantisation)
    options = schema.LeakyReluOptionsT(alpha=0.2) if kind == "LEAKY_RELU" else None
    b.operator(getattr(Kind, kind), [x], [y], options)
    return y


def _pair(b: ModelBuilder, kind: str, x: int, other: int) -> int:
    (a, _), (c, _) = b.quantisation(x), b.quantisation(other)
    scale = a * c * 90 if kind == "MUL" else max(a, c) * 1.2
    options = {"MUL": schema.MulOptionsT, "SUB": schema.SubOptionsT, "ADD": schema.AddOptionsT}
    y = add_tensor(b, I8, b.shape(x), scale, int(b.rng.integers(-20, 20)))
    b.operator(getattr(Kind, kind), [x, other], [y], options[kind]() if kind in options else None)
    return y


def _convolution(b: ModelBuilder, x: int) -> int:
    channels = b.shape(x)[3]
    if pick(b, True, False):
        return b.depthwise_conv2d(x, 1, (3, 3), scale=0.05, zero_point=3, filter_scale=2e-4)
    return b.conv2d(
        x, pick(b, channels, 5, 12), (1, 3), scale=0.05, zero_point=-9, filter_scale=1e-4
    )


def _grown(b: ModelBuilder, x: int, images: list[int]) -> int:
    match pick(b, 0, 0, 1, 1, 2, 3, 4, 5):
        case 0:
            return _convolution(b, x)
        case 1:
            return function(b, pick(b, *FUNCTIONS), x)
        case 2:
            same = [image for image in images if b.shape(image) == b.shape(x)]
            return _pair(b, pick(b, "ADD", "SUB", "MUL", "MAXIMUM"), x, pick(b, *same))
        case 3:
            n, _, _, channels = b.shape(x)
            scale, zero_point = b.quantisation(x)
            pooled = b.mean(x, (1, 2), True, scale=scale / 2, zero_point=zero_point // 2)
            return _pair(b, "MUL", x, function(b, "LOGISTIC", pooled))
        case 4:
            code = np.array([[int(b.rng.integers(-100, 100))]], np.int8)
            constant = b.constant(code, scale=0.02, zero_point=-3)
            return _pair(b, pick(b, "ADD", "SUB", "MUL", "MINIMUM"), x, constant)
        case _:
            scale, zero_point = b.quantisation(x)
            return b.max_pool2d(x, (2, 2), (1, 1), schema.Padding.SAME)


def activation_network(b: ModelBuilder, n_operators: int = 10) -> list[int]:
    """Adds a network; returns its outputs."""
    shape = (pick(b, 1, 2), pick(b, 4, 7), pick(b, 5, 8), pick(b, 3, 8))
    images = [b.input(shape, scale=0.05, zero_point=int(b.rng.integers(-90, 90)))]
    for _ in range(n_operators):
        images.append(_grown(b, images[pick(b, -1, -1, -1, max(-2, -len(images)))], images))
    read = {int(i) for op in b.subgraph.operators for i in op.inputs}
    outputs = [image for image in images[1:] if image not in read]
    last = images[-1]
    real = add_tensor(b, F, b.shape(last))
    b.operator(Kind.DEQUANTIZE, [last], [real])
    best = add_tensor(b, I32, b.shape(last)[:3])
    axis = b.constant(np.array([3], np.int32))
    b.operator(Kind.ARG_MAX, [real, axis], [best], schema.ArgMaxOptionsT(outputType=I32))
    total = add_tensor(b, I8, (b.shape(last)[0], b.shape(last)[3]), 0.2, 3)
    axes = b.constant(np.array([1, 2], np.int32))
    b.operator(Kind.SUM, [last, axes], [total], schema.ReducerOptionsT())
    return list(dict.fromkeys([*outputs, best, total]))


def gated_network(b: ModelBuilder) -> list[int]:
    """Adds a small network with fused, array and core operators that one core's memory holds."""
    x = b.input((1, 8, 9, 5), scale=0.05, zero_point=3)
    x = b.conv2d(x, 10, (3, 3), scale=0.04, zero_point=-3, filter_scale=2e-4)
    x = function(b, "HARD_SWISH", x)
    pooled = b.mean(x, (1, 2), True, scale=0.01, zero_point=-5)
    gate = b.conv2d(pooled, 10, (1, 1), scale=0.03, zero_point=0, filter_scale=5e-3)
    gated = _pair(b, "MUL", x, function(b, "LOGISTIC", gate))
    tanh = function(b, "TANH", gated)
    difference = _pair(b, "SUB", gated, tanh)
    best = add_tensor(b, I32, b.shape(x)[:3])
    axis = b.constant(np.array([3], np.int32))
    b.operator(Kind.ARG_MAX, [difference, axis], [best], schema.ArgMaxOptionsT(outputType=I32))
    return [tanh, difference, best]
