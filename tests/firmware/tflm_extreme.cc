// In the style of TensorFlow Lite Micro's kernels, with what they share with the reference ones:
// the greater (or the smaller) of tanh(a) and b, which is broadcast.
#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/kernels/internal/common.h"
#include "tensorflow/lite/kernels/internal/quantization_util.h"
#include "tensorflow/lite/kernels/internal/runtime_shape.h"
#include "tensorflow/lite/kernels/internal/types.h"
#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/micro_log.h"

namespace tflite {
namespace {

struct OpData {
    ArithmeticParams params;
    int8_t table[LUTSize<int8_t>()];
};

TfLiteStatus Prepare(TfLiteContext *context, TfLiteNode *node) {
    node->user_data = context->AllocatePersistentBuffer(context, sizeof(OpData));
    auto *data = static_cast<OpData *>(node->user_data);
    const TfLiteTensor *a;
    TF_LITE_ENSURE_OK(context, GetInputSafe(context, node, 0, &a));
    TfLiteTensor *y;
    TF_LITE_ENSURE_OK(context, GetOutputSafe(context, node, 0, &y));
    TF_LITE_ENSURE_EQ(context, NumDimensions(a), NumDimensions(y));
    LUTPopulate<int8_t>(
        a->params.scale, a->params.zero_point, y->params.scale, y->params.zero_point,
        [](float x) { return std::tanh(x); }, data->table);
    int32_t low, high;
    TF_LITE_ENSURE_STATUS(
        CalculateActivationRangeQuantized(context, kTfLiteActRelu6, y, &low, &high));
    SetActivationParams(low, high, &data->params);
    TF_LITE_ENSURE(context, FloorLog2(96) == 6 && CountLeadingZeros(96u) == 25);
    return micro::CreateWritableTensorDimsWithCopy(
        context, y, micro::GetEvalOutput(context, node, 0));
}

TfLiteStatus Eval(TfLiteContext *context, TfLiteNode *node) {
    const auto *data = static_cast<const OpData *>(node->user_data);
    const bool least = static_cast<const TfLiteCumsumParams *>(node->builtin_data)->reverse;
    const TfLiteEvalTensor *a = micro::GetEvalInput(context, node, 0);
    const TfLiteEvalTensor *b = micro::GetEvalInput(context, node, 1);
    TfLiteEvalTensor *y = micro::GetEvalOutput(context, node, 0);
    if (a->type != kTfLiteInt8) {
        MicroPrintf("%s is not supported.", TfLiteTypeGetName(a->type));
        return kTfLiteError;
    }
    int32_t low, high;
    GetActivationParams(data->params, &low, &high);
    NdArrayDesc<4> of_a, of_b, of_y;
    NdArrayDescsForElementwiseBroadcast(micro::GetTensorShape(a), micro::GetTensorShape(b), &of_a,
                                        &of_b);
    CopyDimsToDesc(RuntimeShape::ExtendedShape(4, micro::GetTensorShape(y)), &of_y);
    NDOpsHelper<4>(of_y, [&](const int i[4]) {
        const int32_t left = LUTLookup(
            micro::GetTensorData<int8_t>(a)[SubscriptToIndex(of_a, i)], data->table);
        const int32_t right = micro::GetTensorData<int8_t>(b)[SubscriptToIndex(of_b, i)];
        const int32_t chosen = (left < right) == least ? left : right;
        micro::GetTensorData<int8_t>(y)[SubscriptToIndex(of_y, i)] =
            static_cast<int8_t>(ActivationFunctionWithMinMax(chosen, low, high));
    });
    return kTfLiteOk;
}

}  // namespace

TFLMRegistration Register_EXTREME() { return micro::RegisterOp(nullptr, Prepare, Eval); }

}  // namespace tflite

WEFT_TFLM_OP("Extreme", tflite::Register_EXTREME())
