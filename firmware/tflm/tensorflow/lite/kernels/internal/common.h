// The fixed-point arithmetic of the reference kernels (tensorflow/lite/kernels/internal/common.h
// and gemmlowp's fixedpoint.h), double rounding as TensorFlow Lite Micro is built.
#ifndef WEFT_TFLM_INTERNAL_COMMON_H
#define WEFT_TFLM_INTERNAL_COMMON_H

#include <math.h>
#include <stdint.h>

#include <algorithm>
#include <limits>

#include <type_traits>

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/kernels/internal/broadcast.h"
#include "tensorflow/lite/kernels/internal/cppmath.h"
#include "tensorflow/lite/kernels/internal/lookup.h"
#include "tensorflow/lite/kernels/internal/types.h"
#include "weft_fixed_point.h"

// gemmlowp's fixed-point numbers, where the operator brings them.
#if __has_include("fixedpoint/fixedpoint.h")
#include "fixedpoint/fixedpoint.h"
#define WEFT_TFLM_HAS_FIXEDPOINT
#endif

namespace gemmlowp {

inline int32_t SaturatingRoundingDoublingHighMul(int32_t a, int32_t b) { return weft_srdhm(a, b); }
inline int32_t RoundingDivideByPOT(int32_t x, int exponent) {
    return weft_rdbp(x, exponent);
}

}  // namespace gemmlowp

namespace tflite {

inline int32_t MultiplyByQuantizedMultiplier(int32_t x, int32_t multiplier, int shift) {
    return weft_mbqm(x, multiplier, shift);
}

inline int32_t MultiplyByQuantizedMultiplierSmallerThanOneExp(int32_t x, int32_t multiplier,
                                                              int left_shift) {
    return gemmlowp::RoundingDivideByPOT(gemmlowp::SaturatingRoundingDoublingHighMul(x, multiplier),
                                         -left_shift);
}

inline int32_t MultiplyByQuantizedMultiplierGreaterThanOne(int32_t x, int32_t multiplier,
                                                           int left_shift) {
    return gemmlowp::SaturatingRoundingDoublingHighMul(
        static_cast<int32_t>(static_cast<uint32_t>(x) << left_shift), multiplier);
}

// For accumulators of 48 bits: the multiplier is used with 16 bits.
inline int32_t MultiplyByQuantizedMultiplier(int64_t x, int32_t multiplier, int shift) {
    const int32_t reduced =
        multiplier < 0x7FFF0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF;
    const int total = 15 - shift;
    const int64_t product = x * static_cast<int64_t>(reduced) + (int64_t{1} << (total - 1));
    return static_cast<int32_t>(product >> total);
}

template <typename T>
inline T ActivationFunctionWithMinMax(T x, T low, T high) {
    return std::min(std::max(x, low), high);
}

template <typename T>
int CountLeadingZeros(T value) {
    static_assert(std::is_unsigned<T>::value, "of unsigned integers");
    if (!value) return std::numeric_limits<T>::digits;
    return __builtin_clzll(static_cast<unsigned long long>(value)) -
           (64 - std::numeric_limits<T>::digits);
}

template <typename T>
int CountLeadingSignBits(T value) {
    static_assert(std::is_signed<T>::value, "of signed integers");
    using Unsigned = typename std::make_unsigned<T>::type;
    return CountLeadingZeros(static_cast<Unsigned>(value < 0 ? ~value : value)) - 1;
}

template <typename T>
T FloorLog2(T n) {
    TFLITE_CHECK_GT(n, 0);
    return std::numeric_limits<T>::digits - 1 - CountLeadingSignBits(n);
}

constexpr int kReverseShift = -1;

inline void GetActivationMinMax(FusedActivationFunctionType activation, float *low, float *high) {
    const bool relu1 = activation == FusedActivationFunctionType::kRelu1;
    const bool relu6 = activation == FusedActivationFunctionType::kRelu6;
    const bool none = activation == FusedActivationFunctionType::kNone;
    *low = none ? std::numeric_limits<float>::lowest() : relu1 ? -1.f : 0.f;
    *high = relu1 ? 1.f : relu6 ? 6.f : std::numeric_limits<float>::max();
}

template <FusedActivationFunctionType kActivation>
float ActivationFunction(float x) {
    float low, high;
    GetActivationMinMax(kActivation, &low, &high);
    return ActivationFunctionWithMinMax(x, low, high);
}

// Sums and products that wrap around.
template <typename T>
T WrappingAdd(T a, T b) {
    if (!std::is_integral<T>::value) return a + b;
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
template <typename T>
T WrappingMul(T a, T b) {
    if (!std::is_integral<T>::value) return a * b;
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
template <typename T>
T AddTensorValuesWithExpectedOverflow(T a, T b) {
    return WrappingAdd(a, b);
}
template <typename T>
T MulTensorValuesWithExpectedOverflow(T a, T b) {
    return WrappingMul(a, b);
}

inline void DownScaleInt32ToInt16Multiplier(int32_t multiplier, int16_t *result) {
    constexpr int32_t kHalf = 1 << 15;
    *result = multiplier >= INT32_MAX - kHalf ? INT16_MAX
                                              : static_cast<int16_t>((multiplier + kHalf) >> 16);
}

#ifdef WEFT_TFLM_HAS_FIXEDPOINT
// 1 / x, for x with as many integer bits; the result has a bit for each that it is below 1.
inline int32_t GetReciprocal(int32_t x, int x_integer_digits, int *num_bits_over_unit) {
    const int headroom = CountLeadingZeros(static_cast<uint32_t>(x));
    *num_bits_over_unit = x_integer_digits - headroom;
    const uint32_t above_one = (static_cast<uint32_t>(x) << headroom) - (uint32_t{1} << 31);
    using Fraction = gemmlowp::FixedPoint<int32_t, 0>;
    return gemmlowp::one_over_one_plus_x_for_x_in_0_1(
               Fraction::FromRaw(static_cast<int32_t>(above_one)))
        .raw();
}
#endif

}  // namespace tflite

#endif  // WEFT_TFLM_INTERNAL_COMMON_H
