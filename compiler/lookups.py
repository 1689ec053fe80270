"""EMBEDDING_LOOKUP is a GATHER of rows, with its operands in the other order."""

from __future__ import annotations

from dataclasses import replace

from compiler.builtin import Kind
from compiler.graph import Graph, Operator
from compiler.options import GatherOptions


def with_lookups_as_gathers(graph: Graph) -> Graph:
    """The graph with such operators replaced, where rows and results are of one type."""
    if not any(op.kind is Kind.EMBEDDING_LOOKUP for op in graph.operators):
        return graph
    return replace(graph, operators=[_gather(op) for op in graph.operators])


def _gather(op: Operator) -> Operator:
    operands = [t for t in op.inputs if t is not None]
    if op.kind is not Kind.EMBEDDING_LOOKUP or len(operands) != 2 or len(op.outputs) != 1:
        return op
    indices, rows = operands
    if rows.dtype is not op.output.dtype:
        return op
    return replace(op, kind=Kind.GATHER, inputs=[rows, indices], options=GatherOptions())
