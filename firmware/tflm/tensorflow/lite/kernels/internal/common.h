// The fixed-point arithmetic of the reference kernels (tensorflow/lite/kernels/internal/common.h
// and gemmlowp's fixedpoint.h), double rounding as TensorFlow Lite Micro is built.
#ifndef WEFT_TFLM_INTERNAL_COMMON_H
#define WEFT_TFLM_INTERNAL_COMMON_H

#include <math.h>
#include <stdint.h>

#include <algorithm>
#include <limits>

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/kernels/internal/types.h"
#include "weft_fixed_point.h"

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
    if (!value) return std::numeric_limits<T>::digits;
    return __builtin_clzll(static_cast<unsigned long long>(value)) -
           (64 - std::numeric_limits<T>::digits);
}

}  // namespace tflite

#endif  // WEFT_TFLM_INTERNAL_COMMON_H
