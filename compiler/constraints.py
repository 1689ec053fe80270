"""Whether the operators of a model are supported, and what is."""

from __future__ import annotations

from compiler.builtin import Kind
from compiler.errors import ModelError
from compiler.graph import Graph, Operator
from compiler.operators import SPECS
from compiler.operators.spec import Spec
from compiler.rules import CUSTOM_TYPES, Constraint, documented
from compiler.rules.general import GENERAL, no_variables
from compiler.shapes import shape_problem


def rules_of(kind: Kind) -> tuple[Constraint, ...]:
    """The constraints of a kind of operator, in the order in which they are checked."""
    spec = SPECS[kind]
    shapes = () if spec.shape is None else (_shapes_agree(spec),)
    stateless = () if spec.keeps_state else (no_variables,)
    return (*stateless, *spec.complete, *spec.types, *shapes, *spec.limits)


def _shapes_agree(spec: Spec) -> Constraint:
    def shapes_agree(op: Operator) -> str | None:
        assert spec.shape is not None
        return shape_problem(op, spec.shape)

    return documented(
        shapes_agree,
        "Operands and output have the shapes that the operator's definition asks for (a CONV_2D "
        "may be grouped: input channels a multiple of its filter's, filters one of the groups).",
    )


def check(graph: Graph) -> None:
    """Check that every operator of a graph is supported.

    Raises :class:`ModelError` for the first that is not: which operator, what is wrong with it,
    and what is supported.
    """
    if not graph.operators:
        raise ModelError(f"{graph.name}: has no operators; supported: models of one or more")
    for tensor in (*graph.inputs, *graph.outputs):
        if tensor.dtype not in CUSTOM_TYPES:
            raise ModelError(
                f"{graph.name}: {tensor}, an input or output, is {tensor.dtype.name}; supported: "
                "int8 (quantise the model to full integers), and for custom operators integers "
                "of 8 to 64 bits, float32, float64 and bool"
            )
    for tensor in graph.tensors:
        readers = graph.consumers(tensor) if tensor.is_variable else []
        if len(readers) > 1:
            raise ModelError(
                f"{graph.name}: {readers[1]}: {tensor} is the state of {readers[0]}; supported: "
                "Each variable tensor belongs to one operator."
            )
    for op in graph.operators:
        if op.kind not in SPECS:
            raise ModelError(
                f"{graph.name}: {op}: is not supported; supported are those of docs/operators.md, "
                "and any operator written in C++ as a custom one "
                "('weft new-op NAME' writes a stub; docs/ops.md)"
            )
        for constraint in (*GENERAL, *rules_of(op.kind)):
            found = constraint(op)
            if found is not None:
                raise ModelError(f"{graph.name}: {op}: {found}; supported: {rule_of(constraint)}")


def rule_of(constraint: Constraint) -> str:
    """The documentation of a constraint, on one line."""
    return " ".join((constraint.__doc__ or "").split())
