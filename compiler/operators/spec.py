"""What the compiler knows of a kind of operator, but for its commands on the array."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from compiler.graph import Operator
from compiler.ops.copies import CopyPlan
from compiler.rules import Constraint
from compiler.rules.general import complete
from compiler.shapes import ShapeRule

Span = tuple[int, int | None]
"""Operands from the first number up to the second."""


class CoreUse(NamedTuple):
    """How the core runs an operator: a function of its library, and its parameters' bytes."""

    function: str
    params: bytes = b""


@dataclass(frozen=True)
class Spec:
    """One kind of operator.

    Members
    -------
    operands : how many there must be, and may be; None leaves it to ``types``.
    types : constraints on types and quantisation, checked before the shapes.
    shape : the shapes of its outputs; None leaves them to the operator.
    limits : constraints that are checked after the shapes.
    data : the operands that are read while the program runs, for all or for each operator; the
        others (weights, axes, shapes) are constants that commands or parameters hold.
    several_outputs : it may have more than one.
    moves_nothing : its output is its input by another name.
    keeps_state : it has variable tensors, which are no data: the core keeps them.
    core : how it runs on the core; None where it cannot.
    copies : what it copies, if it does nothing else; None where it does more.
    """

    operands: tuple[int, int] | None
    types: tuple[Constraint, ...]
    shape: ShapeRule | None
    limits: tuple[Constraint, ...] = ()
    data: Span | Callable[[Operator], Span] = (0, 1)
    several_outputs: bool = False
    moves_nothing: bool = False
    keeps_state: bool = False
    core: Callable[[Operator], CoreUse | None] | None = None
    copies: Callable[[Operator], CopyPlan | None] | None = None

    def data_of(self, op: Operator) -> Span:
        """The operands of one operator that are read while the program runs."""
        return self.data(op) if callable(self.data) else self.data

    @property
    def complete(self) -> tuple[Constraint, ...]:
        """The constraint on the number of operands, if there is one."""
        return () if self.operands is None else (complete(*self.operands, self.several_outputs),)
