// exp, expm1, log, sin, cos and tanh of float32 with the results of glibc's, which TensorFlow Lite
// Micro is built with, and not just close to them; and its logistic function.
//
// Tables, coefficients and the order of operations are those of Arm's optimized-routines
// (github.com/ARM-software/optimized-routines, math/ expf.c, logf.c, sincosf.h), which glibc took
// over in version 2.28; expm1 and tanh are those of FDLIBM (s_expm1f.c, s_tanhf.c), as in glibc up
// to version 2.40.
#ifndef WEFT_OPS_FLOAT_MATH_H
#define WEFT_OPS_FLOAT_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

template <typename To, typename From>
inline To weft_bits(From value) {
    static_assert(sizeof(To) == sizeof(From));
    To result;
    memcpy(&result, &value, sizeof result);
    return result;
}

// Bits of 2^(i / 32) less i / 32 of an exponent: k * 2^47 can be added for any k = i mod 32.
inline constexpr uint64_t kWeftExpTable[32] = {
    0x3ff0000000000000, 0x3fefd9b0d3158574, 0x3fefb5586cf9890f, 0x3fef9301d0125b51,
    0x3fef72b83c7d517b, 0x3fef54873168b9aa, 0x3fef387a6e756238, 0x3fef1e9df51fdee1,
    0x3fef06fe0a31b715, 0x3feef1a7373aa9cb, 0x3feedea64c123422, 0x3feece086061892d,
    0x3feebfdad5362a27, 0x3feeb42b569d4f82, 0x3feeab07dd485429, 0x3feea47eb03a5585,
    0x3feea09e667f3bcd, 0x3fee9f75e8ec5f74, 0x3feea11473eb0187, 0x3feea589994cce13,
    0x3feeace5422aa0db, 0x3feeb737b0cdc5e5, 0x3feec49182a3f090, 0x3feed503b23e255d,
    0x3feee89f995ad3ad, 0x3feeff76f2fb5e47, 0x3fef199bdd85529c, 0x3fef3720dcef9069,
    0x3fef5818dcfba487, 0x3fef7c97337b9b5f, 0x3fefa4afa2a490da, 0x3fefd0765b6e4540,
};

__attribute__((noinline)) inline float weft_expf(float x) {
    if (x != x) return x;
    if (x > 0x1.62e42ep6f) return INFINITY;
    if (x < -0x1.9fe368p6f) return 0.0f;
    // x = (k + r) * ln2 / 32 with integer k and |r| at most 1/2.
    const double scaled = 0x1.71547652b82fep+0 * 32 * static_cast<double>(x);
    const double shifted = scaled + 0x1.8p+52;
    const uint64_t k = weft_bits<uint64_t>(shifted);
    const double r = scaled - (shifted - 0x1.8p+52);
    const double scale = weft_bits<double>(kWeftExpTable[k % 32] + (k << 47));
    constexpr double kN = 32;
    const double upper = 0x1.c6af84b912394p-5 / kN / kN / kN * r + 0x1.ebfce50fac4f3p-3 / kN / kN;
    const double lower = 0x1.62e42ff0c52d6p-1 / kN * r + 1;
    return static_cast<float>((upper * (r * r) + lower) * scale);
}

// 1 / c and log(c) for c near the middle of each of 16 parts of [0.7, 1.4].
inline constexpr double kWeftLogTable[16][2] = {
    {0x1.661ec79f8f3bep+0, -0x1.57bf7808caadep-2}, {0x1.571ed4aaf883dp+0, -0x1.2bef0a7c06ddbp-2},
    {0x1.49539f0f010bp+0, -0x1.01eae7f513a67p-2},  {0x1.3c995b0b80385p+0, -0x1.b31d8a68224e9p-3},
    {0x1.30d190c8864a5p+0, -0x1.6574f0ac07758p-3}, {0x1.25e227b0b8eap+0, -0x1.1aa2bc79c81p-3},
    {0x1.1bb4a4a1a343fp+0, -0x1.a4e76ce8c0e5ep-4}, {0x1.12358f08ae5bap+0, -0x1.1973c5a611cccp-4},
    {0x1.0953f419900a7p+0, -0x1.252f438e10c1ep-5}, {0x1p+0, 0x0p+0},
    {0x1.e608cfd9a47acp-1, 0x1.aa5aa5df25984p-5},  {0x1.ca4b31f026aap-1, 0x1.c5e53aa362eb4p-4},
    {0x1.b2036576afce6p-1, 0x1.526e57720db08p-3},  {0x1.9c2d163a1aa2dp-1, 0x1.bc2860d22477p-3},
    {0x1.886e6037841edp-1, 0x1.1058bc8a07ee1p-2},  {0x1.767dcf5534862p-1, 0x1.4043057b6ee09p-2},
};

__attribute__((noinline)) inline float weft_logf(float x) {
    uint32_t bits = weft_bits<uint32_t>(x);
    if (x == 0) return -INFINITY;
    if (!(x > 0)) return NAN;
    if (x == INFINITY) return x;
    if (bits < 0x00800000) bits = weft_bits<uint32_t>(x * 0x1p23f) - (23u << 23);
    // x = 2^k * z with z in [0.7, 1.4), and c is in z's part of it.
    const uint32_t offset = bits - 0x3f330000;
    const double *part = kWeftLogTable[offset >> 19 & 15];
    const int32_t k = static_cast<int32_t>(offset) >> 23;
    const double z = weft_bits<float>(bits - (offset & 0xff800000));
    const double r = z * part[0] - 1;
    const double start = part[1] + k * 0x1.62e42fefa39efp-1;
    const double r2 = r * r;
    double y = 0x1.5575b0be00b6ap-2 * r + -0x1.ffffef20a4123p-2;
    y = -0x1.00ea348b88334p-2 * r2 + y;
    return static_cast<float>(y * r2 + (start + r));
}

// The sine of x, or its cosine, |x| at most about pi / 4.
inline float weft_sin_or_cos(double x, bool cosine, bool negative) {
    const double x2 = x * x;
    if (!cosine) {
        const double x3 = x * x2, upper = 0x1.1107605230bc4p-7 + x2 * -0x1.994eb3774cf24p-13;
        return static_cast<float>(x + x3 * -0x1.555545995a603p-3 + x3 * x2 * upper);
    }
    const double x4 = x2 * x2, upper = -0x1.6c087e89a359dp-10 + x2 * 0x1.99343027bf8c3p-16;
    const double lower = 1.0 + x2 * -0x1.ffffffd0c621cp-2;
    const double result = lower + x4 * 0x1.55553e1068f19p-5 + x4 * x2 * upper;
    return static_cast<float>(negative ? -result : result);
}

// x minus the nearest multiple of pi / 2, |x| at least 120; the multiple, modulo 4.
inline double weft_reduced(uint32_t bits, int32_t *quadrant) {
    // 192 bits of 4 / pi, from every eighth bit on.
    static constexpr uint32_t kFourOverPi[24] = {
        0xa2,       0xa2f9,     0xa2f983,   0xa2f9836e, 0xf9836e4e, 0x836e4e44,
        0x6e4e4415, 0x4e441529, 0x441529fc, 0x1529fc27, 0x29fc2757, 0xfc2757d1,
        0x2757d1f5, 0x57d1f534, 0xd1f534dd, 0xf534ddc0, 0x34ddc0db, 0xddc0db62,
        0xc0db6295, 0xdb629599, 0x6295993c, 0x95993c43, 0x993c4390, 0x3c439041,
    };
    const uint32_t *words = kFourOverPi + (bits >> 26 & 15);
    const uint32_t fraction = ((bits & 0x7fffff) | 0x800000) << (bits >> 23 & 7);
    const uint64_t high = static_cast<uint64_t>(fraction * words[0]) << 32;
    const uint64_t low = static_cast<uint64_t>(fraction) * words[8] >> 32;
    uint64_t product = (high | low) + static_cast<uint64_t>(fraction) * words[4];
    const uint64_t n = (product + (1ull << 61)) >> 62;
    *quadrant = static_cast<int32_t>(n);
    product -= n << 62;
    return static_cast<double>(static_cast<int64_t>(product)) * 0x1.921FB54442D18p-62;
}

// sin(x), or cos(x).
__attribute__((noinline)) inline float weft_sincosf(float x, bool cosine) {
    const uint32_t bits = weft_bits<uint32_t>(x), magnitude = bits & 0x7fffffff;
    // Limits are compared by sign, exponent and three bits, as the original does.
    const uint32_t top = magnitude >> 20;
    if (top < 0x398) return cosine ? 1.0f : x;
    if (top < 0x3f4) return weft_sin_or_cos(x, cosine, false);
    if (top >= 0x7f8) return NAN;
    int32_t quadrant, sign = 0;
    double reduced;
    if (top < 0x42f) {
        const double turns = x * 0x1.45F306DC9C883p+23;
        quadrant = (static_cast<int32_t>(turns) + 0x800000) >> 24;
        reduced = x - quadrant * 0x1.921FB54442D18p0;
    } else {
        reduced = weft_reduced(bits, &quadrant);
        sign = static_cast<int32_t>(bits >> 31);
    }
    const int32_t signed_quadrant = quadrant + sign;
    if ((signed_quadrant + 1) & 2) reduced = -reduced;
    return weft_sin_or_cos(reduced, (quadrant & 1) != cosine, signed_quadrant & 2);
}

inline float weft_sinf(float x) { return weft_sincosf(x, false); }
inline float weft_cosf(float x) { return weft_sincosf(x, true); }

inline float weft_power_of_two(int32_t exponent) {
    return weft_bits<float>(static_cast<uint32_t>(127 + exponent) << 23);
}

__attribute__((noinline)) inline float weft_expm1f(float x) {
    const uint32_t magnitude = weft_bits<uint32_t>(x) & 0x7fffffff;
    if (magnitude > 0x7f800000) return x;
    if (magnitude >= 0x4195b844) {  // 27 * ln2
        if (x < 0) return -1.0f;
        if (magnitude > 0x42b17217) return INFINITY;
    }
    if (magnitude < 0x33000000) return x;  // 2^-25
    // x = k * ln2 + (reduced + correction).
    int32_t k = 0;
    float reduced = x, correction = 0;
    if (magnitude > 0x3eb17218) {  // ln2 / 2
        if (magnitude < 0x3f851592) {  // 3 / 2 * ln2
            k = x < 0 ? -1 : 1;
        } else {
            k = static_cast<int32_t>(1.4426950216e+00f * x + (x < 0 ? -0.5f : 0.5f));
        }
        const float high = x - k * 6.9313812256e-01f, low = k * 9.0580006145e-06f;
        reduced = high - low;
        correction = (high - reduced) - low;
    }
    const float half = 0.5f * reduced, square = reduced * half;
    float sum = 4.0082177293e-06f + square * -2.0109921195e-07f;
    sum = 1.5873016091e-03f + square * (-7.9365076090e-05f + square * sum);
    const float r = 1.0f + square * (-3.3333335072e-02f + square * sum), t = 3.0f - r * half;
    float e = square * ((r - t) / (6.0f - reduced * t));
    if (k == 0) return reduced - (reduced * e - square);
    e = reduced * (e - correction) - correction - square;
    if (k == -1) return 0.5f * (reduced - e) - 0.5f;
    if (k == 1)
        return reduced < -0.25f ? -2.0f * (e - (reduced + 0.5f)) : 1.0f + 2.0f * (reduced - e);
    if (k <= -2 || k > 56) {
        const float y = 1.0f - (e - reduced);
        return (k == 128 ? y * 2.0f * 0x1p127f : y * weft_power_of_two(k)) - 1.0f;
    }
    const float small = weft_power_of_two(-k);
    const float y = k < 23 ? (1.0f - small) - (e - reduced) : reduced - (e + small) + 1.0f;
    return y * weft_power_of_two(k);
}

__attribute__((noinline)) inline float weft_tanhf(float x) {
    if (x != x) return x;
    const float magnitude = __builtin_fabsf(x);
    float result = 1.0f;
    if (magnitude < 0x1p-55f) return x;
    if (magnitude < 1.0f) {
        const float t = weft_expm1f(-2.0f * magnitude);
        result = -t / (t + 2.0f);
    } else if (magnitude < 22.0f) {
        result = 1.0f - 2.0f / (weft_expm1f(2.0f * magnitude) + 2.0f);
    }
    return x < 0 ? -result : result;
}

// tensorflow/lite/kernels/internal/reference/logistic.h.
inline float weft_logisticf(float x) {
    if (x > 16.619047164916992188f) return 1.0f;
    if (x < -9.0f) return weft_expf(x);
    return 1.0f / (1.0f + weft_expf(-x));
}

#endif  // WEFT_OPS_FLOAT_MATH_H
