#ifndef WEFT_TFLM_INTERNAL_RUNTIME_SHAPE_H
#define WEFT_TFLM_INTERNAL_RUNTIME_SHAPE_H

#include "tensorflow/lite/kernels/internal/types.h"

#endif  // WEFT_TFLM_INTERNAL_RUNTIME_SHAPE_H
