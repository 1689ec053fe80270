"""Sums of codes of one scale: ADD_N and CUMSUM.

Sources: tensorflow/lite/micro/kernels/add_n.cc, cumsum.cc. What they scale are 2**19 times the
sums.
"""

from __future__ import annotations

from arch.quant import quantize_multiplier
from compiler.graph import Operator

SUM_BITS = 19


def sum_factor(op: Operator) -> float:
    """From sums to codes of the output."""
    return op.input(0).scale / ((1 << SUM_BITS) * op.output.scale)


def sum_multiplier(op: Operator) -> tuple[int, int]:
    return quantize_multiplier(sum_factor(op))
