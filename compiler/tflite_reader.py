"""Reads .tflite files into a :class:`compiler.graph.Graph`.

Everything in the file is distrusted: :func:`compiler.flatbuffer.read` stays inside it, and what it
returns is checked against what it refers to.
"""

from __future__ import annotations

import dataclasses
import enum
import math
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from compiler import tflite_schema
from compiler.builtin import Kind
from compiler.control_flow import without_control_flow
from compiler.errors import ModelError, printable
from compiler.flatbuffer import MAX_BYTES, FlatbufferError, Record, Table, read
from compiler.graph import DType, Graph, Operator, Quantization, Tensor
from compiler.options import (
    Activation,
    ArithmeticOptions,
    BatchMatMulOptions,
    BlockOptions,
    CallOnceOptions,
    ConcatenationOptions,
    Conv2DOptions,
    CumsumOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    GatherOptions,
    GeluOptions,
    IfOptions,
    LeakyReluOptions,
    LstmOptions,
    MirrorPadOptions,
    Options,
    PackOptions,
    Padding,
    PadOptions,
    Pool2DOptions,
    ReducerOptions,
    ReshapeOptions,
    ResizeOptions,
    SoftmaxOptions,
    SplitOptions,
    SqueezeOptions,
    StridedSliceOptions,
    SvdfOptions,
    TransposeConvOptions,
    UnpackOptions,
    VarHandleOptions,
    WhileOptions,
)
from compiler.sparse import SparsityError, dense
from compiler.states import called_once, with_states

ABSENT = -1  # the index of an optional operand that is not given
MAX_RANK = 8

E = TypeVar("E", bound=enum.IntEnum)


class MalformedError(Exception):
    """What contradicts itself in a model; within this module."""


def load_model(path: str | Path) -> Graph:
    """Read a .tflite file.

    Raises :class:`ModelError` with one line if it is not there or not a model that can be read.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path}: is larger than {MAX_BYTES} bytes, which no .tflite file is")
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ModelError(f"{path}: {reason}; give the path of a .tflite file") from None
    return read_model(data, str(path))


def read_model(data: bytes, source: str = "model") -> Graph:
    """The graph of a .tflite file; ``source`` is its name in messages.

    The graph's structure is verified; whether its operators are supported is for
    :func:`compiler.constraints.check` to say. Constants are read-only views of ``data``.

    The first subgraph is the model; those that it calls become part of it.

    Raises :class:`ModelError` with one line on anything else than a model.
    """
    source = printable(source)
    try:
        model = read(data, tflite_schema.MODEL, tflite_schema.IDENTIFIER)
        graph = _Reader(data, source, model).graph()
    except (FlatbufferError, MalformedError) as error:
        raise ModelError(f"{source}: is not a readable .tflite model: {error}") from None
    graph.verify()
    return graph


class _Reader:
    def __init__(self, data: bytes, source: str, model: Record) -> None:
        self.data = data
        self.source = source
        self.model = model

    def graph(self) -> Graph:
        model = self.model
        if model.version != tflite_schema.VERSION:
            raise MalformedError(
                f"its schema has version {model.version} instead of {tflite_schema.VERSION}"
            )
        graphs = [self.subgraph(table) for table in model.subgraphs]
        if not graphs:
            raise MalformedError("it has no subgraphs")
        if not graphs[0].outputs:
            raise MalformedError("it has no outputs")
        return with_states(without_control_flow(graphs), called_once(graphs))

    def subgraph(self, subgraph: Record) -> Graph:
        model = self.model
        tensors = [self.tensor(i, table) for i, table in enumerate(subgraph.tensors)]
        codes = [_operator_code(i, table) for i, table in enumerate(model.operator_codes)]
        operators = [
            self.operator(i, table, codes, tensors) for i, table in enumerate(subgraph.operators)
        ]
        inputs = _pick(tensors, subgraph.inputs.tolist(), "the list of inputs")
        outputs = _pick(tensors, subgraph.outputs.tolist(), "the list of outputs")
        written = {id(t) for t in (*inputs, *(t for op in operators for t in op.outputs))}
        for tensor in tensors:
            if id(tensor) not in written:
                _fill_if_empty(tensor)
        return Graph(self.source, tensors, operators, inputs, outputs)

    def tensor(self, index: int, table: Record) -> Tensor:
        where = f"tensor {index} '{printable(table.name)}'"
        dtype = _member(DType, table.type, f"{where}: element type")
        shape = tuple(table.shape.tolist())
        if len(shape) > MAX_RANK:
            raise MalformedError(f"{where}: has {len(shape)} dimensions; the limit is {MAX_RANK}")
        raw = self.buffer(table.buffer, where)
        if dtype is DType.INT4 and len(raw):
            raw, dtype = _unpacked(raw, shape, where), DType.INT8
        return Tensor(
            name=table.name,
            shape=shape,
            dtype=dtype,
            quantization=_quantization(table.quantization, shape, where),
            data=_constant(raw, shape, dtype, where, table.sparsity) if len(raw) else None,
            is_variable=table.is_variable,
            index=index,
        )

    def buffer(self, index: int, where: str) -> NDArray[np.uint8]:
        """The bytes of a buffer, which may lie behind the flatbuffer."""
        if index >= len(self.model.buffers):
            raise MalformedError(f"{where}: refers to buffer {index}, which is not there")
        table = self.model.buffers[index]
        if table.offset > 1:
            return self.outside(table.offset, table.size, where)
        data: NDArray[np.uint8] = table.data
        return data

    def outside(self, offset: int, n_bytes: int, where: str) -> NDArray[np.uint8]:
        if offset + n_bytes > len(self.data):
            raise MalformedError(f"{where}: its data lies outside the file")
        return np.frombuffer(self.data, np.uint8, n_bytes, offset)

    def operator(
        self, index: int, table: Record, codes: list[tuple[Kind, str]], tensors: list[Tensor]
    ) -> Operator:
        where = f"operator {index}"
        if table.opcode_index >= len(codes):
            raise MalformedError(f"{where}: refers to operator code {table.opcode_index}")
        kind, custom_name = codes[table.opcode_index]
        where = f"{where} {kind.name}"
        custom_options = table.custom_options
        if table.large_custom_options_offset > 1:
            start, size = table.large_custom_options_offset, table.large_custom_options_size
            custom_options = self.outside(start, size, where)
        return Operator(
            kind=kind,
            inputs=[
                None if i == ABSENT else _pick(tensors, [i], where)[0]
                for i in table.inputs.tolist()
            ],
            outputs=_pick(tensors, table.outputs.tolist(), where),
            options=_options(kind, table, where),
            custom_name=custom_name if kind is Kind.CUSTOM else "",
            custom_options=custom_options.tobytes(),
            index=index,
        )


def _operator_code(index: int, table: Record) -> tuple[Kind, str]:
    """Kind and custom name. Codes up to 127 may stand in the old field only, or in both."""
    code = max(table.builtin_code, table.deprecated_builtin_code)
    return _member(Kind, code, f"operator code {index}: builtin operator"), table.custom_code


def _member(enumeration: type[E], value: int, what: str) -> E:
    try:
        return enumeration(value)
    except ValueError:
        raise MalformedError(f"{what} {value} is unknown") from None


def _pick(tensors: list[Tensor], indices: list[int], where: str) -> list[Tensor]:
    for index in indices:
        if not 0 <= index < len(tensors):
            raise MalformedError(f"{where}: refers to tensor {index} of {len(tensors)}")
    return [tensors[index] for index in indices]


def _fill_if_empty(tensor: Tensor) -> None:
    """Give a constant without elements its data, which has no buffer in the file."""
    if tensor.data is not None or tensor.dtype.numpy is None or min(tensor.shape, default=1) != 0:
        return
    if math.prod(extent for extent in tensor.shape if extent) > MAX_BYTES:
        raise MalformedError(f"{tensor} has extents beyond all limits")
    tensor.data = np.empty(tensor.shape, tensor.dtype.numpy)


def _unpacked(raw: NDArray[np.uint8], shape: tuple[int, ...], where: str) -> NDArray[np.uint8]:
    """Constants of int4, two to a byte with the first in the lower half, as those of int8."""
    count = math.prod(max(extent, 0) for extent in shape)
    if len(raw) != (count + 1) // 2:
        raise MalformedError(f"{where}: holds {len(raw)} bytes for {count} elements of type INT4")
    halves = np.stack([raw << 4, raw & 0xF0], axis=1).reshape(-1)[:count]
    return (halves.view(np.int8) >> 4).view(np.uint8)


def _constant(
    raw: NDArray[np.uint8],
    shape: tuple[int, ...],
    dtype: DType,
    where: str,
    sparsity: Record | None,
) -> NDArray[Any]:
    if dtype.numpy is None:
        raise MalformedError(f"{where}: constants of type {dtype.name} are not supported")
    if sparsity is not None and len(raw) % dtype.numpy.itemsize == 0:
        try:
            return dense(raw.view(dtype.numpy), shape, sparsity)
        except SparsityError as error:
            raise MalformedError(f"{where}: is sparse, and {error}") from None
    count = math.prod(max(extent, 0) for extent in shape)
    if len(raw) != count * dtype.numpy.itemsize:
        raise MalformedError(
            f"{where}: holds {len(raw)} bytes for {count} elements of type {dtype.name}"
        )
    return raw.view(dtype.numpy).reshape(shape)


def _quantization(table: Record | None, shape: tuple[int, ...], where: str) -> Quantization | None:
    """Scales with their zero points; None if either is missing, as the reference has it."""
    if table is None or not len(table.scale) or not len(table.zero_point):
        return None
    scales, zero_points = tuple(table.scale.tolist()), tuple(table.zero_point.tolist())
    if len(zero_points) == 1:
        zero_points *= len(scales)
    axis = table.quantized_dimension
    if len(zero_points) != len(scales):
        counts = f"{len(scales)} scales and {len(zero_points)} zero points"
        raise MalformedError(f"{where}: has {counts}")
    if len(scales) > 1 and not (0 <= axis < len(shape) and shape[axis] == len(scales)):
        raise MalformedError(f"{where}: has {len(scales)} scales, but not as many indices to scale")
    return Quantization(scales, zero_points, axis)


# ---- options -----------------------------------------------------------------------------------
def _activation(table: Record, where: str) -> Activation:
    return _member(Activation, table.fused_activation_function, f"{where}: activation function")


def _padding(table: Record, where: str) -> Padding:
    return _member(Padding, table.padding, f"{where}: padding")


def _value(name: str, table: Record, where: str) -> Any:
    """One member of a class of options, from the field or fields that make it up."""
    match name:
        case "activation":
            return _activation(table, where)
        case "padding":
            return _padding(table, where)
        case "stride":
            return table.stride_h, table.stride_w
        case "dilation":
            return table.dilation_h_factor, table.dilation_w_factor
        case "kernel":
            return table.filter_height, table.filter_width
        case "shuffled_weights":
            return table.weights_format != 0
    value = getattr(table, name)
    return tuple(value.tolist()) if isinstance(value, np.ndarray) else value


def _convert(options: type[Options], table: Record, where: str) -> Options:
    return options(**{f.name: _value(f.name, table, where) for f in dataclasses.fields(options)})


# For each kind: its table of options, what they become, and what stands for an absent table.
_OPTIONS: dict[Kind, tuple[Table, type[Options], Options | None]] = {
    Kind.CONV_2D: (tflite_schema.CONV_2D_OPTIONS, Conv2DOptions, None),
    Kind.DEPTHWISE_CONV_2D: (tflite_schema.DEPTHWISE_CONV_2D_OPTIONS, DepthwiseConv2DOptions, None),
    Kind.TRANSPOSE_CONV: (tflite_schema.TRANSPOSE_CONV_OPTIONS, TransposeConvOptions, None),
    Kind.FULLY_CONNECTED: (tflite_schema.FULLY_CONNECTED_OPTIONS, FullyConnectedOptions, None),
    Kind.BATCH_MATMUL: (
        tflite_schema.BATCH_MATMUL_OPTIONS,
        BatchMatMulOptions,
        BatchMatMulOptions(),
    ),
    Kind.ADD: (tflite_schema.ADD_OPTIONS, ArithmeticOptions, ArithmeticOptions()),
    Kind.SUB: (tflite_schema.SUB_OPTIONS, ArithmeticOptions, ArithmeticOptions()),
    Kind.MUL: (tflite_schema.MUL_OPTIONS, ArithmeticOptions, ArithmeticOptions()),
    Kind.DIV: (tflite_schema.DIV_OPTIONS, ArithmeticOptions, ArithmeticOptions()),
    Kind.L2_NORMALIZATION: (tflite_schema.L2_NORM_OPTIONS, ArithmeticOptions, ArithmeticOptions()),
    Kind.LEAKY_RELU: (tflite_schema.LEAKY_RELU_OPTIONS, LeakyReluOptions, None),
    Kind.CUMSUM: (tflite_schema.CUMSUM_OPTIONS, CumsumOptions, CumsumOptions()),
    Kind.GELU: (tflite_schema.GELU_OPTIONS, GeluOptions, GeluOptions()),
    Kind.SUM: (tflite_schema.REDUCER_OPTIONS, ReducerOptions, None),
    Kind.REDUCE_MAX: (tflite_schema.REDUCER_OPTIONS, ReducerOptions, None),
    Kind.REDUCE_ANY: (tflite_schema.REDUCER_OPTIONS, ReducerOptions, None),
    Kind.REDUCE_ALL: (tflite_schema.REDUCER_OPTIONS, ReducerOptions, None),
    Kind.REDUCE_PROD: (tflite_schema.REDUCER_OPTIONS, ReducerOptions, None),
    Kind.REDUCE_MIN: (tflite_schema.REDUCER_OPTIONS, ReducerOptions, None),
    Kind.AVERAGE_POOL_2D: (tflite_schema.POOL_2D_OPTIONS, Pool2DOptions, None),
    Kind.MAX_POOL_2D: (tflite_schema.POOL_2D_OPTIONS, Pool2DOptions, None),
    Kind.L2_POOL_2D: (tflite_schema.POOL_2D_OPTIONS, Pool2DOptions, None),
    Kind.MEAN: (tflite_schema.REDUCER_OPTIONS, ReducerOptions, None),
    Kind.PAD: (tflite_schema.PAD_OPTIONS, PadOptions, PadOptions()),
    Kind.RESHAPE: (tflite_schema.RESHAPE_OPTIONS, ReshapeOptions, ReshapeOptions()),
    Kind.SOFTMAX: (tflite_schema.SOFTMAX_OPTIONS, SoftmaxOptions, None),
    Kind.CONCATENATION: (tflite_schema.CONCATENATION_OPTIONS, ConcatenationOptions, None),
    Kind.SPLIT: (tflite_schema.SPLIT_OPTIONS, SplitOptions, None),
    Kind.SPLIT_V: (tflite_schema.SPLIT_V_OPTIONS, SplitOptions, None),
    Kind.STRIDED_SLICE: (
        tflite_schema.STRIDED_SLICE_OPTIONS,
        StridedSliceOptions,
        StridedSliceOptions(),
    ),
    Kind.PACK: (tflite_schema.PACK_OPTIONS, PackOptions, PackOptions()),
    Kind.UNPACK: (tflite_schema.UNPACK_OPTIONS, UnpackOptions, UnpackOptions()),
    Kind.SPACE_TO_DEPTH: (tflite_schema.SPACE_TO_DEPTH_OPTIONS, BlockOptions, None),
    Kind.DEPTH_TO_SPACE: (tflite_schema.DEPTH_TO_SPACE_OPTIONS, BlockOptions, None),
    Kind.GATHER: (tflite_schema.GATHER_OPTIONS, GatherOptions, GatherOptions()),
    Kind.SQUEEZE: (tflite_schema.SQUEEZE_OPTIONS, SqueezeOptions, SqueezeOptions()),
    Kind.MIRROR_PAD: (tflite_schema.MIRROR_PAD_OPTIONS, MirrorPadOptions, MirrorPadOptions()),
    Kind.RESIZE_BILINEAR: (tflite_schema.RESIZE_BILINEAR_OPTIONS, ResizeOptions, ResizeOptions()),
    Kind.RESIZE_NEAREST_NEIGHBOR: (
        tflite_schema.RESIZE_NEAREST_NEIGHBOR_OPTIONS,
        ResizeOptions,
        ResizeOptions(),
    ),
    Kind.SVDF: (tflite_schema.SVDF_OPTIONS, SvdfOptions, None),
    Kind.CALL_ONCE: (tflite_schema.CALL_ONCE_OPTIONS, CallOnceOptions, None),
    Kind.IF: (tflite_schema.IF_OPTIONS, IfOptions, None),
    Kind.WHILE: (tflite_schema.WHILE_OPTIONS, WhileOptions, None),
    Kind.VAR_HANDLE: (tflite_schema.VAR_HANDLE_OPTIONS, VarHandleOptions, None),
    Kind.UNIDIRECTIONAL_SEQUENCE_LSTM: (tflite_schema.LSTM_OPTIONS, LstmOptions, None),
}


def _options(kind: Kind, table: Record, where: str) -> Options | None:
    """The options of an operator; None for kinds whose options are not read."""
    if table.builtin_options_2_type:
        raise MalformedError(f"{where}: has options of an unknown kind")
    if kind is Kind.CUSTOM and table.builtin_options_type:
        raise MalformedError(f"{where}: has the options of a builtin operator")
    if kind not in _OPTIONS:
        return None
    expected, options, default = _OPTIONS[kind]
    union_type, union = table.builtin_options_type, table.builtin_options
    if union_type and tflite_schema.OPTIONS.get(union_type) is not expected:
        raise MalformedError(f"{where}: has the options of another operator")
    if union is not None:
        return _convert(options, union, where)
    if default is None:
        raise MalformedError(f"{where}: its options are missing")
    return default
