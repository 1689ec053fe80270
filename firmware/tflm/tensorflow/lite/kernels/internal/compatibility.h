#ifndef WEFT_TFLM_COMPATIBILITY_H
#define WEFT_TFLM_COMPATIBILITY_H

#include <stdint.h>
#include <stdlib.h>

#include "tensorflow/lite/kernels/op_macros.h"

// As in a release build: DCHECKs check nothing.
#define TFLITE_DCHECK(condition) ((void)0)
#define TFLITE_DCHECK_EQ(x, y) ((void)0)
#define TFLITE_DCHECK_NE(x, y) ((void)0)
#define TFLITE_DCHECK_GE(x, y) ((void)0)
#define TFLITE_DCHECK_GT(x, y) ((void)0)
#define TFLITE_DCHECK_LE(x, y) ((void)0)
#define TFLITE_DCHECK_LT(x, y) ((void)0)
#define TFLITE_CHECK(condition) ((condition) ? (void)0 : TFLITE_ABORT)
#define TFLITE_CHECK_EQ(x, y) TFLITE_CHECK((x) == (y))
#define TFLITE_CHECK_NE(x, y) TFLITE_CHECK((x) != (y))
#define TFLITE_CHECK_GE(x, y) TFLITE_CHECK((x) >= (y))
#define TFLITE_CHECK_GT(x, y) TFLITE_CHECK((x) > (y))
#define TFLITE_CHECK_LE(x, y) TFLITE_CHECK((x) <= (y))
#define TFLITE_CHECK_LT(x, y) TFLITE_CHECK((x) < (y))

#ifndef TFLITE_NOINLINE
#define TFLITE_NOINLINE __attribute__((noinline))
#endif
#ifndef TFLITE_DEPRECATED
#define TFLITE_DEPRECATED(message)
#endif

using int8 = int8_t;
using uint8 = uint8_t;
using int16 = int16_t;
using uint16 = uint16_t;
using int32 = int32_t;
using uint32 = uint32_t;

#endif  // WEFT_TFLM_COMPATIBILITY_H
