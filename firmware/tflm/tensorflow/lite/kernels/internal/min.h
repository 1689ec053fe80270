#ifndef WEFT_TFLM_KERNELS_INTERNAL_MIN_H
#define WEFT_TFLM_KERNELS_INTERNAL_MIN_H

#include <math.h>

namespace tflite {

template <typename T>
inline T TfLiteMin(const T &x, const T &y) {
    return fmin(x, y);
}

}  // namespace tflite

#endif  // WEFT_TFLM_KERNELS_INTERNAL_MIN_H
