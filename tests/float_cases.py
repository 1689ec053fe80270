"""Random models of one operator each that sums products, or pools, in float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.model_builder import SAME, VALID, Activation, DType, Kind, ModelBuilder, schema
from tests.model_builder import window_output as extent
from tests.movement_cases import Case, choice
from tests.typed import int32, typed, typed_input

F = DType.FLOAT32


def _constant(b: ModelBuilder, *shape: int) -> int:
    return b.constant(b.rng.standard_normal(shape).astype(np.float32))


def _bias(b: ModelBuilder, n_out: int) -> list[int]:
    return [_constant(b, n_out)] if choice(b, 0, 1) else []


def _window(b: ModelBuilder) -> tuple[list[int], list[int], list[int], int]:
    """Kernel, stride, image, padding."""
    kernel, stride = ([choice(b, 1, 2, 3) for _ in range(2)] for _ in range(2))
    image = [size + choice(b, 0, 1, 2) for size in kernel]
    return kernel, stride, image, choice(b, SAME, VALID)


def _size(image: list[int], kernel: list[int], stride: list[int], padding: int) -> list[int]:
    sizes = zip(image, kernel, stride, strict=True)
    return [extent(size, taps, step, 1, padding) for size, taps, step in sizes]


def _fused(b: ModelBuilder) -> int:
    return choice(b, Activation.NONE, Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1)


def _strided(b: ModelBuilder, options: Any, stride: list[int], padding: int) -> Any:
    options.padding, options.fusedActivationFunction = padding, _fused(b)
    options.strideH, options.strideW = stride
    return options


def conv_2d(b: ModelBuilder) -> list[int]:
    kernel, stride, image, padding = _window(b)
    n, groups, per_group, n_out = choice(b, 1, 2), choice(b, 1, 2), choice(b, 1, 3), 2
    x = typed_input(b, (n, *image, groups * per_group), F)
    y = typed(b, (n, *_size(image, kernel, stride, padding), groups * n_out), F)
    options = schema.Conv2DOptionsT(dilationHFactor=1, dilationWFactor=1)
    operands = [x, _constant(b, groups * n_out, *kernel, per_group), *_bias(b, groups * n_out)]
    b.operator(Kind.CONV_2D, operands, [y], _strided(b, options, stride, padding))
    return [y]


def depthwise_conv_2d(b: ModelBuilder) -> list[int]:
    kernel, stride, image, padding = _window(b)
    channels, multiplier = choice(b, 1, 3), choice(b, 1, 2)
    n_out = channels * multiplier
    x = typed_input(b, (1, *image, channels), F)
    y = typed(b, (1, *_size(image, kernel, stride, padding), n_out), F)
    options = schema.DepthwiseConv2DOptionsT(
        depthMultiplier=multiplier, dilationHFactor=1, dilationWFactor=1
    )
    operands = [x, _constant(b, 1, *kernel, n_out), *_bias(b, n_out)]
    b.operator(Kind.DEPTHWISE_CONV_2D, operands, [y], _strided(b, options, stride, padding))
    return [y]


def transpose_conv(b: ModelBuilder) -> list[int]:
    kernel, stride, image, padding = _window(b)
    if padding == SAME:
        size = [n * step for n, step in zip(image, stride, strict=True)]
    else:
        sides = zip(image, stride, kernel, strict=True)
        size = [(n - 1) * step + taps for n, step, taps in sides]
    x = typed_input(b, (1, *image, 3), F)
    shape = [1, *size, 2]
    operands = [int32(b, shape), _constant(b, 2, *kernel, 3), x, *_bias(b, 2)]
    options = _strided(b, schema.TransposeConvOptionsT(), stride, padding)
    y = typed(b, shape, F)
    b.operator(Kind.TRANSPOSE_CONV, operands, [y], options)
    return [y]


def fully_connected(b: ModelBuilder) -> list[int]:
    rows, n_in, n_out = choice(b, 1, 3), choice(b, 1, 9), choice(b, 1, 4)
    operands = [typed_input(b, (rows, n_in), F), _constant(b, n_out, n_in), *_bias(b, n_out)]
    y = typed(b, (rows, n_out), F)
    options = schema.FullyConnectedOptionsT(fusedActivationFunction=_fused(b))
    b.operator(Kind.FULLY_CONNECTED, operands, [y], options)
    return [y]


def _pool(kind: int) -> Case:
    def pool(b: ModelBuilder) -> list[int]:
        kernel, stride, image, padding = _window(b)
        x = typed_input(b, (1, *image, 3), F)
        y = typed(b, (1, *_size(image, kernel, stride, padding), 3), F)
        options = schema.Pool2DOptionsT(filterHeight=kernel[0], filterWidth=kernel[1])
        b.operator(kind, [x], [y], _strided(b, options, stride, padding))
        return [y]

    return pool


def batch_matmul(b: ModelBuilder) -> list[int]:
    rows, depth, columns = (choice(b, 1, 2, 5) for _ in range(3))
    swapped = bool(choice(b, 0, 1))
    x = typed_input(b, (2, rows, depth), F)
    w = typed_input(b, (choice(b, 1, 2), *((columns, depth) if swapped else (depth, columns))), F)
    y = typed(b, (2, rows, columns), F)
    b.operator(Kind.BATCH_MATMUL, [x, w], [y], schema.BatchMatMulOptionsT(adjY=swapped))
    return [y]


def _state(b: ModelBuilder, *shape: int) -> int:
    index = b.tensor(shape, dtype=F)
    b.subgraph.tensors[index].isVariable = True
    return index


def svdf(b: ModelBuilder) -> list[int]:
    batches, inputs, memory = choice(b, 1, 2), choice(b, 1, 5), choice(b, 1, 2, 6)
    rank, units = choice(b, 1, 2), choice(b, 1, 3)
    filters = rank * units
    operands = [
        typed_input(b, (batches, inputs), F),
        _constant(b, filters, inputs),
        _constant(b, filters, memory),
        _constant(b, units),
        _state(b, batches, filters * memory),
    ]
    y = typed(b, (batches, units), F)
    options = schema.SVDFOptionsT(rank=rank, fusedActivationFunction=choice(b, 0, 1))
    b.operator(Kind.SVDF, operands, [y], options)
    return [y]


def unidirectional_sequence_lstm(b: ModelBuilder) -> list[int]:
    batches, steps = choice(b, 1, 2), choice(b, 1, 3)
    inputs, units, time_major = choice(b, 1, 4), choice(b, 1, 3), bool(choice(b, 0, 1))
    lead = (steps, batches) if time_major else (batches, steps)
    operands = [typed_input(b, (*lead, inputs), F)]
    operands += [_constant(b, units, width) for width in (inputs, units) for _ in range(4)]
    operands += [-1] * 3 + [_constant(b, units) for _ in range(4)] + [-1] * 2
    operands += [_state(b, batches, units), _state(b, batches, units)] + [-1] * 4
    y = typed(b, (*lead, units), F)
    options = schema.UnidirectionalSequenceLSTMOptionsT(
        fusedActivationFunction=Activation.TANH,
        cellClip=choice(b, 0.0, 0.5),
        timeMajor=time_major,
    )
    b.operator(Kind.UNIDIRECTIONAL_SEQUENCE_LSTM, operands, [y], options)
    return [y]


STATEFUL_FLOATS: dict[str, Case] = {
    case.__name__: case for case in (svdf, unidirectional_sequence_lstm)
}
FLOATS: dict[str, Case] = {
    "conv_2d": conv_2d,
    "depthwise_conv_2d": depthwise_conv_2d,
    "transpose_conv": transpose_conv,
    "fully_connected": fully_connected,
    "average_pool_2d": _pool(Kind.AVERAGE_POOL_2D),
    "max_pool_2d": _pool(Kind.MAX_POOL_2D),
    "l2_pool_2d": _pool(Kind.L2_POOL_2D),
    "batch_matmul": batch_matmul,
}
