#ifndef WEFT_TFLM_MICRO_KERNELS_KERNEL_UTIL_H
#define WEFT_TFLM_MICRO_KERNELS_KERNEL_UTIL_H

#include <stddef.h>
#include <stdint.h>

#include <cstddef>

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/kernels/internal/compatibility.h"
#include "tensorflow/lite/kernels/internal/tensor_ctypes.h"
#include "tensorflow/lite/kernels/internal/types.h"
#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/micro/memory_helpers.h"
#include "tensorflow/lite/micro/micro_context.h"
#include "tensorflow/lite/micro/micro_utils.h"

namespace tflite {
namespace micro {

// Of tensors and of what an inference sees of them, under one name: newer versions are in this
// namespace as a whole.
using namespace ::tflite;
using ::tflite::GetOptionalTensorData;
using ::tflite::GetTensorData;
using ::tflite::GetTensorShape;
using ::tflite::HaveSameShapes;

inline TFLMRegistration RegisterOp(
    void *(*init)(TfLiteContext *context, const char *buffer, size_t length),
    TfLiteStatus (*prepare)(TfLiteContext *context, TfLiteNode *node),
    TfLiteStatus (*invoke)(TfLiteContext *context, TfLiteNode *node),
    void (*free)(TfLiteContext *context, void *buffer) = nullptr,
    void (*reset)(TfLiteContext *context, void *buffer) = nullptr) {
    return {init, free, prepare, invoke, reset, 0, nullptr};
}

inline TfLiteEvalTensor *GetMutableEvalInput(const TfLiteContext *context, const TfLiteNode *node,
                                             int index) {
    if (index < 0 || index >= node->inputs->size) return nullptr;
    return context->GetEvalTensor(context, node->inputs->data[index]);
}
inline const TfLiteEvalTensor *GetEvalInput(const TfLiteContext *context, const TfLiteNode *node,
                                            int index) {
    return GetMutableEvalInput(context, node, index);
}
inline TfLiteEvalTensor *GetEvalOutput(const TfLiteContext *context, const TfLiteNode *node,
                                       int index) {
    if (index < 0 || index >= node->outputs->size) return nullptr;
    return context->GetEvalTensor(context, node->outputs->data[index]);
}

template <typename T>
T *GetTensorData(TfLiteEvalTensor *tensor) {
    return tensor ? static_cast<T *>(tensor->data.data) : nullptr;
}
template <typename T>
const T *GetTensorData(const TfLiteEvalTensor *tensor) {
    return static_cast<const T *>(tensor->data.data);
}
template <typename T>
const T *GetOptionalTensorData(const TfLiteEvalTensor *tensor) {
    return tensor ? static_cast<const T *>(tensor->data.data) : nullptr;
}

inline RuntimeShape GetTensorShape(const TfLiteEvalTensor *tensor) {
    return tensor ? RuntimeShape(tensor->dims->size, tensor->dims->data) : RuntimeShape();
}
inline RuntimeShape GetTensorShape(std::nullptr_t) { return RuntimeShape(); }
template <typename T>
const T *GetOptionalTensorData(std::nullptr_t) {
    return nullptr;
}
inline bool HaveSameShapes(const TfLiteEvalTensor *a, const TfLiteEvalTensor *b) {
    return TfLiteIntArrayEqual(a->dims, b->dims);
}

// Dimensions of an output that Prepare may write.
inline TfLiteStatus CreateWritableTensorDimsWithCopy(TfLiteContext *context, TfLiteTensor *tensor,
                                                     TfLiteEvalTensor *eval_tensor) {
    const int n = tensor->dims->size;
    auto *dims = static_cast<TfLiteIntArray *>(
        context->AllocatePersistentBuffer(context, (n + 1) * sizeof(int)));
    if (!dims) return kTfLiteError;
    dims->size = n;
    for (int i = 0; i < n; i++) dims->data[i] = tensor->dims->data[i];
    tensor->dims = eval_tensor->dims = dims;
    return kTfLiteOk;
}

inline PaddingType RuntimePaddingType(TfLitePadding padding) {
    return padding == kTfLitePaddingSame    ? PaddingType::kSame
           : padding == kTfLitePaddingValid ? PaddingType::kValid
                                            : PaddingType::kNone;
}

}  // namespace micro
}  // namespace tflite

#endif  // WEFT_TFLM_MICRO_KERNELS_KERNEL_UTIL_H
