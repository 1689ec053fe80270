#ifndef WEFT_TFLM_KERNELS_INTERNAL_MAX_H
#define WEFT_TFLM_KERNELS_INTERNAL_MAX_H

#include <math.h>

namespace tflite {

template <typename T>
inline T TfLiteMax(const T &x, const T &y) {
    return fmax(x, y);
}

}  // namespace tflite

#endif  // WEFT_TFLM_KERNELS_INTERNAL_MAX_H
