"""Operators in plain NumPy, element by element where it matters, from derived parameters.

Written from the definition of the reference kernels' arithmetic, without the project's own; only
the parameters come from the code under test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compiler.builtin import Kind
from compiler.graph import Operator, Tensor
from compiler.ops import add as add_params
from compiler.ops import convolution, movement, pooling
from compiler.ops import softmax as softmax_params
from compiler.ops.add import AddInput, AddParams
from compiler.ops.convolution import ConvolutionParams, DepthwiseParams, FullyConnectedParams
from compiler.ops.movement import PadParams
from compiler.ops.pooling import MeanParams, PoolParams
from compiler.ops.requantization import Requantization
from compiler.ops.softmax import SoftmaxParams
from compiler.ops.window import Axis, Window

Array = NDArray[Any]
INT32_MAX = (1 << 31) - 1


def wrap(x: int) -> int:
    """To 32 bits, as the machine does on overflow."""
    return (x + (1 << 31)) % (1 << 32) - (1 << 31)


def srdhm(a: int, b: int) -> int:
    return INT32_MAX if a == b == -(1 << 31) else (a * b + (1 << 30)) >> 31


def rdbp(x: int, r: int) -> int:
    return x if r == 0 else (x + (1 << (r - 1)) - (x < 0)) >> r


def mbqm(x: int, q: int, s: int) -> int:
    return rdbp(srdhm(wrap(x << max(s, 0)), q), max(-s, 0))


def clamp(x: int, low: int, high: int) -> int:
    return min(max(x, low), high)


def requantize(sums: Array, r: Requantization) -> Array:
    """Sums with channels last."""
    out = np.empty(sums.shape, np.int8)
    for index in np.ndindex(sums.shape):
        q, s = int(r.multipliers[index[-1]]), int(r.shifts[index[-1]])
        out[index] = clamp(wrap(mbqm(wrap(int(sums[index])), q, s) + r.zero_point), r.low, r.high)
    return out


def _inside(axis: Axis, position: int, tap: int) -> int | None:
    at = position * axis.stride - axis.before + tap * axis.dilation
    return at if 0 <= at < axis.size else None


def _places(window: Window) -> list[tuple[int, int, list[tuple[int, int, int, int]]]]:
    """For each output place the taps inside the image: (ky, kx, y, x)."""
    places = []
    for oy in range(window.y.output):
        for ox in range(window.x.output):
            taps = []
            for ky in range(window.y.kernel):
                for kx in range(window.x.kernel):
                    y, x = _inside(window.y, oy, ky), _inside(window.x, ox, kx)
                    if y is not None and x is not None:
                        taps.append((ky, kx, y, x))
            places.append((oy, ox, taps))
    return places


def conv_2d(p: ConvolutionParams, x: Array) -> Array:
    n_out, _, _, group_channels = p.weights.shape
    group_of = np.arange(n_out) // (n_out // p.groups)
    channels = group_of[:, None] * group_channels + np.arange(group_channels)
    values = x.astype(np.int64) - p.input_zero_point
    sums = np.zeros((x.shape[0], *p.window.output, n_out), np.int64)
    for oy, ox, taps in _places(p.window):
        for ky, kx, iy, ix in taps:
            sums[:, oy, ox] += (values[:, iy, ix][:, channels] * p.weights[:, ky, kx]).sum(-1)
    return requantize(sums + p.bias, p.requantization)


def depthwise_conv_2d(p: DepthwiseParams, x: Array) -> Array:
    n_out = len(p.weights)
    channels = np.arange(n_out) // p.depth_multiplier
    values = x.astype(np.int64) - p.input_zero_point
    sums = np.zeros((x.shape[0], *p.window.output, n_out), np.int64)
    for oy, ox, taps in _places(p.window):
        for ky, kx, iy, ix in taps:
            sums[:, oy, ox] += values[:, iy, ix][:, channels] * p.weights[:, ky, kx]
    return requantize(sums + p.bias, p.requantization)


def fully_connected(p: FullyConnectedParams, x: Array) -> Array:
    values = x.reshape(p.rows, -1).astype(np.int64) - p.input_zero_point
    return requantize(values @ p.weights.T.astype(np.int64) + p.bias, p.requantization)


def _scaled(operand: AddInput, code: int) -> int:
    return mbqm((code - operand.zero_point) << 20, operand.multiplier, operand.shift)


def add(p: AddParams, a: Array, b: Array) -> Array:
    out = np.empty(np.broadcast_shapes(a.shape, b.shape), np.int8)
    for index, code_a, code_b in zip(
        np.ndindex(out.shape), *(x.reshape(-1) for x in np.broadcast_arrays(a, b)), strict=True
    ):
        total = _scaled(p.a, int(code_a)) + _scaled(p.b, int(code_b))
        out[index] = clamp(mbqm(total, p.multiplier, p.shift) + p.zero_point, p.low, p.high)
    return out


def _truncated_quotient(a: int, b: int) -> int:
    return abs(a) // b if a >= 0 else -(abs(a) // b)


def average_pool_2d(p: PoolParams, x: Array) -> Array:
    out = np.empty((x.shape[0], *p.window.output, x.shape[3]), np.int8)
    for oy, ox, taps in _places(p.window):
        for n, c in np.ndindex(x.shape[0], x.shape[3]):
            total = sum(int(x[n, iy, ix, c]) for _, _, iy, ix in taps)
            half = len(taps) // 2
            rounded = _truncated_quotient(total + half if total > 0 else total - half, len(taps))
            out[n, oy, ox, c] = clamp(rounded, p.low, p.high)
    return out


def max_pool_2d(p: PoolParams, x: Array) -> Array:
    out = np.empty((x.shape[0], *p.window.output, x.shape[3]), np.int8)
    for oy, ox, taps in _places(p.window):
        largest = np.max([x[:, iy, ix] for _, _, iy, ix in taps], axis=0)
        out[:, oy, ox] = np.clip(largest, p.low, p.high)
    return out


def mean(p: MeanParams, x: Array) -> Array:
    sums = x.astype(np.int64).sum(axis=p.axes) - p.count * p.input_zero_point
    out = np.empty(sums.shape, np.int8)
    for index in np.ndindex(sums.shape):
        scaled = mbqm(wrap(int(sums[index])), p.multiplier, p.shift)
        out[index] = clamp(wrap(scaled + p.zero_point), -128, 127)
    return out


def pad(p: PadParams, x: Array) -> Array:
    return np.pad(x, p.paddings, constant_values=p.value)


def _saturated_shift(v: int, e: int) -> int:
    limit = (1 << (31 - e)) - 1
    return INT32_MAX if v > limit else -(1 << 31) if v < -limit else v << e


def exp_neg(a: int, m: int) -> int:
    """exp of a number with m integer bits, at most 0, in Q0.31."""
    if a == 0:
        return INT32_MAX
    quarter = 1 << (29 - m)
    am = (a & (quarter - 1)) - quarter
    x = _saturated_shift(am, m) + (1 << 28)
    x2 = srdhm(x, x)
    x3, x4 = srdhm(x2, x), srdhm(x2, x2)
    y = rdbp(srdhm(rdbp(x4, 2) + x3, 715827883) + x2, 1)
    r = 1895147668 + srdhm(1895147668, x + y)
    for e, factor in enumerate(
        (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242), start=-2
    ):
        if m > e and (am - a) >> (31 - m + e) & 1:
            r = srdhm(r, factor)
    return r


def _one_over_one_plus(a: int) -> int:
    half = (a + INT32_MAX + 1) >> 1
    x = 1515870810 + srdhm(half, -1010580540)
    for _ in range(3):
        x = wrap(x + _saturated_shift(srdhm(x, (1 << 29) - srdhm(half, x)), 2))
    return _saturated_shift(x, 1)


def softmax(p: SoftmaxParams, x: Array) -> Array:
    rows = x.reshape(p.rows, p.depth).astype(np.int64)
    out = np.full(rows.shape, -128, np.int8)
    for i, row in enumerate(rows):
        differences = [int(d) for d in row - row.max()]
        exponentials = {
            d: exp_neg(srdhm(wrap(d << p.left_shift), p.multiplier), 5)
            for d in set(differences)
            if d >= p.diff_min
        }
        total = sum(rdbp(exponentials[d], 12) for d in differences if d in exponentials)
        headroom = 32 - total.bit_length()
        scale = _one_over_one_plus((total << headroom) - (1 << 31))
        for j, d in enumerate(differences):
            if d in exponentials:
                shift = 12 - headroom + 31 - 8
                out[i, j] = clamp(rdbp(srdhm(scale, exponentials[d]), shift) - 128, -128, 127)
    return out.reshape(x.shape)


def run(op: Operator, values: Mapping[Tensor, Array]) -> Array:
    """The output of one operator, from its derived parameters and the values of its inputs."""
    operands = [t.data if t.data is not None else values[t] for t in op.inputs if t is not None]
    return _run(op, operands).reshape(op.output.shape)


def _run(op: Operator, operands: list[Array]) -> Array:
    x = operands[0]
    match op.kind:
        case Kind.CONV_2D:
            return conv_2d(convolution.conv_2d(op), x)
        case Kind.DEPTHWISE_CONV_2D:
            return depthwise_conv_2d(convolution.depthwise_conv_2d(op), x)
        case Kind.FULLY_CONNECTED:
            return fully_connected(convolution.fully_connected(op), x)
        case Kind.ADD:
            return add(add_params.add(op), x, operands[1])
        case Kind.AVERAGE_POOL_2D:
            return average_pool_2d(pooling.pool_2d(op), x)
        case Kind.MAX_POOL_2D:
            return max_pool_2d(pooling.pool_2d(op), x)
        case Kind.MEAN:
            return mean(pooling.mean(op), x)
        case Kind.PAD:
            return pad(movement.pad(op), x)
        case Kind.RESHAPE:
            return x
        case Kind.SOFTMAX:
            return softmax(softmax_params.softmax(op), x)
    raise AssertionError(op)
