"""SHAPE, which is known before a model runs, and what only computes the shape of a RESHAPE.

Converters write chains of SHAPE, STRIDED_SLICE and PACK for a batch of any size. The shapes of all
tensors are fixed here, and RESHAPE has that of its output.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from compiler.builtin import Kind
from compiler.graph import DType, Graph, Operator, Tensor

_INTEGERS = (DType.INT32, DType.INT64)


def with_known_shapes(graph: Graph) -> Graph:
    """The graph without its SHAPE operators, and without operators that nothing reads then."""
    known: dict[int, Tensor] = {}
    operators = []
    for op in graph.operators:
        if _is_known(op) and op.output not in graph.outputs:
            data = np.array(op.input(0).shape, op.output.dtype.numpy)
            known[id(op.output)] = replace(op.output, data=data)
            continue
        operators.append(replace(op, inputs=[known.get(id(t), t) for t in op.inputs]))
    if not known:
        return graph
    tensors = [known.get(id(t), t) for t in graph.tensors]
    return replace(graph, tensors=tensors, operators=_read(graph, operators))


def _is_known(op: Operator) -> bool:
    complete = len(op.inputs) == len(op.outputs) == 1 and op.inputs[0] is not None
    if op.kind is not Kind.SHAPE or not complete or op.output.dtype not in _INTEGERS:
        return False
    return op.output.shape == (len(op.input(0).shape),)


def _read(graph: Graph, operators: list[Operator]) -> list[Operator]:
    """Operators but for those whose results are integers that nothing reads."""
    needed = {id(t) for t in (*graph.outputs, *(state.after for state in graph.states))}
    kept = []
    for op in reversed(operators):
        is_read = any(id(t) in needed for t in op.outputs)
        if not is_read and op.outputs and all(t.dtype in _INTEGERS for t in op.outputs):
            continue
        if op.kind is Kind.RESHAPE and not all(
            t is not None and t.is_constant for t in op.inputs[1:]
        ):
            op = replace(op, inputs=op.inputs[:1])
        needed |= {id(t) for t in op.inputs}
        kept.append(op)
    return kept[::-1]
