// Enumerations that operators of TensorFlow Lite share; parameters of builtin operators are not
// here, because a custom operator has its options instead.
#ifndef WEFT_TFLM_BUILTIN_OP_DATA_H
#define WEFT_TFLM_BUILTIN_OP_DATA_H

#include "tensorflow/lite/c/common.h"

typedef enum { kTfLitePaddingUnknown = 0, kTfLitePaddingSame, kTfLitePaddingValid } TfLitePadding;

typedef enum {
    kTfLiteActNone = 0,
    kTfLiteActRelu,
    kTfLiteActReluN1To1,
    kTfLiteActRelu6,
    kTfLiteActTanh,
    kTfLiteActSignBit,
    kTfLiteActSigmoid,
} TfLiteFusedActivation;

typedef struct {
    int width, height, width_offset, height_offset;
} TfLitePaddingValues;

#endif  // WEFT_TFLM_BUILTIN_OP_DATA_H
