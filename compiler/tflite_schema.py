"""The tables of TensorFlow Lite's schema that are read.

Source: tensorflow/compiler/mlir/lite/schema/schema.fbs. Fields are in the order of their slots.
Tables of options that no supported operator has are left out. Enumerations and references to
buffers are plain integers here.
"""

from __future__ import annotations

from compiler.flatbuffer import Refused, Scalar, Scalars, Table, Tables, Text, Union

IDENTIFIER = b"TFL3"
VERSION = 3

_BOOL, _INT8, _UINT8 = Scalar("?"), Scalar("i1"), Scalar("u1")
_INT32, _UINT32, _UINT64, _FLOAT32 = Scalar("<i4"), Scalar("<u4"), Scalar("<u8"), Scalar("<f4")
_ONE, _MINUS_ONE = Scalar("<i4", 1), Scalar("<i4", -1)
_BYTES, _INTS, _LONGS, _FLOATS = Scalars("u1"), Scalars("<i4"), Scalars("<i8"), Scalars("<f4")

CONV_2D_OPTIONS = Table(
    "Conv2DOptions",
    {
        "padding": _INT8,
        "stride_w": _INT32,
        "stride_h": _INT32,
        "fused_activation_function": _INT8,
        "dilation_w_factor": _ONE,
        "dilation_h_factor": _ONE,
        "quantized_bias_type": _INT8,
    },
)

DEPTHWISE_CONV_2D_OPTIONS = Table(
    "DepthwiseConv2DOptions",
    {
        "padding": _INT8,
        "stride_w": _INT32,
        "stride_h": _INT32,
        "depth_multiplier": _INT32,
        "fused_activation_function": _INT8,
        "dilation_w_factor": _ONE,
        "dilation_h_factor": _ONE,
    },
)

FULLY_CONNECTED_OPTIONS = Table(
    "FullyConnectedOptions",
    {
        "fused_activation_function": _INT8,
        "weights_format": _INT8,
        "keep_num_dims": _BOOL,
        "asymmetric_quantize_inputs": _BOOL,
        "quantized_bias_type": _INT8,
        "quant_spec": _BYTES,
    },
)

ADD_OPTIONS = Table(
    "AddOptions", {"fused_activation_function": _INT8, "pot_scale_int16": Scalar("?", True)}
)

SUB_OPTIONS = Table("SubOptions", ADD_OPTIONS.fields)
MUL_OPTIONS = Table("MulOptions", {"fused_activation_function": _INT8})
DIV_OPTIONS = Table("DivOptions", MUL_OPTIONS.fields)
L2_NORM_OPTIONS = Table("L2NormOptions", MUL_OPTIONS.fields)
LEAKY_RELU_OPTIONS = Table("LeakyReluOptions", {"alpha": _FLOAT32})
CUMSUM_OPTIONS = Table("CumsumOptions", {"exclusive": _BOOL, "reverse": _BOOL})
GELU_OPTIONS = Table("GeluOptions", {"approximate": _BOOL})

CALL_ONCE_OPTIONS = Table("CallOnceOptions", {"init_subgraph_index": _INT32})
IF_OPTIONS = Table("IfOptions", {"then_subgraph_index": _INT32, "else_subgraph_index": _INT32})
WHILE_OPTIONS = Table(
    "WhileOptions", {"cond_subgraph_index": _INT32, "body_subgraph_index": _INT32}
)
VAR_HANDLE_OPTIONS = Table("VarHandleOptions", {"container": Text(), "shared_name": Text()})

POOL_2D_OPTIONS = Table(
    "Pool2DOptions",
    {
        "padding": _INT8,
        "stride_w": _INT32,
        "stride_h": _INT32,
        "filter_width": _INT32,
        "filter_height": _INT32,
        "fused_activation_function": _INT8,
    },
)

REDUCER_OPTIONS = Table("ReducerOptions", {"keep_dims": _BOOL})
RESHAPE_OPTIONS = Table("ReshapeOptions", {"new_shape": _INTS})
SOFTMAX_OPTIONS = Table("SoftmaxOptions", {"beta": _FLOAT32})
PAD_OPTIONS = Table("PadOptions", {})

CONCATENATION_OPTIONS = Table(
    "ConcatenationOptions", {"axis": _INT32, "fused_activation_function": _INT8}
)
SPLIT_OPTIONS = Table("SplitOptions", {"num_splits": _INT32})
SPLIT_V_OPTIONS = Table("SplitVOptions", {"num_splits": _INT32})
STRIDED_SLICE_OPTIONS = Table(
    "StridedSliceOptions",
    {
        "begin_mask": _INT32,
        "end_mask": _INT32,
        "ellipsis_mask": _INT32,
        "new_axis_mask": _INT32,
        "shrink_axis_mask": _INT32,
        "offset": _BOOL,
    },
)
PACK_OPTIONS = Table("PackOptions", {"values_count": _INT32, "axis": _INT32})
UNPACK_OPTIONS = Table("UnpackOptions", {"num": _INT32, "axis": _INT32})
SPACE_TO_DEPTH_OPTIONS = Table("SpaceToDepthOptions", {"block_size": _INT32})
DEPTH_TO_SPACE_OPTIONS = Table("DepthToSpaceOptions", {"block_size": _INT32})
GATHER_OPTIONS = Table("GatherOptions", {"axis": _INT32, "batch_dims": _INT32})
SQUEEZE_OPTIONS = Table("SqueezeOptions", {"squeeze_dims": _INTS})
MIRROR_PAD_OPTIONS = Table("MirrorPadOptions", {"mode": _INT8})
RESIZE_BILINEAR_OPTIONS = Table(
    "ResizeBilinearOptions",
    {
        "new_height": _INT32,
        "new_width": _INT32,
        "align_corners": _BOOL,
        "half_pixel_centers": _BOOL,
    },
)
RESIZE_NEAREST_NEIGHBOR_OPTIONS = Table(
    "ResizeNearestNeighborOptions", {"align_corners": _BOOL, "half_pixel_centers": _BOOL}
)
TRANSPOSE_CONV_OPTIONS = Table(
    "TransposeConvOptions",
    {
        "padding": _INT8,
        "stride_w": _INT32,
        "stride_h": _INT32,
        "fused_activation_function": _INT8,
        "quantized_bias_type": _INT8,
    },
)
BATCH_MATMUL_OPTIONS = Table(
    "BatchMatMulOptions",
    {"adj_x": _BOOL, "adj_y": _BOOL, "asymmetric_quantize_inputs": _BOOL},
)
SVDF_OPTIONS = Table(
    "SVDFOptions",
    {
        "rank": _INT32,
        "fused_activation_function": _INT8,
        "asymmetric_quantize_inputs": _BOOL,
    },
)
LSTM_OPTIONS = Table(
    "UnidirectionalSequenceLSTMOptions",
    {
        "fused_activation_function": _INT8,
        "cell_clip": _FLOAT32,
        "proj_clip": _FLOAT32,
        "time_major": _BOOL,
        "asymmetric_quantize_inputs": _BOOL,
        "diagonal_recurrent_tensors": _BOOL,
    },
)

# Members of the union BuiltinOptions, by their numbers.
OPTIONS: dict[int, Table] = {
    1: CONV_2D_OPTIONS,
    2: DEPTHWISE_CONV_2D_OPTIONS,
    5: POOL_2D_OPTIONS,
    6: SVDF_OPTIONS,
    8: FULLY_CONNECTED_OPTIONS,
    9: SOFTMAX_OPTIONS,
    10: CONCATENATION_OPTIONS,
    11: ADD_OPTIONS,
    12: L2_NORM_OPTIONS,
    15: RESIZE_BILINEAR_OPTIONS,
    17: RESHAPE_OPTIONS,
    19: SPACE_TO_DEPTH_OPTIONS,
    21: MUL_OPTIONS,
    22: PAD_OPTIONS,
    23: GATHER_OPTIONS,
    27: REDUCER_OPTIONS,
    28: SUB_OPTIONS,
    29: DIV_OPTIONS,
    30: SQUEEZE_OPTIONS,
    32: STRIDED_SLICE_OPTIONS,
    35: SPLIT_OPTIONS,
    49: TRANSPOSE_CONV_OPTIONS,
    59: PACK_OPTIONS,
    64: UNPACK_OPTIONS,
    71: LSTM_OPTIONS,
    74: RESIZE_NEAREST_NEIGHBOR_OPTIONS,
    75: LEAKY_RELU_OPTIONS,
    77: MIRROR_PAD_OPTIONS,
    79: SPLIT_V_OPTIONS,
    92: IF_OPTIONS,
    93: WHILE_OPTIONS,
    94: DEPTH_TO_SPACE_OPTIONS,
    101: BATCH_MATMUL_OPTIONS,
    102: CUMSUM_OPTIONS,
    103: CALL_ONCE_OPTIONS,
    111: VAR_HANDLE_OPTIONS,
    116: GELU_OPTIONS,
}

_OPERATOR_CODE = Table(
    "OperatorCode",
    {
        "deprecated_builtin_code": _INT8,
        "custom_code": Text(),
        "version": _ONE,
        "builtin_code": _INT32,
    },
)

_QUANTIZATION = Table(
    "QuantizationParameters",
    {
        "min": _FLOATS,
        "max": _FLOATS,
        "scale": _FLOATS,
        "zero_point": _LONGS,
        "details_type": Refused(1, "quantisation other than by scales and zero points"),
        "details": Union({}),
        "quantized_dimension": _INT32,
    },
)

_INDICES = Union(
    {
        1: Table("Int32Vector", {"values": _INTS}),
        2: Table("Uint16Vector", {"values": Scalars("<u2")}),
        3: Table("Uint8Vector", {"values": _BYTES}),
    }
)
_DIMENSION = Table(
    "DimensionMetadata",
    {
        "format": _INT8,
        "dense_size": _INT32,
        "array_segments_type": _UINT8,
        "array_segments": _INDICES,
        "array_indices_type": _UINT8,
        "array_indices": _INDICES,
    },
)
_SPARSITY = Table(
    "SparsityParameters",
    {"traversal_order": _INTS, "block_map": _INTS, "dim_metadata": Tables(_DIMENSION)},
)

_TENSOR = Table(
    "Tensor",
    {
        "shape": _INTS,
        "type": _INT8,
        "buffer": _UINT32,
        "name": Text(),
        "quantization": _QUANTIZATION,
        "is_variable": _BOOL,
        "sparsity": _SPARSITY,
        "shape_signature": _INTS,
        "has_rank": _BOOL,
        "variant_tensors": Refused(4, "variant tensors are not supported"),
        "external_buffer": Refused(4, "constants in other files are not supported"),
    },
)

_OPERATOR = Table(
    "Operator",
    {
        "opcode_index": _UINT32,
        "inputs": _INTS,
        "outputs": _INTS,
        "builtin_options_type": _UINT8,
        "builtin_options": Union(OPTIONS),
        "custom_options": _BYTES,
        "custom_options_format": _INT8,
        "mutating_variable_inputs": _BYTES,
        "intermediates": _INTS,
        "large_custom_options_offset": _UINT64,
        "large_custom_options_size": _UINT64,
        "builtin_options_2_type": _UINT8,
        "builtin_options_2": Union({}),
        "debug_metadata_index": _MINUS_ONE,
    },
)

_SUBGRAPH = Table(
    "SubGraph",
    {
        "tensors": Tables(_TENSOR),
        "inputs": _INTS,
        "outputs": _INTS,
        "operators": Tables(_OPERATOR),
        "name": Text(),
        "debug_metadata_index": _MINUS_ONE,
    },
)

_BUFFER = Table("Buffer", {"data": _BYTES, "offset": _UINT64, "size": _UINT64})
_METADATA = Table("Metadata", {"name": Text(), "buffer": _UINT32})
_TENSOR_MAP = Table("TensorMap", {"name": Text(), "tensor_index": _UINT32})

_SIGNATURE = Table(
    "SignatureDef",
    {
        "inputs": Tables(_TENSOR_MAP),
        "outputs": Tables(_TENSOR_MAP),
        "signature_key": Text(),
        "deprecated_tag": Text(),
        "subgraph_index": _UINT32,
    },
)

MODEL = Table(
    "Model",
    {
        "version": _UINT32,
        "operator_codes": Tables(_OPERATOR_CODE),
        "subgraphs": Tables(_SUBGRAPH),
        "description": Text(),
        "buffers": Tables(_BUFFER),
        "metadata_buffer": _INTS,
        "metadata": Tables(_METADATA),
        "signature_defs": Tables(_SIGNATURE),
        "external_buffer_groups": Refused(4, "constants in other files are not supported"),
        "external_buffers": Refused(4, "constants in other files are not supported"),
    },
)
