#ifndef WEFT_TFLM_MICRO_MEMORY_HELPERS_H
#define WEFT_TFLM_MICRO_MEMORY_HELPERS_H

#include "tensorflow/lite/c/common.h"

namespace tflite {

inline TfLiteStatus TfLiteTypeSizeOf(TfLiteType type, size_t *size) {
    switch (type) {
        case kTfLiteInt8:
        case kTfLiteUInt8:
        case kTfLiteBool: *size = 1; break;
        case kTfLiteInt16:
        case kTfLiteUInt16:
        case kTfLiteFloat16: *size = 2; break;
        case kTfLiteInt32:
        case kTfLiteUInt32:
        case kTfLiteFloat32: *size = 4; break;
        case kTfLiteInt64:
        case kTfLiteUInt64:
        case kTfLiteFloat64:
        case kTfLiteComplex64: *size = 8; break;
        default: return kTfLiteError;
    }
    return kTfLiteOk;
}

inline TfLiteStatus TfLiteEvalTensorByteLength(const TfLiteEvalTensor *tensor, size_t *bytes) {
    const TfLiteStatus status = TfLiteTypeSizeOf(tensor->type, bytes);
    for (int i = 0; i < tensor->dims->size; i++) *bytes *= tensor->dims->data[i];
    return status;
}

inline size_t AlignSizeUp(size_t size, size_t alignment) {
    return (size + alignment - 1) / alignment * alignment;
}

}  // namespace tflite

#endif  // WEFT_TFLM_MICRO_MEMORY_HELPERS_H
