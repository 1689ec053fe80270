#ifndef WEFT_TFLM_KERNELS_INTERNAL_CPPMATH_H
#define WEFT_TFLM_KERNELS_INTERNAL_CPPMATH_H

#include <cmath>

namespace tflite {

template <typename T>
inline T TfLiteRound(T x) {
    return std::round(x);
}
template <typename T>
inline T TfLiteExpm1(T x) {
    return std::expm1(x);
}

}  // namespace tflite

#endif  // WEFT_TFLM_KERNELS_INTERNAL_CPPMATH_H
