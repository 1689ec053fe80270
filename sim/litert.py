"""LiteRT's reference kernels, for what TensorFlow Lite Micro lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compiler.builtin import Kind
from compiler.errors import ModelError
from compiler.graph import DType, Operator
from compiler.options import StridedSliceOptions
from compiler.unsigned import computes_with_uint8

Array = NDArray[Any]

_INT8, _INT16, _INT32, _INT64 = DType.INT8, DType.INT16, DType.INT32, DType.INT64
_FLOAT32, _BOOL, _UINT8 = DType.FLOAT32, DType.BOOL, DType.UINT8
_NEVER = frozenset(
    {
        Kind.TILE,
        Kind.POW,
        Kind.SELECT,
        Kind.RANK,
        Kind.RANGE,
        Kind.REDUCE_PROD,
        Kind.REDUCE_ANY,
        Kind.DENSIFY,
    }
)
_MOVED_BY_MICRO = {
    **dict.fromkeys(
        (
            Kind.GATHER,
            Kind.GATHER_ND,
            Kind.MIRROR_PAD,
            Kind.SPACE_TO_DEPTH,
            Kind.DEPTH_TO_SPACE,
            Kind.SPACE_TO_BATCH_ND,
            Kind.BATCH_TO_SPACE_ND,
        ),
        (_INT8, _FLOAT32),
    ),
    **dict.fromkeys(
        (Kind.TRANSPOSE, Kind.RESIZE_NEAREST_NEIGHBOR, Kind.SELECT_V2), (_INT8, _INT16, _FLOAT32)
    ),
    **dict.fromkeys((Kind.PAD, Kind.SPLIT, Kind.SPLIT_V), (_INT8, _INT16, _INT32, _FLOAT32)),
    **dict.fromkeys((Kind.SLICE, Kind.STRIDED_SLICE), (_INT8, _INT16, _INT32, _FLOAT32, _BOOL)),
    **dict.fromkeys((Kind.PACK, Kind.UNPACK), (_INT8, _INT16, _INT32, _INT64, _FLOAT32)),
    Kind.CONCATENATION: (_INT8, _INT16, _INT32, _INT64, _FLOAT32, _BOOL),
}
"""The types that TensorFlow Lite Micro moves, where it does not move all."""
_REFUSED_BY_MICRO = {
    **dict.fromkeys((Kind.REDUCE_MAX, Kind.REDUCE_MIN), (_INT16, _INT32)),
    Kind.RESIZE_BILINEAR: (_INT16,),
    Kind.GELU: (_FLOAT32,),
    Kind.DEQUANTIZE: (DType.FLOAT16,),
}
"""The types of a first operand that TensorFlow Lite Micro lacks, where it has most."""
_MICRO_TRANSPOSED_RANK = 5
_MICRO_SLICED_RANK = 4
_NEEDED_CONSTANT = {
    Kind.FILL: 0,
    **dict.fromkeys((Kind.RESIZE_BILINEAR, Kind.RESIZE_NEAREST_NEIGHBOR, Kind.BROADCAST_TO), 1),
}
"""Operands that TensorFlow Lite Micro takes only as constants, whatever computes them."""
_ONLY_FLOAT32 = frozenset(
    {Kind.NEG, Kind.SQRT, Kind.EXP, Kind.LOG, Kind.FLOOR_DIV, Kind.FLOOR_MOD}
)  # in TensorFlow Lite Micro


def is_run_by_litert(op: Operator) -> bool:
    """Whether TensorFlow Lite Micro has no kernel for an operator, or none for its types."""
    first = next((t for t in op.inputs if t is not None), None)
    dtype = None if first is None else first.dtype
    if op.kind in _NEVER or (op.kind in _ONLY_FLOAT32 and dtype is not _FLOAT32):
        return True
    if op.kind in (Kind.STRIDED_SLICE, Kind.TRANSPOSE) and not _is_micro_walk(op):
        return True
    if op.kind in _MOVED_BY_MICRO and op.outputs[0].dtype not in _MOVED_BY_MICRO[op.kind]:
        return True
    if dtype in _REFUSED_BY_MICRO.get(op.kind, ()):
        return True
    needed = _NEEDED_CONSTANT.get(op.kind)
    if needed is not None and not op.input(needed).is_constant:
        return True
    if op.kind is Kind.CAST and {dtype, op.outputs[0].dtype} & {_UINT8, _INT64}:
        return True
    if op.kind in (Kind.ARG_MAX, Kind.ARG_MIN) and op.outputs[0].dtype is _INT64:
        return True
    return computes_with_uint8(op)


def _is_micro_walk(op: Operator) -> bool:
    """Whether TensorFlow Lite Micro takes the dimensions of a STRIDED_SLICE or TRANSPOSE."""
    options, rank = op.options, len(op.input(0).shape)
    if not isinstance(options, StridedSliceOptions):
        return rank <= _MICRO_TRANSPOSED_RANK
    special = options.new_axis_mask or options.ellipsis_mask
    return not special and op.input(1).size == rank <= _MICRO_SLICED_RANK


def run_litert(
    data: bytes, name: str, inputs: Mapping[int, Array], indices: Sequence[int]
) -> dict[int, Array]:
    """Tensors of a model, by their indices in the file, for inputs by theirs.

    Raises :class:`ModelError` where LiteRT refuses the model.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    # The reference kernels lack a few operators that only move data.
    resolvers = (OpResolverType.BUILTIN_REF, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    try:
        for resolver in resolvers:
            try:
                interpreter = Interpreter(
                    model_content=data,
                    experimental_op_resolver_type=resolver,
                    experimental_preserve_all_tensors=True,
                )
                break
            except ValueError:
                if resolver is resolvers[-1]:
                    raise
        interpreter.allocate_tensors()
        for index, array in inputs.items():
            interpreter.set_tensor(index, np.require(array, requirements="C"))
        interpreter.invoke()
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{name}: LiteRT refuses the model: {reason}") from None
    return {index: interpreter.get_tensor(index) for index in indices}
