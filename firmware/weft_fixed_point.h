/* Fixed-point arithmetic of TensorFlow Lite's reference kernels, bit for bit.
 *
 * Sources: gemmlowp fixedpoint/fixedpoint.h, tensorflow/lite/kernels/internal/common.cc (double
 * rounding). Products of 32 bits are written so that RV32IM needs mul, a mulh and no carry chain.
 */
#ifndef WEFT_FIXED_POINT_H
#define WEFT_FIXED_POINT_H

#include <stdint.h>

/* SaturatingRoundingDoublingHighMul: (a*b + 2^30) >> 31, saturated where both are -2^31. */
static inline int32_t weft_srdhm(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* The same with twice b in hand, 0 <= b < 2^31. */
static inline int32_t weft_srdhm_doubled(int32_t a, uint32_t doubled_b) {
    const uint64_t product = (uint64_t)((int64_t)a * (int64_t)doubled_b);
    return (int32_t)((uint32_t)(product >> 32) + ((uint32_t)product >> 31));
}

/* RoundingDivideByPOT: x / 2^exponent to nearest, ties away from zero; 0 <= exponent <= 31. */
static inline int32_t weft_rdbp(int32_t x, int32_t exponent) {
    const int32_t mask = (int32_t)((UINT32_C(1) << exponent) - 1);
    const int32_t threshold = (mask >> 1) + (x < 0);
    return (x >> exponent) + ((x & mask) > threshold);
}

/* MultiplyByQuantizedMultiplier: 0 <= multiplier < 2^31, -31 <= shift <= 30. */
static inline int32_t weft_mbqm(int32_t x, int32_t multiplier, int32_t shift) {
    const int32_t left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
    const int32_t shifted = (int32_t)((uint32_t)x << left);
    return weft_rdbp(weft_srdhm_doubled(shifted, (uint32_t)multiplier << 1), right);
}

/* The same for sums of 64 bits, with the multiplier rounded to 16; shift is -31 to 7. */
static inline int32_t weft_mbqm_64(int64_t x, int32_t multiplier, int32_t shift) {
    const int32_t reduced = multiplier < 0x7FFF0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF;
    const int32_t right = 15 - shift;
    return (int32_t)((x * reduced + (INT64_C(1) << (right - 1))) >> right);
}

static inline int32_t weft_clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : x > high ? high : x;
}

/* x * 2^exponent, saturated to int32. */
static inline int32_t weft_saturating_shift_left(int32_t x, int32_t exponent) {
    const int32_t limit = INT32_MAX >> exponent;
    if (x > limit) return INT32_MAX;
    if (x < -limit - 1) return INT32_MIN;
    return (int32_t)((uint32_t)x << exponent);
}

/* one_over_one_plus_x_for_x_in_0_1: 1 / (1 + x), both Q0.31, by Newton and Raphson. */
static inline int32_t weft_one_over_one_plus(int32_t x) {
    /* Twice (1 + x) / 2, which the original halves first and so loses the last bit of. */
    const uint32_t doubled_half = ((uint32_t)x + (UINT32_C(1) << 31)) & ~UINT32_C(1);
    int32_t y = INT32_C(1515870810) + weft_srdhm_doubled(-INT32_C(1010580540), doubled_half);
    for (int i = 0; i < 3; i++) {
        /* At most 1/17 at the first step: neither its double nor four times y * error saturates. */
        const int32_t error = (INT32_C(1) << 29) - weft_srdhm_doubled(y, doubled_half);
        const uint64_t product = (uint64_t)((int64_t)y * (2 * error));
        const uint32_t rounded = (uint32_t)(product >> 32) + ((uint32_t)product >> 31);
        y += (int32_t)(rounded << 2);
    }
    return weft_saturating_shift_left(y, 1);
}

/* GetReciprocal: 1 / x, Q0.31, for x > 0 with integer_bits integer bits; the result stands for
 * itself times 2^-*bits_over_unit. headroom: the zeros before x. */
static inline int32_t weft_reciprocal_below(int32_t x, int32_t headroom, int32_t integer_bits,
                                            int32_t *bits_over_unit) {
    *bits_over_unit = integer_bits - headroom;
    const uint32_t normalised = (uint32_t)x << headroom;
    return weft_one_over_one_plus((int32_t)(normalised - (UINT32_C(1) << 31)));
}

static inline int32_t weft_reciprocal(int32_t x, int32_t integer_bits, int32_t *bits_over_unit) {
    return weft_reciprocal_below(x, __builtin_clz((uint32_t)x), integer_bits, bits_over_unit);
}

#endif /* WEFT_FIXED_POINT_H */
