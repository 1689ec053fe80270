"""Operators on two functions of the same tensor of bytes: they are a function of it themselves.

SWISH is LOGISTIC(x) * x, a hard swish may be RELU6(x + 3) * x: both become one table.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from arch.quant import Int64
from compiler.builtin import Kind
from compiler.graph import DType, Graph, Operator, Tensor
from compiler.ops.pairs import PAIRS
from compiler.ops.tables import Table, table_of, table_operand
from compiler.options import TableOptions

COMPOSED = (Kind.ADD, Kind.SUB, Kind.MUL, Kind.MAXIMUM, Kind.MINIMUM, Kind.SQUARED_DIFFERENCE)
MOST_STEPS = 8


def with_composed_tables(graph: Graph) -> Graph:
    """The graph with such operators as tables; those between are left where nothing reads them."""
    composed = Graph(graph.name, graph.tensors, [], graph.inputs, graph.outputs)
    writers: dict[int, Operator] = {}
    for op in graph.operators:
        op = _composed(op, writers)
        composed.operators.append(op)
        writers |= {id(tensor): op for tensor in op.outputs}
    return composed


def _composed(op: Operator, writers: dict[int, Operator]) -> Operator:
    if op.kind not in COMPOSED or table_operand(op) is not None:
        return op
    a, b = op.input(0), op.input(1)
    tensors = (a, b, op.output)
    if any(t.dtype is not DType.INT8 or t.is_constant for t in tensors) or a.shape != b.shape:
        return op
    functions_a, functions_b = _functions(a, writers), _functions(b, writers)
    for root, table_a in functions_a:
        for other, table_b in functions_b:
            if other is root:
                results = PAIRS[op.kind](op, _codes(table_a), _codes(table_b)).astype(np.int8)
                return replace(op, inputs=[root], options=TableOptions(results.tobytes()))
    return op


def _codes(table: Table) -> Int64:
    return table.astype(np.int64)


def _functions(tensor: Tensor, writers: dict[int, Operator]) -> list[tuple[Tensor, Table]]:
    """The tensor and those that it is a function of, the nearest first, with the functions."""
    table: Table = np.arange(-128, 128).astype(np.int8)
    found = [(tensor, table)]
    while len(found) <= MOST_STEPS:
        writer = writers.get(id(tensor))
        position = None if writer is None else table_operand(writer)
        if writer is None or position is None or writer.input(position).dtype is not DType.INT8:
            break
        step = table_of(writer)
        assert step is not None
        table = table[step.astype(np.int64) + 128]
        tensor = writer.input(position)
        found.append((tensor, table))
    return found
