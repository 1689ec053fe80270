"""Random models of one operator each that sums products, beside those of tests.compiler.cases."""

from __future__ import annotations

import numpy as np

from tests.model_builder import SAME, VALID, Activation, ModelBuilder, schema
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
        image = [max(1, size - int(b.rng.integers(step))) for size, step in zip(image, stride, strict=True)]
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


PRODUCTS: dict[str, Case] = {case.__name__: case for case in (transpose_conv,)}
