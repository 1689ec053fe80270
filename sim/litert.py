"""LiteRT's reference kernels, for what TensorFlow Lite Micro lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compiler.builtin import Kind
from compiler.errors import ModelError
from compiler.graph import DType, Operator
from compiler.unsigned import computes_with_uint8

Array = NDArray[Any]

_NEVER = frozenset({Kind.TILE, Kind.POW, Kind.SELECT})
_ONLY_FLOAT32 = frozenset(
    {Kind.NEG, Kind.SQRT, Kind.EXP, Kind.LOG, Kind.FLOOR_DIV, Kind.FLOOR_MOD}
)  # in TensorFlow Lite Micro


def is_run_by_litert(op: Operator) -> bool:
    """Whether TensorFlow Lite Micro has no kernel for an operator, or none for its types."""
    first = next((t for t in op.inputs if t is not None), None)
    dtype = None if first is None else first.dtype
    if op.kind in _NEVER or (op.kind in _ONLY_FLOAT32 and dtype is not DType.FLOAT32):
        return True
    return computes_with_uint8(op) or (op.kind is Kind.PAD and dtype is DType.UINT8)


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
