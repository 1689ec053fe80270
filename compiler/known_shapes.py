"""What is known before a model runs: SHAPE, and what is computed from it and from constants.

Converters write chains of SHAPE, STRIDED_SLICE and PACK for a batch of any size. The shapes of all
tensors are fixed here, and RESHAPE has that of its output.
"""

from __future__ import annotations

from dataclasses import replace

from compiler.builtin import Kind
from compiler.constant_values import values_of
from compiler.graph import DType, Graph, Operator, Tensor

_INTEGERS = (DType.INT32, DType.INT64, DType.BOOL)


def with_known_shapes(graph: Graph) -> Graph:
    """The graph without operators whose results are known, and without what nothing reads then."""
    known: dict[int, Tensor] = {}
    operators = []
    for op in graph.operators:
        read = replace(op, inputs=[known.get(id(t), t) for t in op.inputs])
        values = None if any(t in graph.outputs for t in op.outputs) else values_of(read)
        if values is None:
            operators.append(read)
        else:
            pairs = zip(op.outputs, values, strict=True)
            known |= {id(t): replace(t, data=array) for t, array in pairs}
    if not known:
        return graph
    tensors = [known.get(id(t), t) for t in graph.tensors]
    return replace(graph, tensors=tensors, operators=_read(graph, operators))


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
