"""gemmlowp's fixed-point functions, on scalars; source: gemmlowp fixedpoint/fixedpoint.h."""

from __future__ import annotations

from arch.quant import rounding_divide_by_pot, saturating_rounding_doubling_high_mul, wrap32

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


def one_over_one_plus_x(a: int) -> int:
    """1 / (1 + a) in Q0.31 for a in Q0.31, 0 <= a (one_over_one_plus_x_for_x_in_0_1)."""
    return saturating_shift_left(_half_reciprocal(a), 1)


def _half_reciprocal(a: int) -> int:
    """1 / (1 + a) in Q2.29, by Newton and Raphson."""
    half_denominator = (a + (1 << 31)) >> 1
    x = 1515870810 + _srdhm(half_denominator, -1010580540)
    for _ in range(3):
        error = (1 << 29) - _srdhm(half_denominator, x)
        x = int(wrap32(x + saturating_shift_left(_srdhm(x, error), 2)))
    return x


def logistic(a: int, integer_bits: int) -> int:
    """1 / (1 + exp(-a)) in Q0.31 for ``a`` with ``integer_bits`` integer bits in an int32."""
    if a == 0:
        return 1 << 30
    positive = one_over_one_plus_x(exp_on_negative_values(-abs(a), integer_bits))
    return positive if a > 0 else INT32_MAX - positive


def tanh(a: int, integer_bits: int) -> int:
    """tanh(a) in Q0.31 for ``a`` with ``integer_bits`` integer bits in an int32."""
    if a == 0:
        return 0
    exponential = exp_on_negative_values(-abs(a), integer_bits + 1)
    magnitude = saturating_shift_left(_half_reciprocal(exponential) - (1 << 29), 2)
    return magnitude if a > 0 else -magnitude


def inverse_square_root(n: int) -> tuple[int, int]:
    """Multiplier and shift of 1 / sqrt(n), n >= 0 (GetInvSqrtQuantizedMultiplierExp)."""
    if n <= 1:
        return INT32_MAX, 0
    right = 11
    while n >= 1 << 29:
        n //= 4
        right += 1
    pairs = (32 - n.bit_length() - 1) // 2 - 1
    right -= pairs
    a = n << 2 * pairs >> 1
    half = _rdbp(a, 1)
    x = 1 << 28
    for _ in range(5):
        x3 = saturating_shift_left(_srdhm(_srdhm(x, x), x), 6)
        x = saturating_shift_left(_srdhm(402653184, x) - _srdhm(half, x3), 3)
    x = _srdhm(x, 1518500250)
    return (x << -right, 0) if right < 0 else (x, -right)
