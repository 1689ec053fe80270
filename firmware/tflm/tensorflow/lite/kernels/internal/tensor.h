#ifndef WEFT_TFLM_KERNELS_INTERNAL_TENSOR_H
#define WEFT_TFLM_KERNELS_INTERNAL_TENSOR_H

#include "tensorflow/lite/kernels/internal/tensor_ctypes.h"

#endif  // WEFT_TFLM_KERNELS_INTERNAL_TENSOR_H
