#ifndef WEFT_TFLM_MICRO_MICRO_UTILS_H
#define WEFT_TFLM_MICRO_MICRO_UTILS_H

#include <math.h>
#include <stdint.h>

#include <algorithm>
#include <limits>

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_context.h"

namespace tflite {

inline int ElementCount(const TfLiteIntArray &dims) {
    int n = 1;
    for (int i = 0; i < dims.size; i++) n *= dims.data[i];
    return n;
}

template <typename T>
T FloatToQuantizedType(const float value, const float scale, int zero_point) {
    const auto code = static_cast<int32_t>(roundf(value / scale)) + zero_point;
    const int32_t low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
    return static_cast<T>(std::max(low, std::min(high, code)));
}

}  // namespace tflite

#endif  // WEFT_TFLM_MICRO_MICRO_UTILS_H
