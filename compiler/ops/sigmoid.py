"""LOGISTIC and TANH of int16.

Sources: tensorflow/lite/micro/kernels/ logistic_common.cc, tanh.cc.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from compiler.builtin import Kind
from compiler.graph import Operator

TABLE_FACTOR = 12288  # entries of the table for an input of 1, times 2**9 (LOGISTIC)
POWER_OF_TWO_TOLERANCE = 1e-3


@dataclass(frozen=True)
class SigmoidParams:
    """The table is looked up at (code * multiplier) >> shift, rounded."""

    multiplier: int
    shift: int
    is_tanh: int


def sigmoid_int16(op: Operator) -> SigmoidParams:
    """Of an operator that the constraints have passed."""
    is_tanh = op.kind is Kind.TANH
    scale = op.input(0).scale
    exponent = math.log2(scale)
    left = round(exponent) + 12
    is_power = abs(exponent - round(exponent)) < POWER_OF_TWO_TOLERANCE
    if is_power and left in ((0, 1) if is_tanh else (0,)):
        return SigmoidParams(3 << left, 0, int(is_tanh))
    multiplier, shift = scale * TABLE_FACTOR, 0
    while multiplier <= 32767 / 2 and shift <= 30:
        shift += 1
        multiplier *= 2
    return SigmoidParams(int(multiplier), shift, int(is_tanh))
