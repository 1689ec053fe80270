"""DEQUANTIZE operators in front of an operator that reads codes as well as floats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from compiler.builtin import Kind
from compiler.graph import DType, Graph, Operator, Tensor


def without_dequantize(graph: Graph, takes_codes: Callable[[Operator], bool]) -> Graph:
    """The graph in which some operators read what the DEQUANTIZE in front of them reads.

    A DEQUANTIZE that nothing else needs is left out. The given graph is not changed.
    """
    sources = {id(op.output): op.input(0) for op in graph.operators if _is_plain(op)}

    def source(tensor: Tensor | None) -> Tensor | None:
        return tensor if tensor is None else sources.get(id(tensor), tensor)

    operators = [
        replace(op, inputs=[source(t) for t in op.inputs]) if takes_codes(op) else op
        for op in graph.operators
    ]
    needed = {id(t) for op in operators for t in op.inputs} | {id(t) for t in graph.outputs}
    unused = sources.keys() - needed
    operators = [op for op in operators if not any(id(t) in unused for t in op.outputs)]
    tensors = [t for t in graph.tensors if id(t) not in unused]
    return replace(graph, tensors=tensors, operators=operators)


def _is_plain(op: Operator) -> bool:
    if op.kind is not Kind.DEQUANTIZE or op.output.dtype is not DType.FLOAT32:
        return False
    x = op.input(0)
    one_scale = x.quantization is not None and not x.quantization.per_channel
    return one_scale and x.dtype in (DType.INT8, DType.UINT8)
