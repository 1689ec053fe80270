"""SOFTMAX.

Sources: tensorflow/lite/micro/kernels/softmax_common.cc (CalculateSoftmaxParams),
tensorflow/lite/kernels/internal/quantization_util.cc (PreprocessSoftmaxScaling,
CalculateInputRadius).
"""

from __future__ import annotations

import math
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
    options = op.options
    assert isinstance(options, SoftmaxOptions)
    scaled = options.beta * op.input(0).scale * (1 << (31 - INTEGER_BITS))
    return min(scaled, (1 << 31) - 1.0)


def softmax(op: Operator) -> SoftmaxParams:
    """Of a SOFTMAX that the constraints have passed."""
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
