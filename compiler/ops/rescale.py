"""Piecewise linear functions of one operand: RELU, RELU6, LEAKY_RELU, ABS and QUANTIZE.

Sources: tensorflow/lite/micro/kernels/ activations_common.cc, leaky_relu_common.cc,
elementwise.cc, quantize_common.cc.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from arch.quant import quantize_multiplier
from compiler.builtin import Kind
from compiler.graph import Operator
from compiler.ops.requantization import limits_of, quantized_bound
from compiler.options import LeakyReluOptions

IDENTITY = (1 << 30, 1)  # multiplier and shift that change nothing


@dataclass(frozen=True)
class RescaleParams:
    """out = clamp((code - zero_point_in) * multiplier * 2**(shift-31) + zero_point_out, low, high).

    Below the zero point the multiplier, which may then be negative, and the shift are
    ``multiplier_below`` and ``shift_below``.
    """

    multiplier: int
    shift: int
    multiplier_below: int
    shift_below: int
    zero_point_in: int
    zero_point_out: int
    low: int
    high: int


def factors(op: Operator) -> tuple[float, float]:
    """Real factors above and below the input's zero point, as precise as the reference's."""
    x, y = op.input(0).scale, op.output.scale
    if isinstance(op.options, LeakyReluOptions):
        return x / y, x * float(np.float32(op.options.alpha)) / y
    if op.kind is Kind.RELU_N1_TO_1:  # LiteRT divides in single precision
        return (float(np.float32(x) / np.float32(y)),) * 2
    if op.kind is Kind.RELU6 or (op.kind is Kind.ABS and x == y):
        return 1.0, 1.0
    return x / y, x / y


def rescale(op: Operator) -> RescaleParams:
    """Of an operator on integers that the constraints have passed."""
    above, below = (quantize_multiplier(factor) for factor in factors(op))
    low, high = limits_of(op.output.dtype)
    x, y = op.input(0), op.output
    p = RescaleParams(*above, *below, x.zero_point, y.zero_point, low, high)
    if op.kind is Kind.RELU:
        return replace(p, low=max(low, y.zero_point))
    if op.kind is Kind.RELU6:  # the output's quantisation is not looked at
        six = quantized_bound(6.0, x)
        assert six is not None
        return replace(p, zero_point_out=x.zero_point, low=x.zero_point, high=min(six, high))
    if op.kind is Kind.ABS:
        return replace(p, multiplier_below=-p.multiplier_below)
    return p
