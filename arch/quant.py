"""Quantised arithmetic of TensorFlow Lite's reference kernels, on scalars and NumPy arrays.

Sources: tensorflow/lite/kernels/internal/common.cc (MultiplyByQuantizedMultiplier, double
rounding), gemmlowp fixedpoint.h, tensorflow/lite/kernels/internal/quantization_util.cc.
All integer inputs and results are int64 arrays holding int32 values.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Int64 = NDArray[np.int64]


def wrap32(x: ArrayLike) -> Int64:
    """Two's-complement wrap to 32 bits."""
    wrapped: Int64 = ((np.asarray(x, np.int64) + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
    return wrapped


def saturating_rounding_doubling_high_mul(a: ArrayLike, b: ArrayLike) -> Int64:
    """(a*b + 2**30) >> 31, saturated where both are -2**31."""
    product: Int64 = (np.asarray(a, np.int64) * np.asarray(b, np.int64) + (1 << 30)) >> 31
    return np.minimum(product, (1 << 31) - 1)


def rounding_divide_by_pot(x: ArrayLike, exponent: ArrayLike) -> Int64:
    """x / 2**exponent to nearest, ties away from zero; 0 <= exponent <= 31."""
    x, exponent = np.asarray(x, np.int64), np.asarray(exponent, np.int64)
    half = np.where(exponent > 0, np.left_shift(1, np.maximum(exponent - 1, 0)), 0)
    negative = ((x < 0) & (exponent > 0)).astype(np.int64)
    quotient: Int64 = (x + half - negative) >> exponent
    return quotient


def multiply_by_quantized_multiplier(
    x: ArrayLike, multiplier: ArrayLike, shift: ArrayLike
) -> Int64:
    """x * multiplier / 2**31 * 2**shift with double rounding; multiplier in [0, 2**31)."""
    x, shift = np.asarray(x, np.int64), np.asarray(shift, np.int64)
    shifted = wrap32(np.left_shift(x, np.maximum(shift, 0)))
    high = saturating_rounding_doubling_high_mul(shifted, multiplier)
    return rounding_divide_by_pot(high, np.maximum(-shift, 0))


def requantize(
    x: ArrayLike,
    multiplier: ArrayLike,
    shift: ArrayLike,
    zero_point: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
) -> Int64:
    """clamp(x * multiplier * 2**(shift-31) + zero_point, low, high)."""
    scaled = multiply_by_quantized_multiplier(x, multiplier, shift)
    y = wrap32(scaled + np.asarray(zero_point, np.int64))
    return np.clip(y, low, high)


def quantize_multiplier(real: float) -> tuple[int, int]:
    """``(multiplier, shift)`` with real = multiplier * 2**(shift-31): QuantizeMultiplier."""
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    scaled = fraction * (1 << 31)
    multiplier = math.floor(scaled + 0.5) if scaled > 0 else math.ceil(scaled - 0.5)
    if multiplier == 1 << 31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    return multiplier, shift
