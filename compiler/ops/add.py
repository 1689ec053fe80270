"""ADD.

Source: tensorflow/lite/micro/kernels/add_common.cc (CalculateOpDataAdd).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arch.quant import multiply_by_quantized_multiplier, quantize_multiplier
from compiler.graph import Operator
from compiler.ops.requantization import INT8_MAX, INT8_MIN, clamp_of
from compiler.options import AddOptions

LEFT_SHIFT = 20


@dataclass(frozen=True)
class AddInput:
    """How one operand is brought to the common scale: (code - zero_point) << 20, scaled."""

    zero_point: int
    multiplier: int
    shift: int

    @property
    def table(self) -> NDArray[np.int32]:
        """The scaled operand for every code; code ``c`` is at index ``c + 128``."""
        codes = np.arange(INT8_MIN, INT8_MAX + 1, dtype=np.int64)
        shifted = (codes - self.zero_point) << LEFT_SHIFT
        scaled = multiply_by_quantized_multiplier(shifted, self.multiplier, self.shift)
        return scaled.astype(np.int32)


@dataclass(frozen=True)
class AddParams:
    """out = clamp((a.table[..] + b.table[..]) * multiplier * 2**(shift-31) + zero_point, ...)."""

    a: AddInput
    b: AddInput
    multiplier: int
    shift: int
    zero_point: int
    low: int
    high: int


def real_factors(op: Operator) -> tuple[float, float, float]:
    """Factors of both operands and of their sum, in double precision."""
    first, second = op.input(0).scale, op.input(1).scale
    twice_max = 2 * max(first, second)
    return first / twice_max, second / twice_max, twice_max / ((1 << LEFT_SHIFT) * op.output.scale)


def add(op: Operator) -> AddParams:
    """Of an ADD that the constraints have passed."""
    options = op.options
    assert isinstance(options, AddOptions)
    factor_a, factor_b, factor = real_factors(op)
    multiplier, shift = quantize_multiplier(factor)
    low, high = clamp_of(options.activation, op.output)
    return AddParams(
        a=AddInput(op.input(0).zero_point, *quantize_multiplier(factor_a)),
        b=AddInput(op.input(1).zero_point, *quantize_multiplier(factor_b)),
        multiplier=multiplier,
        shift=shift,
        zero_point=op.output.zero_point,
        low=low,
        high=high,
    )
