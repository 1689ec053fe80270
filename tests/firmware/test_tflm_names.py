"""What TensorFlow Lite Micro's detection and signal operators name of its headers is declared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from arch.op_interface import OpDescription, TensorDescription, TensorType
from firmware.host import HostOps

HEADERS = """
    flatbuffers/flexbuffers.h
    tensorflow/lite/c/builtin_op_data.h
    tensorflow/lite/c/common.h
    tensorflow/lite/kernels/internal/common.h
    tensorflow/lite/kernels/internal/compatibility.h
    tensorflow/lite/kernels/internal/quantization_util.h
    tensorflow/lite/kernels/internal/tensor_ctypes.h
    tensorflow/lite/kernels/internal/types.h
    tensorflow/lite/kernels/kernel_util.h
    tensorflow/lite/kernels/op_macros.h
    tensorflow/lite/micro/flatbuffer_utils.h
    tensorflow/lite/micro/kernels/kernel_util.h
    tensorflow/lite/micro/memory_helpers.h
    tensorflow/lite/micro/micro_common.h
    tensorflow/lite/micro/micro_context.h
    tensorflow/lite/micro/micro_log.h
    tensorflow/lite/micro/micro_utils.h
    tensorflow/lite/portable_type_to_tflitetype.h
"""
# What all of them include; some nothing more.
LEAST = ("kernels/internal/tensor_ctypes.h", "kernels/kernel_util.h", "micro/kernels/kernel_util.h")

NAMES = """
    TfLiteContext TfLiteNode TfLiteTensor TfLiteEvalTensor TfLiteIntArray TfLiteStatus TfLiteType
    TFLMRegistration TfLiteRegistration_V1 TfLiteQuantizationParams TfLiteTypeGetName
    kTfLiteOk kTfLiteError kTfLiteFloat32 kTfLiteInt8 kTfLiteInt16 kTfLiteInt32 kTfLiteUInt32
    kTfLiteUInt64 kTfLiteBool kTfLiteActNone
    tflite::MicroContext tflite::GetMicroContext tflite::RuntimeShape tflite::GetTensorShape
    tflite::GetTensorData tflite::NumInputs tflite::NumOutputs tflite::NumDimensions
    tflite::NumElements tflite::SizeOfDimension tflite::HaveSameShapes tflite::ElementCount
    tflite::TfLiteTypeSizeOf tflite::TfLiteEvalTensorByteLength
    tflite::micro::RegisterOp tflite::micro::GetEvalInput tflite::micro::GetEvalOutput
    tflite::micro::GetTensorData tflite::micro::GetTensorShape
"""
BEHIND_OTHER_HEADERS = """
    tflite::FlexbufferWrapper tflite::typeToTfLiteType tflite::TensorType_INT16
    tflite::TensorType_INT32 tflite::TensorType_FLOAT32 tflite::TensorType
    flexbuffers::GetRoot flexbuffers::Map
"""
MEMBERS = """
    TfLiteContext::AllocatePersistentBuffer TfLiteContext::RequestScratchBufferInArena
    TfLiteContext::GetScratchBuffer TfLiteContext::GetEvalTensor TfLiteNode::user_data
    TfLiteNode::builtin_data TfLiteNode::inputs TfLiteNode::outputs TfLiteTensor::params
    TfLiteTensor::type TfLiteTensor::dims TfLiteEvalTensor::type TfLiteEvalTensor::dims
    tflite::MicroContext::AllocateTempInputTensor tflite::MicroContext::AllocateTempOutputTensor
    tflite::MicroContext::DeallocateTempTfLiteTensor tflite::RuntimeShape::DimensionsCount
    tflite::RuntimeShape::FlatSize
"""
MEMBERS_OF_OTHERS = """
    tflite::FlexbufferWrapper::ElementAsInt32 tflite::FlexbufferWrapper::ElementAsBool
    tflite::FlexbufferWrapper::ElementAsFloat
"""
MACROS = """
    TF_LITE_ENSURE TF_LITE_ENSURE_EQ TF_LITE_ENSURE_OK TF_LITE_ENSURE_STATUS TF_LITE_ENSURE_MSG
    TF_LITE_ENSURE_TYPES_EQ TFLITE_DCHECK
"""
OTHER_HEADERS = ("micro/flatbuffer_utils.h", "portable_type_to_tflitetype.h")


OPERATOR = """
#include "weft_op.h"
static int32_t f(const weft_op_t *) { return 0; }
WEFT_OP("Named", f)
"""


def source(headers: list[str], names: str, members: str) -> str:
    lines = [f'#include "{header}"' for header in headers]
    lines += [f"#ifndef {macro}\n#error {macro} is missing\n#endif" for macro in MACROS.split()]
    lines.append("static void use_names() {")
    lines += [f"using {name if '::' in name else '::' + name};" for name in names.split()]
    lines += [f"(void)&{member};" for member in members.split()]
    # From <string.h>, which their files do not include themselves.
    lines += ["char a[4], b[4] = {}; memcpy(a, b, 4); memset(a, 0, 4); }"]
    lines.append("void (*const weft_names)() = use_names;")
    return "\n".join(lines) + "\n"


def test_names_come_with_the_headers_that_the_operators_include(tmp_path: Path) -> None:
    least = [f"tensorflow/lite/{header}" for header in LEAST]
    others = [f"tensorflow/lite/{header}" for header in OTHER_HEADERS]
    parts = {
        "op": OPERATOR,
        "least": source(least, NAMES, MEMBERS),
        "all": source(least + others, NAMES + BEHIND_OTHER_HEADERS, MEMBERS + MEMBERS_OF_OTHERS),
    }
    paths = [tmp_path / f"{name}.cc" for name in parts]
    for path, text in zip(paths, parts.values(), strict=True):
        path.write_text(text)
    assert HostOps(paths, []).names == ["Named"]


# As versions of 2026 are written: in the namespace micro, with headers below micro/.
NEWER = """
#include "tensorflow/lite/micro/builtin_op_data.h"
#include "tensorflow/lite/micro/c/common.h"
#include "tensorflow/lite/micro/flatbuffer_utils.h"
#include "tensorflow/lite/micro/kernels/internal/common.h"
#include "tensorflow/lite/micro/kernels/internal/quantization_util.h"
#include "tensorflow/lite/micro/kernels/internal/tensor_ctypes.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/kernels/op_macros.h"
#include "tensorflow/lite/micro/memory_helpers.h"
#include "tensorflow/lite/micro/micro_utils.h"
#include "tensorflow/lite/micro/portable_type_to_tflitetype.h"
namespace tflite {
namespace micro {
namespace {
TfLiteStatus Prepare(TfLiteContext *context, TfLiteNode *node) {
    MicroContext *micro_context = GetMicroContext(context);
    TfLiteTensor *input = micro_context->AllocateTempInputTensor(node, 0);
    TF_LITE_ENSURE(context, input != nullptr);
    TF_LITE_ENSURE_EQ(context, NumDimensions(input), 1);
    TF_LITE_ENSURE_EQ(context, GetTensorShape(input).FlatSize(), ElementCount(*input->dims));
    TF_LITE_ENSURE(context, HaveSameShapes(input, input));
    TF_LITE_ENSURE_TYPES_EQ(context, input->type, typeToTfLiteType<int8_t>());
    micro_context->DeallocateTempTfLiteTensor(input);
    return kTfLiteOk;
}
TfLiteStatus Eval(TfLiteContext *context, TfLiteNode *node) {
    const TfLiteEvalTensor *input = GetEvalInput(context, node, 0);
    int8_t *to = GetTensorData<int8_t>(GetEvalOutput(context, node, 0));
    const micro::RuntimeShape shape = GetTensorShape(input);
    for (int i = 0; i < shape.FlatSize(); i++) to[i] = GetTensorData<int8_t>(input)[i] + 1;
    return micro::GetTensorShape(nullptr).DimensionsCount() ? kTfLiteError : kTfLiteOk;
}
}  // namespace
TFLMRegistration *Register_NEWER() {
    static TFLMRegistration r = RegisterOp(nullptr, Prepare, Eval);
    return &r;
}
}  // namespace micro
}  // namespace tflite
WEFT_TFLM_OP("Newer", tflite::micro::Register_NEWER())
"""


def test_newer_versions_are_in_a_namespace_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "newer.cc"
    path.write_text(NEWER)
    host = HostOps([path], [])
    x, y = np.arange(5, dtype=np.int8), np.zeros(5, np.int8)
    described = [TensorDescription(t.shape, TensorType.INT8, t) for t in (x, y)]
    use = OpDescription("Newer", (described[0],), (described[1],))
    use = replace(use, state=np.zeros(host.state_bytes("Newer", use), np.uint8))
    assert host.init("Newer", use) == 0
    assert host.call("Newer", use) == 0
    np.testing.assert_array_equal(y, x + 1)


def test_headers_need_no_others_before_them(tmp_path: Path) -> None:
    paths = []
    for i, header in enumerate(HEADERS.split()):
        paths.append(tmp_path / f"{i}.cc")
        paths[-1].write_text(f'#include "{header}"\n' + OPERATOR * (i == 0))
    assert HostOps(paths, []).names == ["Named"]
