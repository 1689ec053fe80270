// An operator in the style of TensorFlow Lite Micro's: y = x * factor + bias + number of the call.
#include "flatbuffers/flexbuffers.h"
#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/kernels/internal/common.h"
#include "tensorflow/lite/kernels/internal/quantization_util.h"
#include "tensorflow/lite/kernels/internal/tensor_ctypes.h"
#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/kernels/op_macros.h"
#include "tensorflow/lite/micro/flatbuffer_utils.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/memory_helpers.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_utils.h"
#include "tensorflow/lite/portable_type_to_tflitetype.h"

namespace tflite {
namespace {

struct OpData {
    float factor;
    int32_t bias, multiplier, input_zero_point, output_zero_point;
    int shift, sums;
    int32_t *calls;
};

void *Init(TfLiteContext *context, const char *buffer, size_t length) {
    TFLITE_DCHECK(context->AllocatePersistentBuffer != nullptr);
    const auto *bytes = reinterpret_cast<const uint8_t *>(buffer);
    const flexbuffers::Map &m = flexbuffers::GetRoot(bytes, length).AsMap();
    auto *data =
        static_cast<OpData *>(context->AllocatePersistentBuffer(context, sizeof(OpData)));
    data->factor = m["factor"].AsFloat();
    data->bias = m["bias"].AsInt32();
    data->calls = static_cast<int32_t *>(context->AllocatePersistentBuffer(context, 4));
    *data->calls = 0;
    return data;
}

TfLiteStatus Prepare(TfLiteContext *context, TfLiteNode *node) {
    auto *data = static_cast<OpData *>(node->user_data);
    MicroContext *micro_context = GetMicroContext(context);
    TF_LITE_ENSURE_EQ(context, NumInputs(node), 1);
    TfLiteTensor *input = micro_context->AllocateTempInputTensor(node, 0);
    TfLiteTensor *output = micro_context->AllocateTempOutputTensor(node, 0);
    TF_LITE_ENSURE(context, input != nullptr);
    TF_LITE_ENSURE_TYPES_EQ(context, input->type, kTfLiteInt8);
    TF_LITE_ENSURE_EQ(context, NumElements(input), NumElements(output));
    const double scale = static_cast<double>(input->params.scale) * data->factor;
    QuantizeMultiplier(scale / static_cast<double>(output->params.scale), &data->multiplier,
                       &data->shift);
    data->input_zero_point = input->params.zero_point;
    data->output_zero_point = output->params.zero_point;
    TF_LITE_ENSURE_STATUS(context->RequestScratchBufferInArena(
        context, NumElements(input) * sizeof(int32_t), &data->sums));
    micro_context->DeallocateTempTfLiteTensor(input);
    micro_context->DeallocateTempTfLiteTensor(output);
    return kTfLiteOk;
}

TfLiteStatus Eval(TfLiteContext *context, TfLiteNode *node) {
    auto *data = static_cast<OpData *>(node->user_data);
    const TfLiteEvalTensor *input = micro::GetEvalInput(context, node, 0);
    TfLiteEvalTensor *output = micro::GetEvalOutput(context, node, 0);
    auto *sums = static_cast<int32_t *>(context->GetScratchBuffer(context, data->sums));
    const int n = micro::GetTensorShape(input).FlatSize();
    const int8_t *x = micro::GetTensorData<int8_t>(input);
    int8_t *y = micro::GetTensorData<int8_t>(output);
    for (int i = 0; i < n; i++)
        sums[i] = MultiplyByQuantizedMultiplier(static_cast<int32_t>(x[i]) - data->input_zero_point,
                                                data->multiplier, data->shift);
    const int32_t offset = data->output_zero_point + data->bias + ++*data->calls;
    for (int i = 0; i < n; i++)
        y[i] = static_cast<int8_t>(
            ActivationFunctionWithMinMax<int32_t>(sums[i] + offset, -128, 127));
    return kTfLiteOk;
}

}  // namespace

TFLMRegistration *Register_SCALE() {
    static TFLMRegistration r = tflite::micro::RegisterOp(Init, Prepare, Eval);
    return &r;
}

}  // namespace tflite

WEFT_TFLM_OP("Scale", tflite::Register_SCALE())
