"""Filters of int8 with a zero point, of a FULLY_CONNECTED, are weights of nine bits without one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from compiler.builtin import Kind
from compiler.graph import DType, Graph, Operator, Quantization, Tensor


def with_centred_weights(graph: Graph) -> Graph:
    """The graph with such filters less their zero points, as int16."""
    if not any(map(_is_off_centre, graph.operators)):
        return graph
    tensors, operators = list(graph.tensors), []
    for op in graph.operators:
        if _is_off_centre(op):
            weights = _centred(op.input(1))
            tensors.append(weights)
            op = replace(op, inputs=[op.inputs[0], weights, *op.inputs[2:]])
        operators.append(op)
    return replace(graph, tensors=tensors, operators=operators)


def _is_off_centre(op: Operator) -> bool:
    weights = op.optional_input(1)
    if op.kind is not Kind.FULLY_CONNECTED or weights is None or weights.data is None:
        return False
    q = weights.quantization
    is_whole = q is not None and not q.per_channel and bool(q.zero_points[0])
    is_int8 = weights.dtype is DType.INT8 and op.outputs[0].dtype is DType.INT8
    return is_whole and is_int8


def _centred(weights: Tensor) -> Tensor:
    assert weights.data is not None
    data = weights.data.astype(np.int16) - np.int16(weights.zero_point)
    q = Quantization((weights.scale,), (0,))
    return Tensor(weights.name, weights.shape, DType.INT16, q, data)
