"""Random models of one operator each that sums products, beside those of tests.compiler.cases."""

from __future__ import annotations

from typing import Any

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
from tests.typed import int32, typed_input


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
    b: ModelBuilder,
    x: int,
    shape: list[int],
    axis: int,
    per_channel: bool,
    biases: tuple[type[np.integer[Any]] | None, ...] = (np.int64, np.int64, np.int32, None),
) -> tuple[list[int], float]:
    """Operands behind the data, and an output scale that most sums fit."""
    n_out, taps = shape[axis], int(np.prod(shape)) // shape[axis]
    scales = b.rng.uniform(0.001, 0.02, n_out if per_channel else 1).astype(np.float32)
    weights = b.rng.integers(-127, 128, shape, np.int8)
    operands = [b.constant(weights, scale=scales, zero_point=0, axis=axis)]
    x_scale = b.quantisation(x)[0]
    if dtype := choice(b, *biases):
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
    per_channel, biases = bool(choice(b, 0, 1)), (np.int64, np.int64, None)
    operands, scale = _filter_and_bias(b, x, [1, *kernel, n_out], 3, per_channel, biases)
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


def transpose_conv_16x8(b: ModelBuilder) -> list[int]:
    kernel, stride, _, image, padding = _wide_window(b)
    channels, n_out, n = choice(b, 1, 3, 300), choice(b, 1, 2, 5), choice(b, 1, 2)
    size = [
        i * step if padding == SAME else (i - 1) * step + k
        for i, step, k in zip(image, stride, kernel, strict=True)
    ]
    size = [max(1, s - int(b.rng.integers(step))) for s, step in zip(size, stride, strict=True)]
    x = _int16(b, [n, *image, channels], b.scale(1e-4, 1e-2))
    b.subgraph.inputs.append(x)
    per_channel, biases = bool(choice(b, 0, 1)), (np.int64, None)
    operands, scale = _filter_and_bias(b, x, [n_out, *kernel, channels], 0, per_channel, biases)
    y = _int16(b, [n, *size, n_out], scale)
    options = schema.TransposeConvOptionsT(
        padding=padding,
        strideH=stride[0],
        strideW=stride[1],
        fusedActivationFunction=choice(b, Activation.NONE, Activation.RELU),
    )
    filters, *bias = operands
    shape = int32(b, [n, *size, n_out])
    b.operator(Op.TRANSPOSE_CONV, [shape, filters, x, *bias], [y], options)
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


# ---- matrices and recurrent operators ----------------------------------------------------------
def batch_matmul(b: ModelBuilder) -> list[int]:
    rows, depth = choice(b, 1, 2, 5, 20), choice(b, 1, 3, 8, 19, 40)
    columns = choice(b, 1, 2, 7, 8, 21)
    batches = [choice(b, 1, 2, 3) for _ in range(choice(b, 0, 1, 2, 3))]
    adj_x, adj_y = bool(choice(b, 0, 1)), bool(choice(b, 0, 1))
    dtype = choice(b, DType.INT8, DType.INT8, DType.INT16)
    first, second = ([choice(b, n, n, 1) for n in batches] for _ in range(2))
    x = typed_input(b, [*first, *((depth, rows) if adj_x else (rows, depth))], dtype)
    shape = [*second, *((columns, depth) if adj_y else (depth, columns))]
    if dtype == DType.INT8 and choice(b, 0, 0, 1):
        values = b.rng.integers(-128, 128, shape, np.int8)
        w = b.constant(values, scale=b.scale(), zero_point=b.zero_point())
    else:
        w = typed_input(b, shape, dtype)
    spread = 1e4 if dtype == DType.INT16 else 80.0
    scale = b.quantisation(x)[0] * b.quantisation(w)[0] * depth**0.5 * spread
    shape = [*np.broadcast_shapes(tuple(first), tuple(second)), rows, columns]
    zero = 0 if dtype == DType.INT16 else b.zero_point()
    y = b.tensor(shape, dtype=dtype, scale=scale, zero_point=zero)
    b.operator(Op.BATCH_MATMUL, [x, w], [y], schema.BatchMatMulOptionsT(adjX=adj_x, adjY=adj_y))
    return [y]


def _state(b: ModelBuilder, shape: list[int], dtype: int, scale: float, zero_point: int) -> int:
    index = b.tensor(shape, dtype=dtype, scale=scale, zero_point=zero_point)
    b.subgraph.tensors[index].isVariable = True
    return index


def svdf(b: ModelBuilder) -> list[int]:
    batches, inputs, memory = choice(b, 1, 1, 2), choice(b, 1, 5, 20), choice(b, 1, 2, 8)
    rank, units = choice(b, 1, 2), choice(b, 1, 3, 8)
    filters, wide = rank * units, bool(choice(b, 0, 1, 1))
    x = b.input((batches, inputs))
    features = b.constant(
        b.rng.integers(-127, 128, (filters, inputs), np.int8), scale=0.01, zero_point=0
    )
    times_type, limit = (np.int16, 1 << 11) if wide else (np.int8, 127)
    times = b.constant(
        b.rng.integers(-limit, limit, (filters, memory), times_type), scale=0.01, zero_point=0
    )
    spread = b.quantisation(x)[0] * 0.01 * inputs**0.5 * 73
    state_scale = spread / (200 if wide else 0.5)
    state = _state(
        b,
        [batches, filters * memory],
        DType.INT16 if wide else DType.INT8,
        state_scale,
        0 if wide else choice(b, 0, -3),
    )
    sums = state_scale * 0.01 * (memory * rank) ** 0.5 * limit * (10_000 if wide else 80)
    values = b.rng.integers(-10_000, 10_000, units, np.int32)
    bias = b.constant(values, scale=state_scale * 0.01, zero_point=0)
    y = b.activation((batches, units), sums / 100)
    options = schema.SVDFOptionsT(rank=rank, fusedActivationFunction=choice(b, 0, 1))
    b.operator(Op.SVDF, [x, features, times, bias, state], [y], options)
    return [y]


def unidirectional_sequence_lstm(b: ModelBuilder) -> list[int]:
    return _lstm(b, is_wide=False)


def unidirectional_sequence_lstm_16x8(b: ModelBuilder) -> list[int]:
    return _lstm(b, is_wide=True)


def _lstm(b: ModelBuilder, is_wide: bool) -> list[int]:
    batches, steps = choice(b, 1, 1, 2), choice(b, 1, 3, 5)
    inputs, units = choice(b, 1, 4, 9), choice(b, 1, 3, 8)
    time_major = bool(choice(b, 0, 1))
    lead = (steps, batches) if time_major else (batches, steps)
    dtype = DType.INT16 if is_wide else DType.INT8
    x_scale, hidden_scale = (5e-5, 1 / 32768) if is_wide else (0.02, 1 / 128)
    hidden_zero = 0 if is_wide else choice(b, -128, 0, 5)
    x_zero = 0 if is_wide else b.zero_point()
    x = b.tensor((*lead, inputs), dtype=dtype, scale=x_scale, zero_point=x_zero)
    b.subgraph.inputs.append(x)
    operands = [x]
    for width in (inputs, units):
        for _ in range(4):
            weights = b.rng.integers(-127, 128, (units, width), np.int8)
            operands.append(b.constant(weights, scale=b.scale(0.001, 0.02), zero_point=0))
    operands += [-1] * 3
    for _ in range(4):
        spread = 2_000_000 if is_wide else 5000
        bias = b.rng.integers(-spread, spread, units).astype(np.int64 if is_wide else np.int32)
        operands.append(b.constant(bias, scale=x_scale * 0.01, zero_point=0))
    operands += [-1] * 2
    operands.append(_state(b, [batches, units], dtype, hidden_scale, hidden_zero))
    cell_scale = choice(b, 2.0**-11, 2.0**-12, 2.0**-15)
    operands.append(_state(b, [batches, units], DType.INT16, cell_scale, 0))
    operands += [-1] * 4
    y = b.tensor((*lead, units), dtype=dtype, scale=hidden_scale, zero_point=hidden_zero)
    options = schema.UnidirectionalSequenceLSTMOptionsT(
        fusedActivationFunction=Activation.TANH,
        cellClip=choice(b, 0.0, 0.3, 10.0),
        timeMajor=time_major,
    )
    b.operator(Op.UNIDIRECTIONAL_SEQUENCE_LSTM, operands, [y], options)
    return [y]


PRODUCTS: dict[str, Case] = {
    case.__name__: case
    for case in (
        transpose_conv,
        conv_2d_16x8,
        depthwise_conv_2d_16x8,
        fully_connected_16x8,
        transpose_conv_16x8,
        average_pool_2d_16,
        max_pool_2d_16,
        batch_matmul,
        svdf,
        unidirectional_sequence_lstm,
    )
}
STATEFUL = ["svdf", "unidirectional_sequence_lstm"]
ON_CORE = [name for name in PRODUCTS if name not in ("transpose_conv", *STATEFUL)]
