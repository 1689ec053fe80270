#ifndef WEFT_TFLM_KERNELS_INTERNAL_QUANTIZATION_UTIL_H
#define WEFT_TFLM_KERNELS_INTERNAL_QUANTIZATION_UTIL_H

// Multipliers of the reference kernels (tensorflow/lite/kernels/internal/quantization_util.cc).
#include <math.h>
#include <stdint.h>

#include <limits>

#include "tensorflow/lite/kernels/internal/compatibility.h"
#include "tensorflow/lite/kernels/internal/types.h"

namespace tflite {

// real = quantized / 2^31 * 2^shift
inline void QuantizeMultiplier(double real, int32_t *quantized, int *shift) {
    if (real == 0.) {
        *quantized = *shift = 0;
        return;
    }
    const double fraction = frexp(real, shift);
    auto fixed = static_cast<int64_t>(round(fraction * static_cast<double>(int64_t{1} << 31)));
    if (fixed == int64_t{1} << 31) {
        fixed /= 2;
        ++*shift;
    }
    if (*shift < -31) {
        *shift = 0;
        fixed = 0;
    }
    *quantized = static_cast<int32_t>(fixed);
}

inline void QuantizeMultiplierSmallerThanOneExp(double real, int32_t *quantized, int *left_shift) {
    QuantizeMultiplier(real, quantized, left_shift);
}

inline void QuantizeMultiplierGreaterThanOne(double real, int32_t *quantized, int *left_shift) {
    QuantizeMultiplier(real, quantized, left_shift);
}

// A softmax's scale of differences, in numbers with so many integer bits.
inline void PreprocessSoftmaxScaling(double beta, double input_scale, int input_integer_bits,
                                     int32_t *quantized, int *left_shift) {
    const double most = static_cast<double>(INT32_MAX);
    const double real = beta * input_scale * static_cast<double>(1 << (31 - input_integer_bits));
    QuantizeMultiplierGreaterThanOne(real < most ? real : most, quantized, left_shift);
}

// Whether a number is a power of two, and which.
inline bool CheckedLog2(float x, int *log2_result) {
    const float log2 = logf(x) * (1 / logf(2));
    *log2_result = static_cast<int>(roundf(log2));
    return fabsf(log2 - static_cast<float>(*log2_result)) < 1e-3f;
}

inline int CalculateInputRadius(int integer_bits, int left_shift, int total_signed_bits = 31) {
    return static_cast<int>(
        floor(((1 << integer_bits) - 1) *
              static_cast<double>(int64_t{1} << (total_signed_bits - integer_bits)) /
              static_cast<double>(int64_t{1} << left_shift)));
}

}  // namespace tflite

#endif  // WEFT_TFLM_KERNELS_INTERNAL_QUANTIZATION_UTIL_H
