#ifndef WEFT_TFLM_CORE_C_BUILTIN_OP_DATA_H
#define WEFT_TFLM_CORE_C_BUILTIN_OP_DATA_H

#include "tensorflow/lite/c/builtin_op_data.h"

#endif  // WEFT_TFLM_CORE_C_BUILTIN_OP_DATA_H
