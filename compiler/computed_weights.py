"""A FULLY_CONNECTED with a matrix that the model computes is a BATCH_MATMUL, bit for bit."""

from __future__ import annotations

from dataclasses import replace

from compiler.builtin import Kind
from compiler.graph import DType, Graph, Operator
from compiler.options import Activation, BatchMatMulOptions, FullyConnectedOptions


def with_products_of_tensors(graph: Graph) -> Graph:
    """The graph with such operators replaced: of int8, without bias and activation."""
    if not any(map(_is_product, graph.operators)):
        return graph
    return replace(graph, operators=[_product(op) for op in graph.operators])


def _product(op: Operator) -> Operator:
    if not _is_product(op):
        return op
    options = BatchMatMulOptions(adj_y=True)
    return replace(op, kind=Kind.BATCH_MATMUL, inputs=op.inputs[:2], options=options)


def _is_product(op: Operator) -> bool:
    operands, options = [t for t in op.inputs if t is not None], op.options
    if op.kind is not Kind.FULLY_CONNECTED or len(operands) != 2 or len(op.outputs) != 1:
        return False
    assert isinstance(options, FullyConnectedOptions)
    x, weights = operands
    rows, matrix, y = x.shape, weights.shape, op.output.shape
    return (
        all(t.dtype is DType.INT8 and not t.is_constant for t in (*operands, op.output))
        and options.activation is Activation.NONE
        and not options.shuffled_weights
        and len(rows) >= 2
        and len(matrix) == 2
        and (*rows[:-1], matrix[0]) == y
        and rows[-1] == matrix[1]
    )
