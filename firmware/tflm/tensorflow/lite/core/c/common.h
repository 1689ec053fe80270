#ifndef WEFT_TFLM_CORE_C_COMMON_H
#define WEFT_TFLM_CORE_C_COMMON_H

#include "tensorflow/lite/c/common.h"

#endif  // WEFT_TFLM_CORE_C_COMMON_H
