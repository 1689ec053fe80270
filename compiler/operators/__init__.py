"""The operators that there are, one :class:`Spec` each, by family."""

from __future__ import annotations

from collections.abc import Mapping

from compiler.builtin import Kind
from compiler.errors import ModelError
from compiler.graph import Graph, Operator, Tensor
from compiler.operators import (
    custom,
    movement,
    pairs,
    products,
    reductions,
    rows,
    sampling,
    unary,
    windowed,
)
from compiler.operators.spec import CoreUse, Spec
from compiler.ops.tables import table_operand
from compiler.shapes import shape_problem

SPECS: Mapping[Kind, Spec] = {
    **windowed.SPECS,
    **unary.SPECS,
    **pairs.SPECS,
    **rows.SPECS,
    **reductions.SPECS,
    **movement.SPECS,
    **sampling.SPECS,
    **products.SPECS,
    **custom.SPECS,
}


def data_operands(op: Operator) -> list[Tensor]:
    """Operands that are read as data while the program runs (weights and shapes are not)."""
    return [t for t in data_inputs(op) if t is not None]


def data_inputs(op: Operator) -> list[Tensor | None]:
    """The same with None for optional ones that are absent."""
    position = table_operand(op)
    if position is not None:
        return [op.inputs[position]]
    return op.inputs[slice(*SPECS[op.kind].data_of(op))]


def core_use(op: Operator) -> CoreUse | None:
    """How the core's library runs an operator; None where it cannot."""
    core = SPECS[op.kind].core
    return None if core is None else core(op)


def verify(graph: Graph) -> None:
    """Check a graph's structure and the shapes of what its operators write.

    Raises :class:`ModelError` at the first violation.
    """
    graph.verify()
    for op in graph.operators:
        spec = SPECS.get(op.kind)
        problem = None if spec is None or spec.shape is None else shape_problem(op, spec.shape)
        if problem is not None:
            raise ModelError(f"{graph.name}: {op}: {problem}")
