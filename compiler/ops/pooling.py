"""AVERAGE_POOL_2D, MAX_POOL_2D, MEAN and SUM.

Sources: tensorflow/lite/kernels/internal/reference/integer_ops/pooling.h,
tensorflow/lite/kernels/internal/reference/reduce.h (QuantizedMeanOrSum).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from arch.quant import Int64, quantize_multiplier
from compiler.builtin import Kind
from compiler.graph import Operator
from compiler.ops.requantization import clamp_of
from compiler.ops.window import Window
from compiler.options import Pool2DOptions
from compiler.shapes.arithmetic import reduced_axes
from compiler.shapes.window import pool_window

MAX_RECIPROCAL_COUNT = 2896  # the largest n with 256 * n**2 < 2**31


@dataclass(frozen=True)
class PoolParams:
    """A pool; zero points take no part. Padding is left out of maximum and of average."""

    window: Window
    low: int
    high: int

    @property
    def counts(self) -> Int64:
        """Elements inside the image under each window, (output height, output width)."""
        y = [len(self.window.y.taps(i)) for i in range(self.window.y.output)]
        x = [len(self.window.x.taps(i)) for i in range(self.window.x.output)]
        return np.outer(y, x).astype(np.int64)


def pool_2d(op: Operator) -> PoolParams:
    """Of an AVERAGE_POOL_2D or MAX_POOL_2D that the constraints have passed."""
    options = op.options
    assert isinstance(options, Pool2DOptions)
    return PoolParams(pool_window(op), *clamp_of(options.activation, op.output))


def average_multiplier(count: int) -> tuple[int, int] | None:
    """Multiplier and shift that divide a sum of ``count`` codes exactly as AVERAGE_POOL_2D does.

    The kernel rounds to nearest with ties away from zero. A multiplier just above 2**31 / count
    does the same through :func:`arch.quant.multiply_by_quantized_multiplier`: it pushes ties
    outwards, and while 256 * count**2 < 2**31 nothing else across a boundary. None beyond that.
    """
    if count == 1:
        return 1 << 30, 1
    if count > MAX_RECIPROCAL_COUNT:
        return None
    return (1 << 31) // count + 1, 0


@dataclass(frozen=True)
class MeanParams:
    """out = clamp((sum - count * input_zero_point) * multiplier * 2**(shift-31) + zero_point)."""

    axes: tuple[int, ...]
    count: int
    input_zero_point: int
    multiplier: int
    shift: int
    zero_point: int


def mean(op: Operator) -> MeanParams:
    """Of a MEAN or SUM of int8 or int16 that the constraints have passed."""
    axes = reduced_axes(op)
    count = math.prod(op.input(0).shape[axis] for axis in axes)
    multiplier, shift = quantize_multiplier(op.input(0).scale / op.output.scale)
    divisor = 1 if op.kind is Kind.SUM else count
    down = min(divisor.bit_length() - 1, 32, 31 + shift)
    return MeanParams(
        axes=axes,
        count=count,
        input_zero_point=op.input(0).zero_point,
        multiplier=(multiplier << down) // divisor,
        shift=shift - down,
        zero_point=op.output.zero_point,
    )
