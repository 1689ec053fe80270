"""ADD and SUB of quantised operands.

Sources: tensorflow/lite/micro/kernels/add_common.cc (CalculateOpDataAdd), sub_common.cc.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arch.quant import Int64, multiply_by_quantized_multiplier, quantize_multiplier
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.ops.requantization import INT8_MAX, INT8_MIN, clamp_of
from compiler.options import ArithmeticOptions


def left_shift(op: Operator) -> int:
    """Bits by which operands are shifted before they are scaled."""
    return 15 if op.output.dtype is DType.INT16 else 20


@dataclass(frozen=True)
class AddInput:
    """How one operand is brought to the common scale: shifted left, then scaled."""

    zero_point: int
    left_shift: int
    multiplier: int
    shift: int

    def scaled(self, codes: Int64) -> Int64:
        shifted = (codes - self.zero_point) << self.left_shift
        return multiply_by_quantized_multiplier(shifted, self.multiplier, self.shift)

    @property
    def table(self) -> NDArray[np.int32]:
        """The scaled operand for every int8; code ``c`` is at index ``c + 128``."""
        return self.scaled(np.arange(INT8_MIN, INT8_MAX + 1)).astype(np.int32)


@dataclass(frozen=True)
class AddParams:
    """out = clamp((a.scaled ± b.scaled) * multiplier * 2**(shift-31) + zero_point, low, high)."""

    a: AddInput
    b: AddInput
    subtract: bool
    multiplier: int
    shift: int
    zero_point: int
    low: int
    high: int


def real_factors(op: Operator) -> tuple[float, float, float]:
    """Factors of both operands and of their sum, in double precision."""
    first, second = op.input(0).scale, op.input(1).scale
    twice_max = 2 * max(first, second)
    return (
        first / twice_max,
        second / twice_max,
        twice_max / ((1 << left_shift(op)) * op.output.scale),
    )


def add(op: Operator) -> AddParams:
    """Of an ADD or SUB that the constraints have passed."""
    options = op.options
    assert isinstance(options, ArithmeticOptions)
    factor_a, factor_b, factor = real_factors(op)
    bits = left_shift(op)
    multiplier, shift = quantize_multiplier(factor)
    low, high = clamp_of(options.activation, op.output)
    return AddParams(
        a=AddInput(op.input(0).zero_point, bits, *quantize_multiplier(factor_a)),
        b=AddInput(op.input(1).zero_point, bits, *quantize_multiplier(factor_b)),
        subtract=op.kind is Kind.SUB,
        multiplier=multiplier,
        shift=shift,
        zero_point=op.output.zero_point,
        low=low,
        high=high,
    )
