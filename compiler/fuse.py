"""Functions of one byte that the array computes behind the windows in front of them."""

from __future__ import annotations

from collections.abc import Set

from arch.isa import Engine
from arch.params import Params
from compiler.graph import Graph, Operator
from compiler.lower import JOBS, engine_of
from compiler.ops.tables import Table, table_of, table_operand


class FusedTables:
    """Operators that have become a table behind another one.

    Their output is the other one's output by another name.
    """

    def __init__(self, graph: Graph, params: Params):
        unread = {id(op) for op in graph.operators if _is_unread(op, graph)}
        pairs = [
            (op, None if id(op) in unread else _writer(op, graph, params, unread))
            for op in graph.operators
        ]
        self._tables = {id(writer): _table(op) for op, writer in pairs if writer is not None}
        self._gone = {id(op) for op, writer in pairs if writer is not None}
        self._gone |= unread

    def table_behind(self, op: Operator) -> Table | None:
        """What the results of an operator on the array are looked up in."""
        return self._tables.get(id(op))

    def is_gone(self, op: Operator) -> bool:
        """Whether an operator has become a table behind another one, or nothing reads it."""
        return id(op) in self._gone

    def engine_of(self, op: Operator, params: Params) -> Engine | None:
        """As :func:`compiler.lower.engine_of`; None for what is gone."""
        return None if self.is_gone(op) else engine_of(op, params)


def _table(op: Operator) -> Table:
    table = table_of(op)
    assert table is not None
    return table


def _is_unread(op: Operator, graph: Graph) -> bool:
    """Whether nothing reads a function of one byte, because others were composed with it."""
    if table_operand(op) is None or op.output in graph.outputs:
        return False
    return not graph.consumers(op.output)


def _writer(op: Operator, graph: Graph, params: Params, unread: Set[int]) -> Operator | None:
    """The operator on windows whose results only ``op``, a function of one byte, reads."""
    position = table_operand(op)
    if position is None or not params.config.elementwise:
        return None
    x = op.input(position)
    writer = graph.producer(x)
    readers = [reader for reader in graph.consumers(x) if id(reader) not in unread]
    if writer is None or x in graph.outputs or readers != [op]:
        return None
    on_array = writer.kind in JOBS and engine_of(writer, params) is Engine.ARRAY
    return writer if on_array else None
