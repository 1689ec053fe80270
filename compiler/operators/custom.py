"""Custom operators: the user's, written in C++, and those of the core's library."""

from __future__ import annotations

from compiler.builtin import Kind
from compiler.operators.spec import CoreUse, Spec
from compiler.rules.movement import custom_operator_is_named, custom_tensors_are_plain

LIBRARY = frozenset({"TFLite_Detection_PostProcess"})
"""Names of custom operators that the core's library has; each takes codes in place of floats."""

SPECS = {
    Kind.CUSTOM: Spec(
        operands=None,
        types=(custom_operator_is_named, custom_tensors_are_plain),
        shape=None,
        data=(0, None),
        several_outputs=True,
        core=lambda op: CoreUse(op.custom_name, op.custom_options),
    ),
}
