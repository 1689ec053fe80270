#ifndef WEFT_TFLM_KERNELS_INTERNAL_TENSOR_CTYPES_H
#define WEFT_TFLM_KERNELS_INTERNAL_TENSOR_CTYPES_H

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/kernels/internal/types.h"

namespace tflite {

inline RuntimeShape GetTensorShape(const TfLiteTensor *tensor) {
    return tensor ? RuntimeShape(tensor->dims->size, tensor->dims->data) : RuntimeShape();
}

template <typename T>
inline T *GetTensorData(TfLiteTensor *tensor) {
    return tensor ? static_cast<T *>(tensor->data.data) : nullptr;
}

template <typename T>
inline const T *GetTensorData(const TfLiteTensor *tensor) {
    return tensor ? static_cast<const T *>(tensor->data.data) : nullptr;
}

template <typename T>
inline const T *GetOptionalTensorData(const TfLiteTensor *tensor) {
    return GetTensorData<T>(tensor);
}

}  // namespace tflite

#endif  // WEFT_TFLM_KERNELS_INTERNAL_TENSOR_CTYPES_H
