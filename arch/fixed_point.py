"""gemmlowp's fixed-point functions, on scalars; source: gemmlowp fixedpoint/fixedpoint.h."""

from __future__ import annotations

from arch.quant import rounding_divide_by_pot, saturating_rounding_doubling_high_mul

INT32_MAX = (1 << 31) - 1

_EXP_MINUS_1_8 = 1895147668  # exp(-1/8), Q0.31
_ONE_THIRD = 715827883
# exp(-2**exponent), Q0.31, for the bits of the argument above the interval [-1/4, 0).
_EXP_OF_MINUS_POWERS = (
    (-2, 1672461947),
    (-1, 1302514674),
    (0, 790015084),
    (1, 290630308),
    (2, 39332535),
    (3, 720401),
    (4, 242),
)


def _srdhm(a: int, b: int) -> int:
    return int(saturating_rounding_doubling_high_mul(a, b))


def _rdbp(x: int, exponent: int) -> int:
    return int(rounding_divide_by_pot(x, exponent))


def saturating_shift_left(x: int, exponent: int) -> int:
    """x * 2**exponent, saturated to int32 (SaturatingRoundingMultiplyByPOT, positive exponent)."""
    return max(-(1 << 31), min(x << exponent, INT32_MAX))


def exp_on_negative_values(a: int, integer_bits: int) -> int:
    """exp(a) in Q0.31 for a <= 0 with ``integer_bits`` integer bits in an int32."""
    if a == 0:
        return INT32_MAX
    quarter = 1 << (29 - integer_bits)
    a_mod_quarter = (a & (quarter - 1)) - quarter
    x = saturating_shift_left(a_mod_quarter, integer_bits) + (1 << 28)
    x2 = _srdhm(x, x)
    x3 = _srdhm(x2, x)
    x4 = _srdhm(x2, x2)
    tail = _rdbp(_srdhm(_rdbp(x4, 2) + x3, _ONE_THIRD) + x2, 1)
    result = _EXP_MINUS_1_8 + _srdhm(_EXP_MINUS_1_8, x + tail)
    remainder = a_mod_quarter - a
    for exponent, multiplier in _EXP_OF_MINUS_POWERS:
        if integer_bits > exponent and remainder >> (31 - integer_bits + exponent) & 1:
            result = _srdhm(result, multiplier)
    return result
