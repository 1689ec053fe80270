"""Functions of two operands in integers: their parameters, and their results for given codes.

Sources: tensorflow/lite/micro/kernels/ mul_common.cc, div.cc, squared_difference.cc,
maximum_minimum.cc, prelu_common.cc, comparisons.cc, logical_common.cc and
tensorflow/lite/kernels/internal/reference/. Codes and results are int64 arrays of one dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arch.fixed_point import one_over_one_plus_x
from arch.quant import (
    Int64,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    requantize,
    rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul,
    wrap32,
)
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.ops.add import AddInput, add
from compiler.ops.requantization import clamp_of, limits_of
from compiler.options import ArithmeticOptions

COMPARISON_LEFT_SHIFT = 8

Pair = Callable[[Operator, Int64, Int64], Int64]


@dataclass(frozen=True)
class PairParams:
    """How the result of a function of two values becomes a code.

    out = clamp(result * multiplier * 2**(shift-31) + zero_point, low, high).
    """

    multiplier: int
    shift: int
    zero_point: int
    low: int
    high: int


def product_factor(op: Operator) -> float:
    """Of MUL, in double precision."""
    return op.input(0).scale * op.input(1).scale / op.output.scale


def quotient_factor(op: Operator) -> float:
    """Of DIV, in double precision."""
    return op.input(0).scale / (op.input(1).scale * op.output.scale)


def scaled_pair(op: Operator) -> PairParams:
    """Of a MUL or DIV that the constraints have passed."""
    options = op.options
    assert isinstance(options, ArithmeticOptions)
    factor = product_factor(op) if op.kind is Kind.MUL else quotient_factor(op)
    limits = clamp_of(options.activation, op.output)
    return PairParams(*quantize_multiplier(factor), op.output.zero_point, *limits)


def difference_bits(op: Operator) -> int:
    """Bits by which the operands of SQUARED_DIFFERENCE are shifted before they are scaled."""
    return 7 if op.output.dtype is DType.INT8 else 0


def difference_factors(op: Operator) -> tuple[float, float, float]:
    """Factors of the operands of SQUARED_DIFFERENCE, and of the square."""
    a, b, y = op.input(0).scale, op.input(1).scale, op.output.scale
    twice_max = 2 * max(a, b)
    return a / twice_max, b / twice_max, twice_max**2 / ((1 << 2 * difference_bits(op)) * y)


@dataclass(frozen=True)
class DifferenceParams:
    """SQUARED_DIFFERENCE: the square of the difference of the scaled operands, as a code."""

    a: AddInput
    b: AddInput
    square: PairParams


def squared_difference(op: Operator) -> DifferenceParams:
    """Of a SQUARED_DIFFERENCE of int8 or int16 that the constraints have passed."""
    bits, y = difference_bits(op), op.output
    *factors, factor = difference_factors(op)
    a, b = (
        AddInput(op.input(i).zero_point, bits, *quantize_multiplier(factors[i])) for i in range(2)
    )
    square = PairParams(*quantize_multiplier(factor), y.zero_point, *limits_of(y.dtype))
    return DifferenceParams(a, b, square)


def prelu_factors(op: Operator) -> tuple[float, float]:
    """Factors of PRELU above zero, and of products with alpha."""
    x, alpha, y = op.input(0).scale, op.input(1).scale, op.output.scale
    return x / y, x * alpha / y


def compared(op: Operator, operand: int) -> AddInput:
    """How an int8 operand of a comparison is scaled, that constraints have passed."""
    x = op.input(operand)
    return AddInput(x.zero_point, COMPARISON_LEFT_SHIFT, *quantize_multiplier(x.scale))


# ---- results -----------------------------------------------------------------------------------
def _code(p: PairParams, values: Int64) -> Int64:
    return requantize(wrap32(values), p.multiplier, p.shift, p.zero_point, p.low, p.high)


def _sum(op: Operator, a: Int64, b: Int64) -> Int64:
    p = add(op)
    scaled_b = p.b.scaled(b)
    total = p.a.scaled(a) + (-scaled_b if p.subtract else scaled_b)
    return requantize(total, p.multiplier, p.shift, p.zero_point, p.low, p.high)


def _product(op: Operator, a: Int64, b: Int64) -> Int64:
    return _code(scaled_pair(op), (a - op.input(0).zero_point) * (b - op.input(1).zero_point))


def _quotient(op: Operator, a: Int64, b: Int64) -> Int64:
    """Divisors of zero, for which the reference has no result, give the zero point."""
    p = scaled_pair(op)
    results = []
    for x, y in zip(a - op.input(0).zero_point, b - op.input(1).zero_point, strict=True):
        if y == 0:
            results.append(p.zero_point)
            continue
        dividend, divisor = (int(x), int(y)) if y > 0 else (-int(x), -int(y))
        headroom = 32 - divisor.bit_length()
        reciprocal = one_over_one_plus_x((divisor << headroom) - (1 << 31))
        spare = 31 - (dividend if dividend >= 0 else ~dividend).bit_length()
        quotient = saturating_rounding_doubling_high_mul(dividend << spare, reciprocal)
        high = saturating_rounding_doubling_high_mul(quotient, p.multiplier)
        right = 31 - headroom + spare - p.shift
        results.append(_rounded_shift(int(high), right) + p.zero_point)
    clipped: Int64 = np.clip(np.array(results, np.int64), p.low, p.high)
    return clipped


def _rounded_shift(x: int, exponent: int) -> int:
    """RoundingDivideByPOT on x86, which takes shift counts modulo 32, for exponents up to 62."""
    if exponent <= 31:
        return int(rounding_divide_by_pot(x, exponent))
    return (x >> (exponent & 31)) + int(x >= 0)


def _squared_difference(op: Operator, a: Int64, b: Int64) -> Int64:
    p = squared_difference(op)
    difference = p.a.scaled(a) - p.b.scaled(b)
    return _code(p.square, difference * difference)


def _prelu(op: Operator, x: Int64, alpha: Int64) -> Int64:
    above, below = (quantize_multiplier(factor) for factor in prelu_factors(op))
    values = x - op.input(0).zero_point
    products = values * (alpha - op.input(1).zero_point)
    scaled = np.where(
        values >= 0,
        multiply_by_quantized_multiplier(values, *above),
        multiply_by_quantized_multiplier(products, *below),
    )
    codes: Int64 = np.clip(scaled + op.output.zero_point, *limits_of(op.output.dtype))
    return codes


def _maximum(op: Operator, a: Int64, b: Int64) -> Int64:
    return np.maximum(a, b)


def _minimum(op: Operator, a: Int64, b: Int64) -> Int64:
    return np.minimum(a, b)


def _comparison(compare: Callable[[Int64, Int64], NDArray[np.bool_]]) -> Pair:
    def result(op: Operator, a: Int64, b: Int64) -> Int64:
        if op.input(0).dtype is DType.INT8:
            a, b = compared(op, 0).scaled(a), compared(op, 1).scaled(b)
        compared_codes: Int64 = compare(a, b).astype(np.int64)
        return compared_codes

    return result


PAIRS: Mapping[Kind, Pair] = {
    Kind.ADD: _sum,
    Kind.SUB: _sum,
    Kind.MUL: _product,
    Kind.DIV: _quotient,
    Kind.SQUARED_DIFFERENCE: _squared_difference,
    Kind.PRELU: _prelu,
    Kind.MAXIMUM: _maximum,
    Kind.MINIMUM: _minimum,
    Kind.EQUAL: _comparison(np.equal),
    Kind.NOT_EQUAL: _comparison(np.not_equal),
    Kind.LESS: _comparison(np.less),
    Kind.LESS_EQUAL: _comparison(np.less_equal),
    Kind.GREATER: _comparison(np.greater),
    Kind.GREATER_EQUAL: _comparison(np.greater_equal),
    Kind.LOGICAL_AND: _minimum,
    Kind.LOGICAL_OR: _maximum,
}
