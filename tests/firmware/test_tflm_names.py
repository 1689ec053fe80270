"""What TensorFlow Lite Micro's detection and signal operators name of its headers is declared."""

from __future__ import annotations

from pathlib import Path

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


def test_headers_need_no_others_before_them(tmp_path: Path) -> None:
    paths = []
    for i, header in enumerate(HEADERS.split()):
        paths.append(tmp_path / f"{i}.cc")
        paths[-1].write_text(f'#include "{header}"\n' + OPERATOR * (i == 0))
    assert HostOps(paths, []).names == ["Named"]
