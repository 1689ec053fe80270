"""Models of uint8 as models of int8: every code and zero point less 128.

All kernels subtract zero points first, so nothing changes but where codes themselves are computed
with: AVERAGE_POOL_2D rounds sums of unsigned codes, RESIZE_BILINEAR mixes them in float32,
CONCATENATION of uint8 rescales its inputs, and L2_NORMALIZATION rounds at another place.
Filters of uint8 have a zero point, and less it nine bits; they become int16.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from compiler.builtin import Kind
from compiler.graph import DType, Graph, Operator, Quantization, Tensor
from compiler.options import (
    ArithmeticOptions,
    Options,
    Pool2DOptions,
    ResizeOptions,
    TableOptions,
    UnsignedNormOptions,
    UnsignedPool2DOptions,
    UnsignedResizeOptions,
)

MIDDLE = 128

_FILTERED = (Kind.CONV_2D, Kind.DEPTHWISE_CONV_2D, Kind.FULLY_CONNECTED, Kind.TRANSPOSE_CONV)
COMPUTING = (
    *_FILTERED,
    Kind.AVERAGE_POOL_2D,
    Kind.MAX_POOL_2D,
    Kind.ADD,
    Kind.SUB,
    Kind.MUL,
    Kind.DIV,
    Kind.PRELU,
    Kind.MEAN,
    Kind.SUM,
    Kind.SOFTMAX,
    Kind.LOG_SOFTMAX,
    Kind.L2_NORMALIZATION,
    Kind.LOGISTIC,
    Kind.TANH,
    Kind.RELU,
    Kind.RELU6,
    Kind.RELU_N1_TO_1,
    Kind.GELU,
    Kind.LEAKY_RELU,
    Kind.HARD_SWISH,
    Kind.MAXIMUM,
    Kind.MINIMUM,
    Kind.REDUCE_MAX,
    Kind.REDUCE_MIN,
    Kind.ARG_MAX,
    Kind.ARG_MIN,
    Kind.RESIZE_BILINEAR,
    Kind.EQUAL,
    Kind.NOT_EQUAL,
    Kind.LESS,
    Kind.LESS_EQUAL,
    Kind.GREATER,
    Kind.GREATER_EQUAL,
)
_MOVING = (
    Kind.RESHAPE,
    Kind.SQUEEZE,
    Kind.EXPAND_DIMS,
    Kind.CONCATENATION,
    Kind.SPLIT,
    Kind.SPLIT_V,
    Kind.SLICE,
    Kind.STRIDED_SLICE,
    Kind.TRANSPOSE,
    Kind.REVERSE_V2,
    Kind.TILE,
    Kind.GATHER,
    Kind.GATHER_ND,
    Kind.DYNAMIC_UPDATE_SLICE,
    Kind.SELECT,
    Kind.SELECT_V2,
    Kind.PAD,
    Kind.PADV2,
    Kind.MIRROR_PAD,
    Kind.PACK,
    Kind.UNPACK,
    Kind.SPACE_TO_DEPTH,
    Kind.DEPTH_TO_SPACE,
    Kind.SPACE_TO_BATCH_ND,
    Kind.BATCH_TO_SPACE_ND,
    Kind.RESIZE_NEAREST_NEIGHBOR,
    Kind.QUANTIZE,
    Kind.DEQUANTIZE,
)


def with_signed_codes(graph: Graph) -> Graph:
    """The graph in int8, if operators compute with uint8; its inputs and outputs stay."""
    if not any(map(computes_with_uint8, graph.operators)):
        return graph
    return _Signed(graph).graph()


def computes_with_uint8(op: Operator) -> bool:
    """Whether an operator does more with codes of uint8 than to move them."""
    if op.kind is Kind.QUANTIZE:
        types = {op.input(0).dtype, op.outputs[0].dtype}
        return DType.UINT8 in types and types != {DType.INT8, DType.UINT8}
    if not _reads_uint8(op):
        return False
    if op.kind is Kind.CONCATENATION:
        return any(t is not None and _differ(t, op.output) for t in op.inputs)
    return op.kind in (*COMPUTING, Kind.SELECT, Kind.SELECT_V2)


def _differ(a: Tensor, b: Tensor) -> bool:
    if a.quantization is None or b.quantization is None:
        return False
    first, second = ((q.scales, q.zero_points) for q in (a.quantization, b.quantization))
    return first != second


def _reads_uint8(op: Operator) -> bool:
    return any(t is not None and t.dtype is DType.UINT8 for t in op.inputs)


def _unsigned_options(op: Operator) -> Options | None:
    """Options that say so of an operator of uint8 whose results are not those of int8."""
    options = op.options
    if op.kind is Kind.AVERAGE_POOL_2D and isinstance(options, Pool2DOptions):
        return UnsignedPool2DOptions(**vars(options))
    if op.kind is Kind.L2_NORMALIZATION and isinstance(options, ArithmeticOptions):
        return UnsignedNormOptions(**vars(options))
    if op.kind is Kind.RESIZE_BILINEAR and isinstance(options, ResizeOptions):
        return UnsignedResizeOptions(**vars(options))
    return options


@dataclass
class _Signed:
    source: Graph
    twins: dict[int, Tensor] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)

    def graph(self) -> Graph:
        source = self.source
        self.tensors = list(source.tensors)
        for tensor in source.inputs:
            if tensor.dtype is DType.UINT8:
                self._convert(tensor, self._twin(tensor))
        for op in source.operators:
            self._add(op)
        for tensor in source.outputs:
            self._restore(tensor)
        return Graph(
            source.name,
            self.tensors,
            self.operators,
            source.inputs,
            source.outputs,
            source.states,
        )

    def _add(self, op: Operator) -> None:
        if op.kind not in (*COMPUTING, *_MOVING):
            self._add_as_it_is(op)
            return
        inputs = [self._operand(op, i, tensor) for i, tensor in enumerate(op.inputs)]
        outputs = [self._twin(t) if t.dtype is DType.UINT8 else t for t in op.outputs]
        options = _unsigned_options(op) if _reads_uint8(op) else op.options
        new = replace(op, inputs=inputs, outputs=outputs, options=options)
        if op.kind is Kind.CONCATENATION:
            new.inputs = [self._rescaled(t, new.output) for t in inputs if t is not None]
        self.operators.append(new)

    def _add_as_it_is(self, op: Operator) -> None:
        """An operator of the user's, or one that is not known: codes are converted around it."""
        for tensor in op.inputs:
            if tensor is not None:
                self._restore(tensor)
        self.operators.append(op)
        for tensor in op.outputs:
            if tensor.dtype is DType.UINT8:
                self._convert(tensor, self._twin(tensor))

    def _restore(self, tensor: Tensor) -> None:
        """Make sure that a tensor is there, and not only its twin."""
        twin = self.twins.get(id(tensor))
        known = tensor.is_constant or tensor in self.source.inputs
        if twin is None or known or any(tensor in op.outputs for op in self.operators):
            return
        self._convert(twin, tensor)

    def _convert(self, source: Tensor, target: Tensor) -> None:
        self.operators.append(Operator(Kind.QUANTIZE, [source], [target]))

    def _operand(self, op: Operator, position: int, tensor: Tensor | None) -> Tensor | None:
        if tensor is None or tensor.dtype is not DType.UINT8:
            return tensor
        if position == 1 and op.kind in _FILTERED and tensor.data is not None:
            return self._filter(tensor)
        return self._twin(tensor)

    def _new(self, tensor: Tensor) -> Tensor:
        self.tensors.append(tensor)
        return tensor

    def _twin(self, tensor: Tensor) -> Tensor:
        if id(tensor) not in self.twins:
            q, data = tensor.quantization, tensor.data
            signed = None if data is None else (data ^ np.uint8(MIDDLE)).view(np.int8)
            if q is not None:
                q = Quantization(q.scales, tuple(z - MIDDLE for z in q.zero_points), q.axis)
            new = Tensor(tensor.name, tensor.shape, DType.INT8, q, signed, tensor.is_variable)
            self.twins[id(tensor)] = self._new(new)
        return self.twins[id(tensor)]

    def _filter(self, tensor: Tensor) -> Tensor:
        assert tensor.data is not None
        q = tensor.quantization
        if q is None or q.per_channel:
            return tensor
        data = tensor.data.astype(np.int16) - np.int16(q.zero_points[0])
        quantization = Quantization(q.scales, (0,), q.axis)
        return self._new(Tensor(tensor.name, tensor.shape, DType.INT16, quantization, data))

    def _rescaled(self, tensor: Tensor, like: Tensor) -> Tensor:
        """An operand of a CONCATENATION in the codes of its output, as the kernel of uint8 does."""
        a, b = tensor.quantization, like.quantization
        if like.dtype is not DType.INT8 or a is None or b is None or tensor.is_constant:
            return tensor
        if not _differ(tensor, like):
            return tensor
        factor = np.float32(a.scales[0]) * (np.float32(1) / np.float32(b.scales[0]))
        bias = np.float32(-(a.zero_points[0] + MIDDLE)) * factor
        codes = np.arange(256).astype(np.float32) * factor + bias
        rounded = np.copysign(np.floor(np.abs(codes.astype(np.float64)) + 0.5), codes)
        results = np.clip(rounded + b.zero_points[0], -MIDDLE, MIDDLE - 1).astype(np.int8)
        new = self._new(Tensor(tensor.name, tensor.shape, DType.INT8, b))
        options = TableOptions(results.tobytes())
        self.operators.append(Operator(Kind.QUANTIZE, [tensor], [new], options))
        return new
