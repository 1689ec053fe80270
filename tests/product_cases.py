"""Random models of one operator each that sums products, beside those of tests.compiler.cases."""

from __future__ import annotations

import numpy as np

from tests.model_builder import (
    SAME,
    VALID,
    Activation,
    DType,
    ModelBuilder,
    schema,
    window_output,
)
from tests.model_builder import Kind as Op
from tests.movement_cases import Case, choice
from tests.typed import int32


def transpose_conv(b: ModelBuilder) -> list[int]:
    n, h, w = choice(b, 1, 1, 2), choice(b, 1, 2, 3, 5), choice(b, 1, 2, 4)
    channels, n_out = choice(b, 1, 3, 8, 17), choice(b, 1, 2, 8, 9)
    kernel = [choice(b, 1, 2, 3, 4, 5) for _ in range(2)]
    stride = [choice(b, 1, 2, 2, 3) for _ in range(2)]
    padding = choice(b, SAME, VALID)
    image = [
        size * step if padding == SAME else (size - 1) * step + max(k, 1)
        for size, step, k in zip((h, w), stride, kernel, strict=True)
    ]
    if choice(b, 0, 0, 1):  # a size between those that the next input sizes give
        image = [
            max(1, size - int(b.rng.integers(step)))
            for size, step in zip(image, stride, strict=True)
        ]
    x = b.input((n, h, w, channels))
    weights = b.rng.integers(-127, 128, (n_out, *kernel, channels), np.int8)
    scales = b.rng.uniform(0.001, 0.02, choice(b, 1, n_out))
    filters = b.constant(weights, scale=scales, zero_point=0, axis=0)
    operands = [int32(b, [n, *image, n_out]), filters, x]
    if choice(b, 0, 1):
        bias = b.rng.integers(-40_000, 40_000, n_out, np.int32)
        bias_scale = np.float32(b.quantisation(x)[0]) * scales.astype(np.float32)
        operands.append(b.constant(bias, scale=bias_scale, zero_point=0))
    taps = channels * max(1, kernel[0] // stride[0]) * max(1, kernel[1] // stride[1])
    y_scale = float(b.quantisation(x)[0] * scales.mean() * np.sqrt(taps) * 73)
    y = b.activation((n, *image, n_out), y_scale)
    options = schema.TransposeConvOptionsT(
        padding=padding,
        strideH=stride[0],
        strideW=stride[1],
        fusedActivationFunction=choice(b, Activation.NONE, Activation.RELU, Activation.RELU6),
    )
    b.operator(Op.TRANSPOSE_CONV, operands, [y], options)
    return [y]


# ---- int16 with int8 filters -------------------------------------------------------------------
def _filter_and_bias(
    b: ModelBuilder, x: int, shape: list[int], axis: int, per_channel: bool
) -> tuple[list[int], float]:
    """Operands behind the data, and an output scale that most sums fit."""
    n_out, taps = shape[axis], int(np.prod(shape)) // shape[axis]
    scales = b.rng.uniform(0.001, 0.02, n_out if per_channel else 1).astype(np.float32)
    weights = b.rng.integers(-127, 128, shape, np.int8)
    operands = [b.constant(weights, scale=scales, zero_point=0, axis=axis)]
    x_scale = b.quantisation(x)[0]
    types = (np.int64, np.int64, None if axis else np.int32, None)
    if dtype := choice(b, *types):
        spread = int(73 * 10_000 * taps**0.5)
        bias = b.rng.integers(-spread, spread, n_out).astype(dtype)
        operands.append(b.constant(bias, scale=np.float32(x_scale) * scales, zero_point=0))
    factor = choice(b, 1.0, 1.0, 1e-3, 1e3)
    return operands, float(x_scale * scales.mean() * taps**0.5 * 73 * factor)


def _int16(b: ModelBuilder, shape: list[int], scale: float) -> int:
    return b.tensor(shape, dtype=DType.INT16, scale=scale, zero_point=0)


def _wide_window(b: ModelBuilder) -> tuple[list[int], list[int], list[int], list[int], int]:
    """Kernel, stride, dilation, image and padding of a window that fits."""
    kernel = [choice(b, 1, 2, 3) for _ in range(2)]
    stride = [choice(b, 1, 1, 2, 3) for _ in range(2)]
    dilation = [choice(b, 1, 1, 2) for _ in range(2)]
    image = [(k - 1) * d + int(b.rng.integers(1, 6)) for k, d in zip(kernel, dilation, strict=True)]
    return kernel, stride, dilation, image, choice(b, SAME, VALID)


def _outputs(
    image: list[int], kernel: list[int], stride: list[int], dilation: list[int], padding: int
) -> list[int]:
    return [
        window_output(*axis, padding) for axis in zip(image, kernel, stride, dilation, strict=True)
    ]


def conv_2d_16x8(b: ModelBuilder) -> list[int]:
    kernel, stride, dilation, image, padding = _wide_window(b)
    groups, per_group, n = choice(b, 1, 1, 2), choice(b, 1, 3, 5), choice(b, 1, 2)
    n_out = groups * choice(b, 1, 2, 4)
    x = _int16(b, [n, *image, groups * per_group], b.scale(1e-4, 1e-2))
    b.subgraph.inputs.append(x)
    operands, scale = _filter_and_bias(b, x, [n_out, *kernel, per_group], 0, bool(choice(b, 0, 1)))
    y = _int16(b, [n, *_outputs(image, kernel, stride, dilation, padding), n_out], scale)
    options = schema.Conv2DOptionsT(
        padding=padding,
        strideH=stride[0],
        strideW=stride[1],
        dilationHFactor=dilation[0],
        dilationWFactor=dilation[1],
        fusedActivationFunction=choice(b, Activation.NONE, Activation.RELU),
    )
    b.operator(Op.CONV_2D, [x, *operands], [y], options)
    return [y]


def depthwise_conv_2d_16x8(b: ModelBuilder) -> list[int]:
    kernel, stride, dilation, image, padding = _wide_window(b)
    channels, multiplier, n = choice(b, 1, 3, 8), choice(b, 1, 1, 2), choice(b, 1, 2)
    n_out = channels * multiplier
    x = _int16(b, [n, *image, channels], b.scale(1e-4, 1e-2))
    b.subgraph.inputs.append(x)
    operands, scale = _filter_and_bias(b, x, [1, *kernel, n_out], 3, bool(choice(b, 0, 1)))
    y = _int16(b, [n, *_outputs(image, kernel, stride, dilation, padding), n_out], scale)
    options = schema.DepthwiseConv2DOptionsT(
        padding=padding,
        strideH=stride[0],
        strideW=stride[1],
        depthMultiplier=multiplier,
        dilationHFactor=dilation[0],
        dilationWFactor=dilation[1],
        fusedActivationFunction=choice(b, Activation.NONE, Activation.RELU),
    )
    b.operator(Op.DEPTHWISE_CONV_2D, [x, *operands], [y], options)
    return [y]


def fully_connected_16x8(b: ModelBuilder) -> list[int]:
    rows, n_in, n_out = choice(b, 1, 2, 3), choice(b, 1, 8, 300, 700), choice(b, 1, 3, 9)
    x = _int16(b, [rows, n_in], b.scale(1e-4, 1e-2))
    b.subgraph.inputs.append(x)
    operands, scale = _filter_and_bias(b, x, [n_out, n_in], 0, False)
    y = _int16(b, [rows, n_out], scale)
    options = schema.FullyConnectedOptionsT(
        fusedActivationFunction=choice(b, Activation.NONE, Activation.RELU)
    )
    b.operator(Op.FULLY_CONNECTED, [x, *operands], [y], options)
    return [y]


def _pool_16(b: ModelBuilder, kind: int) -> list[int]:
    kernel, stride, _, image, padding = _wide_window(b)
    x = _int16(b, [choice(b, 1, 2), *image, choice(b, 1, 3, 8)], b.scale(1e-4, 1e-2))
    b.subgraph.inputs.append(x)
    n, _, _, channels = b.shape(x)
    shape = [n, *_outputs(image, kernel, stride, [1, 1], padding), channels]
    y = _int16(b, shape, b.quantisation(x)[0])
    options = schema.Pool2DOptionsT(
        padding=padding,
        strideH=stride[0],
        strideW=stride[1],
        filterHeight=kernel[0],
        filterWidth=kernel[1],
        fusedActivationFunction=choice(b, Activation.NONE, Activation.RELU, Activation.RELU6),
    )
    b.operator(kind, [x], [y], options)
    return [y]


def average_pool_2d_16(b: ModelBuilder) -> list[int]:
    return _pool_16(b, Op.AVERAGE_POOL_2D)


def max_pool_2d_16(b: ModelBuilder) -> list[int]:
    return _pool_16(b, Op.MAX_POOL_2D)


PRODUCTS: dict[str, Case] = {
    case.__name__: case
    for case in (
        transpose_conv,
        conv_2d_16x8,
        depthwise_conv_2d_16x8,
        fully_connected_16x8,
        average_pool_2d_16,
        max_pool_2d_16,
    )
}
ON_CORE = [name for name in PRODUCTS if name != "transpose_conv"]
