"""Functions of one operand in integers: their results for given codes.

Sources: tensorflow/lite/micro/kernels/ activations_common.cc, logistic_common.cc, tanh.cc,
hard_swish_common.cc, leaky_relu_common.cc, elu.cc, elementwise.cc, quantize_common.cc and
tensorflow/lite/kernels/internal/reference/. Codes and results are int64 arrays of one dimension;
results are within the output's type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from arch import fixed_point
from arch.quant import (
    Int64,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_pot,
    wrap32,
)
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.ops.requantization import limits_of, quantized_bound
from compiler.ops.rescale import rescale
from compiler.options import GeluOptions

ACTIVATION_INTEGER_BITS = 4  # of what LOGISTIC and TANH compute with
RSQRT_SHIFT = 20  # bits that keep 1 / sqrt an integer
HARD_SWISH_BITS = 7  # by which codes are shifted left

Function = Callable[[Operator, Int64], Int64]


def _within(op: Operator, values: Int64) -> Int64:
    return np.clip(values, *limits_of(op.output.dtype))


def _rescaled(op: Operator, codes: Int64) -> Int64:
    """RELU, RELU6, LEAKY_RELU, ABS and QUANTIZE."""
    p = rescale(op)
    values = codes - p.zero_point_in
    above = multiply_by_quantized_multiplier(values, p.multiplier, p.shift)
    below = multiply_by_quantized_multiplier(values, p.multiplier_below, p.shift_below)
    return np.clip(wrap32(np.where(values < 0, below, above) + p.zero_point_out), p.low, p.high)


def _sigmoid(
    op: Operator, codes: Int64, function: Callable[[int, int], int], shift: int, middle: int
) -> Int64:
    """LOGISTIC and TANH of int8."""
    bits = ACTIVATION_INTEGER_BITS
    fraction, left_shift = math.frexp(op.input(0).scale * (1 << (31 - bits)))
    multiplier = math.floor(fraction * (1 << 31) + 0.5)
    radius = math.floor(((1 << bits) - 1) * (1 << (31 - bits)) / 2.0**left_shift)
    values = codes - op.input(0).zero_point
    inside = np.clip(values, -radius, radius)
    scaled = multiply_by_quantized_multiplier(inside, multiplier, left_shift)
    functions = np.array([function(int(a), bits) for a in scaled], np.int64)
    inner = rounding_divide_by_pot(functions, shift) + middle
    results = np.where(values <= -radius, -128, np.where(values >= radius, 127, inner))
    return _within(op, results)


def _logistic(op: Operator, codes: Int64) -> Int64:
    return _sigmoid(op, codes, fixed_point.logistic, 23, -128)


def _tanh(op: Operator, codes: Int64) -> Int64:
    return _sigmoid(op, codes, fixed_point.tanh, 24, 0)


def _elu(op: Operator, codes: Int64) -> Int64:
    """Through float32, whose exponential is rounded from one in double precision."""
    x, y = op.input(0), op.output
    real = np.float32(x.scale) * (codes - x.zero_point).astype(np.float32)
    exponential = np.exp(np.minimum(real, 0).astype(np.float64)).astype(np.float32)
    transformed = np.where(real < 0, exponential - np.float32(1), real)
    scaled = (transformed * (np.float32(1) / np.float32(y.scale))).astype(np.float64)
    rounded = np.copysign(np.floor(np.abs(scaled) + 0.5), scaled)
    return _within(op, rounded.astype(np.int64) + y.zero_point)


def _gelu(op: Operator, codes: Int64) -> Int64:
    """LiteRT's table, LUTPopulate of tensorflow/lite/kernels/internal/common.h, from doubles."""
    x, y = op.input(0), op.output
    assert isinstance(op.options, GeluOptions)
    real = (np.float32(x.scale) * (codes - x.zero_point).astype(np.float32)).astype(np.float64)
    if op.options.approximate:
        inner = math.sqrt(2 / math.pi) * real * (1 + 0.044715 * real * real)
        transformed = 0.5 * real * (1 + np.tanh(inner))
    else:
        transformed = 0.5 * real * np.array([math.erfc(-v * math.sqrt(0.5)) for v in real])
    scaled = transformed.astype(np.float32) * (np.float32(1) / np.float32(y.scale))
    rounded = np.copysign(np.floor(np.abs(scaled.astype(np.float64)) + 0.5), scaled)
    return _within(op, rounded.astype(np.int64) + y.zero_point)


def _looked_up(op: Operator, transformed: NDArray[np.float32]) -> Int64:
    """LiteRT's LUTPopulate: results of float32 as codes, to the nearest."""
    scaled = (transformed * (np.float32(1) / np.float32(op.output.scale))).astype(np.float64)
    low, high = limits_of(op.output.dtype)
    scaled = np.clip(scaled, low - high - 1.0, high - low + 1.0)  # beyond which all is the limit
    rounded = np.copysign(np.floor(np.abs(scaled) + 0.5), scaled)
    return _within(op, rounded.astype(np.int64) + op.output.zero_point)


def _real(op: Operator, codes: Int64) -> NDArray[np.float32]:
    x = op.input(0)
    real: NDArray[np.float32] = np.float32(x.scale) * (codes - x.zero_point).astype(np.float32)
    return real


def _exp(op: Operator, codes: Int64) -> Int64:
    with np.errstate(over="ignore"):
        return _looked_up(op, np.exp(_real(op, codes).astype(np.float64)).astype(np.float32))


def _log(op: Operator, codes: Int64) -> Int64:
    """Of what has no logarithm: the lowest code."""
    real, y = _real(op, codes).astype(np.float64), op.output
    lowest = np.float32(limits_of(y.dtype)[0] - y.zero_point) * np.float32(y.scale)
    logarithms = np.log(np.where(real > 0, real, 1)).astype(np.float32)
    return _looked_up(op, np.where(real > 0, logarithms, lowest).astype(np.float32))


def _sqrt(op: Operator, codes: Int64) -> Int64:
    """Rounded down; codes below the zero point, of which there is no square root, count as it."""
    y = op.output
    roots = np.sqrt(np.maximum(_real(op, codes), np.float32(0)))
    return _within(op, np.floor(roots / np.float32(y.scale)).astype(np.int64) + y.zero_point)


def hard_swish_factors(op: Operator) -> tuple[float, float]:
    """Factors, in float32, from the shifted input to the output and to the slope."""
    shifted = np.float32(1 / (1 << HARD_SWISH_BITS)) * np.float32(op.input(0).scale)
    slope = shifted / np.float32(3 / 32768)
    return float(shifted / np.float32(op.output.scale)), float(slope)


def _high_mul16(a: Int64, b: int) -> Int64:
    """SaturatingRoundingDoublingHighMul of int16."""
    high: Int64 = np.minimum((a * b + (1 << 14)) >> 15, 32767)
    return high


def _multiplier16(factor: float) -> tuple[int, int]:
    multiplier, exponent = quantize_multiplier(factor)
    return min((multiplier + (1 << 15)) >> 16, 32767), exponent


def _saturated16(values: Int64) -> Int64:
    return np.clip(values, -32768, 32767)


def _hard_swish(op: Operator, codes: Int64) -> Int64:
    to_output, to_slope = hard_swish_factors(op)
    multiplier, exponent = _multiplier16(to_output)
    x = (codes - op.input(0).zero_point) << HARD_SWISH_BITS
    product = _high_mul16(x, multiplier)
    multiplier, slope_exponent = _multiplier16(to_slope)
    slope = x
    if slope_exponent > 0:
        slope = _saturated16(slope << (slope_exponent - 1))
    slope = _high_mul16(slope, multiplier)
    if slope_exponent > 0:
        slope = _saturated16(slope << 1)
    elif slope_exponent < 0:
        slope = rounding_divide_by_pot(slope, -slope_exponent)
    slope = (slope + 32768) >> 1
    total = slope * product
    truncated = np.sign(total) * (np.abs(total) >> 15)
    return _within(op, rounding_divide_by_pot(truncated, -exponent) + op.output.zero_point)


def rsqrt_factor(op: Operator) -> float:
    """Factor from 1 / sqrt(code - zero point) to the output, in double precision."""
    return 1.0 / (math.sqrt(op.input(0).scale) * op.output.scale)


def _rsqrt(op: Operator, codes: Int64) -> Int64:
    """Codes below the zero point, of which there is no square root, give the highest code."""
    multiplier, shift = quantize_multiplier(rsqrt_factor(op))
    results = []
    for code in codes:
        value = int(code) - op.input(0).zero_point
        if value <= 0:
            results.append(limits_of(op.output.dtype)[1])
            continue
        inverse, inverse_shift = fixed_point.inverse_square_root(value)
        data = multiply_by_quantized_multiplier(1, inverse, inverse_shift + RSQRT_SHIFT)
        scaled = multiply_by_quantized_multiplier(data, multiplier, shift - RSQRT_SHIFT)
        results.append(int(scaled) + op.output.zero_point)
    return _within(op, np.array(results, np.int64))


def _clamped_between_ones(op: Operator, codes: Int64) -> Int64:
    low, high = (quantized_bound(bound, op.output) for bound in (-1.0, 1.0))
    assert low is not None and high is not None
    return np.clip(_rescaled(op, codes), low, high)


def _cast(op: Operator, codes: Int64) -> Int64:
    return np.minimum(np.abs(codes), 1) if op.output.dtype is DType.BOOL else codes


def _logical_not(op: Operator, codes: Int64) -> Int64:
    return 1 - codes


FUNCTIONS: Mapping[Kind, Function] = {
    Kind.RELU: _rescaled,
    Kind.RELU6: _rescaled,
    Kind.RELU_N1_TO_1: _clamped_between_ones,
    Kind.LEAKY_RELU: _rescaled,
    Kind.ABS: _rescaled,
    Kind.QUANTIZE: _rescaled,
    Kind.LOGISTIC: _logistic,
    Kind.TANH: _tanh,
    Kind.ELU: _elu,
    Kind.GELU: _gelu,
    Kind.HARD_SWISH: _hard_swish,
    Kind.RSQRT: _rsqrt,
    Kind.EXP: _exp,
    Kind.LOG: _log,
    Kind.SQRT: _sqrt,
    Kind.CAST: _cast,
    Kind.LOGICAL_NOT: _logical_not,
}
