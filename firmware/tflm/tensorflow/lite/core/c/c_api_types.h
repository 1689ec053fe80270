#ifndef WEFT_TFLM_CORE_C_C_API_TYPES_H
#define WEFT_TFLM_CORE_C_C_API_TYPES_H

#include "tensorflow/lite/c/common.h"

#endif  // WEFT_TFLM_CORE_C_C_API_TYPES_H
