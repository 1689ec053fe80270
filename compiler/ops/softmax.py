"""SOFTMAX and LOG_SOFTMAX.

Sources: tensorflow/lite/micro/kernels/softmax_common.cc (CalculateSoftmaxParams),
tensorflow/lite/kernels/internal/quantization_util.cc (PreprocessSoftmaxScaling,
CalculateInputRadius, PreprocessLogSoftmaxScalingExp), tensorflow/lite/kernels/internal/common.h
(gen_lut).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arch.fixed_point import exp_on_negative_values
from arch.quant import multiply_by_quantized_multiplier, quantize_multiplier
from compiler.graph import Operator
from compiler.options import SoftmaxOptions

INTEGER_BITS = 5  # of the scaled difference from the maximum
SUM_INTEGER_BITS = 12  # of the sum of exponentials
SUM_LIMIT = 1 << 28  # the sum, in Q12.19, from which on the reference aborts


@dataclass(frozen=True)
class SoftmaxParams:
    """A row's differences d = code - maximum count where d >= diff_min.

    Their exponentials are those of (d << left_shift) * multiplier / 2**31, a Q5.26 number.
    ``rows`` rows of ``depth`` codes each; the output has scale 1/256 and zero point -128.
    """

    rows: int
    depth: int
    multiplier: int
    left_shift: int
    diff_min: int

    @property
    def exponentials(self) -> NDArray[np.int32]:
        """Q0.31 exponentials of d = 0, -1, ..., -255; zero below ``diff_min``."""
        d = -np.arange(256, dtype=np.int64)
        d = d[d >= self.diff_min]
        scaled = multiply_by_quantized_multiplier(d, self.multiplier, self.left_shift)
        table = np.zeros(256, np.int32)
        table[: len(d)] = [exp_on_negative_values(int(a), INTEGER_BITS) for a in scaled]
        return table


def real_factor(op: Operator) -> float:
    """The scale of differences in Q5.26, in double precision; the reference needs more than 1."""
    beta = op.options.beta if isinstance(op.options, SoftmaxOptions) else 1.0
    scaled = beta * op.input(0).scale * (1 << (31 - INTEGER_BITS))
    return min(scaled, (1 << 31) - 1.0)


def softmax(op: Operator) -> SoftmaxParams:
    """Of a SOFTMAX or LOG_SOFTMAX of int8 that the constraints have passed."""
    multiplier, left_shift = quantize_multiplier(real_factor(op))
    radius = ((1 << INTEGER_BITS) - 1) * (1 << (31 - INTEGER_BITS)) / (1 << left_shift)
    depth = op.input(0).shape[-1]
    return SoftmaxParams(
        rows=op.input(0).size // depth,
        depth=depth,
        multiplier=multiplier,
        left_shift=left_shift,
        diff_min=-math.floor(radius),
    )


@dataclass(frozen=True)
class LogSoftmaxParams:
    """A LOG_SOFTMAX; the reverse multiplier and shift lead from Q5.26 back to codes."""

    softmax: SoftmaxParams
    reverse_multiplier: int
    reverse_shift: int


def log_softmax(op: Operator) -> LogSoftmaxParams:
    """Of a LOG_SOFTMAX of int8 that the constraints have passed."""
    p = softmax(op)
    reverse = (1 << (31 - p.left_shift)) / p.multiplier
    return LogSoftmaxParams(p, *quantize_multiplier(reverse))


# ---- int16 -------------------------------------------------------------------------------------
def int16_factor(op: Operator) -> float:
    """From differences to the maximum to 65535 for 10, in double precision."""
    options = op.options
    assert isinstance(options, SoftmaxOptions)
    return op.input(0).scale * options.beta / (10.0 / 65535.0)


def softmax_int16(op: Operator) -> tuple[int, int]:
    """Multiplier and shift of a SOFTMAX of int16 that the constraints have passed."""
    return quantize_multiplier(int16_factor(op))


@dataclass(frozen=True)
class LookupTables:
    """What a SOFTMAX of int16 interpolates, Q0.15, 513 entries each.

    ``exponential`` is exp(x) for x from -10 to 0, ``reciprocal`` is 1 / (1 + x) for x from 0 to 1.
    """

    exponential: tuple[int, ...]
    reciprocal: tuple[int, ...]

    @classmethod
    def made(cls) -> LookupTables:
        one = np.float32(1)
        return cls(
            _lookup_table(lambda x: np.float32(math.exp(x)), -10.0, 0.0),
            _lookup_table(lambda x: one / (one + x), 0.0, 1.0),
        )


def _lookup_table(
    function: Callable[[np.float32], np.float32], low: float, high: float
) -> tuple[int, ...]:
    """Samples in float32, moved by half the error of interpolation in the middle."""
    n, start = 512, np.float32(low)
    step = np.float32((high - low) / n)
    to_code = np.float32(1 << 15)
    half = step / np.float32(2)

    def at(x: np.float32) -> np.float32:
        return function(x) * to_code

    table = []
    for i in range(n):
        x = start + np.float32(i) * step
        sample, following = _rounded(at(x)), at(start + np.float32(i + 1) * step)
        middle = _rounded((following + sample) / np.float32(2))
        error = middle - _rounded(at(x + half))
        table.append(sample - _rounded(error / np.float32(2)))
    table.append(_rounded(at(np.float32(high))))
    return tuple(min(max(int(value), -32768), 32767) for value in table)


def _rounded(x: np.float32) -> np.float32:
    """To nearest, ties away from zero."""
    value = float(x)
    return np.float32(math.copysign(math.floor(abs(value) + 0.5), value))
