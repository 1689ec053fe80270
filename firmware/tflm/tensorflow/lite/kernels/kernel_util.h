#ifndef WEFT_TFLM_KERNELS_KERNEL_UTIL_H
#define WEFT_TFLM_KERNELS_KERNEL_UTIL_H

#include <math.h>
#include <stdint.h>

#include <algorithm>
#include <limits>

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/c/common.h"

namespace tflite {

inline int NumInputs(const TfLiteNode *node) { return node->inputs->size; }
inline int NumOutputs(const TfLiteNode *node) { return node->outputs->size; }
inline int NumIntermediates(const TfLiteNode *node) { return node->intermediates->size; }

inline int NumDimensions(const TfLiteTensor *t) { return t->dims->size; }
inline int SizeOfDimension(const TfLiteTensor *t, int dim) { return t->dims->data[dim]; }
inline int64_t NumElements(const TfLiteIntArray *dims) {
    int64_t n = 1;
    for (int i = 0; i < dims->size; i++) n *= dims->data[i];
    return n;
}
inline int64_t NumElements(const TfLiteTensor *t) { return NumElements(t->dims); }

inline bool IsConstantTensor(const TfLiteTensor *t) { return t->allocation_type == kTfLiteMmapRo; }
inline bool IsConstantOrPersistentTensor(const TfLiteTensor *t) {
    return IsConstantTensor(t) || t->allocation_type == kTfLitePersistentRo;
}
inline bool IsDynamicTensor(const TfLiteTensor *t) {
    return t->allocation_type == kTfLiteDynamic;
}

inline bool TfLiteIntArrayEqual(const TfLiteIntArray *a, const TfLiteIntArray *b) {
    return a->size == b->size && std::equal(a->data, a->data + a->size, b->data);
}
inline bool HaveSameShapes(const TfLiteTensor *a, const TfLiteTensor *b) {
    return TfLiteIntArrayEqual(a->dims, b->dims);
}

// What is absent is null; the tensors are to be given back as those of MicroContext are.
inline const TfLiteTensor *GetInput(const TfLiteContext *context, const TfLiteNode *node,
                                    int index) {
    return context->GetTensor(context, node->inputs->data[index]);
}
inline const TfLiteTensor *GetOptionalInputTensor(const TfLiteContext *context,
                                                  const TfLiteNode *node, int index) {
    return index < node->inputs->size ? GetInput(context, node, index) : nullptr;
}
inline TfLiteTensor *GetOutput(TfLiteContext *context, const TfLiteNode *node, int index) {
    return context->GetTensor(context, node->outputs->data[index]);
}

inline TfLiteStatus GetInputSafe(const TfLiteContext *context, const TfLiteNode *node, int index,
                                 const TfLiteTensor **tensor) {
    *tensor = index < node->inputs->size ? GetInput(context, node, index) : nullptr;
    return *tensor ? kTfLiteOk : kTfLiteError;
}
inline TfLiteStatus GetOutputSafe(TfLiteContext *context, const TfLiteNode *node, int index,
                                  TfLiteTensor **tensor) {
    *tensor = index < node->outputs->size ? GetOutput(context, node, index) : nullptr;
    return *tensor ? kTfLiteOk : kTfLiteError;
}

// From products to the output; a bias has the products' scale.
inline TfLiteStatus GetQuantizedConvolutionMultipler(TfLiteContext *, const TfLiteTensor *input,
                                                     const TfLiteTensor *filter,
                                                     TfLiteTensor *output, double *multiplier) {
    *multiplier = static_cast<double>(input->params.scale * filter->params.scale) /
                  static_cast<double>(output->params.scale);
    WEFT_TFLM_ENSURE(*multiplier >= 0, "a scale is negative");
    return kTfLiteOk;
}
inline TfLiteStatus GetQuantizedConvolutionMultipler(TfLiteContext *context,
                                                     const TfLiteTensor *input,
                                                     const TfLiteTensor *filter,
                                                     const TfLiteTensor *, TfLiteTensor *output,
                                                     double *multiplier) {
    return GetQuantizedConvolutionMultipler(context, input, filter, output, multiplier);
}

inline TfLiteStatus CalculateActivationRangeQuantized(TfLiteContext *context,
                                                      TfLiteFusedActivation activation,
                                                      TfLiteTensor *output, int32_t *low,
                                                      int32_t *high) {
    switch (output->type) {
        case kTfLiteUInt8: *low = 0, *high = UINT8_MAX; break;
        case kTfLiteInt8: *low = INT8_MIN, *high = INT8_MAX; break;
        case kTfLiteInt16: *low = INT16_MIN, *high = INT16_MAX; break;
        default: WEFT_TFLM_ENSURE(false, "the type is not quantised");
    }
    const float scale = output->params.scale;
    const auto code = [=](float value) {
        return output->params.zero_point + static_cast<int32_t>(roundf(value / scale));
    };
    if (activation == kTfLiteActRelu || activation == kTfLiteActRelu6)
        *low = std::max(*low, code(0));
    if (activation == kTfLiteActRelu6) *high = std::min(*high, code(6));
    if (activation == kTfLiteActReluN1To1) {
        *low = std::max(*low, code(-1));
        *high = std::min(*high, code(1));
    }
    return kTfLiteOk;
}

template <typename T>
void CalculateActivationRange(TfLiteFusedActivation activation, T *low, T *high) {
    *low = activation == kTfLiteActRelu || activation == kTfLiteActRelu6 ? 0
           : activation == kTfLiteActReluN1To1 ? -1
                                               : std::numeric_limits<T>::lowest();
    *high = activation == kTfLiteActRelu6       ? 6
            : activation == kTfLiteActReluN1To1 ? 1
                                                : std::numeric_limits<T>::max();
}

}  // namespace tflite

#endif  // WEFT_TFLM_KERNELS_KERNEL_UTIL_H
