#ifndef WEFT_TFLM_PORTABLE_TYPE_TO_TFLITETYPE_H
#define WEFT_TFLM_PORTABLE_TYPE_TO_TFLITETYPE_H

#include "tensorflow/lite/c/common.h"

namespace tflite {

template <typename T>
constexpr TfLiteType typeToTfLiteType() {
    return kTfLiteNoType;
}

#define WEFT_TFLM_MATCH(type, value)                  \
    template <>                                       \
    constexpr TfLiteType typeToTfLiteType<type>() {   \
        return value;                                 \
    }
WEFT_TFLM_MATCH(float, kTfLiteFloat32)
WEFT_TFLM_MATCH(double, kTfLiteFloat64)
WEFT_TFLM_MATCH(int8_t, kTfLiteInt8)
WEFT_TFLM_MATCH(uint8_t, kTfLiteUInt8)
WEFT_TFLM_MATCH(int16_t, kTfLiteInt16)
WEFT_TFLM_MATCH(uint16_t, kTfLiteUInt16)
WEFT_TFLM_MATCH(int32_t, kTfLiteInt32)
WEFT_TFLM_MATCH(uint32_t, kTfLiteUInt32)
WEFT_TFLM_MATCH(int64_t, kTfLiteInt64)
WEFT_TFLM_MATCH(uint64_t, kTfLiteUInt64)
WEFT_TFLM_MATCH(bool, kTfLiteBool)
#undef WEFT_TFLM_MATCH

}  // namespace tflite

#endif  // WEFT_TFLM_PORTABLE_TYPE_TO_TFLITETYPE_H
