"""Operators that move data."""

from __future__ import annotations

from arch import op_params
from compiler.builtin import Kind
from compiler.graph import Operator
from compiler.operators.spec import CoreUse, Spec
from compiler.ops.movement import pad
from compiler.rules import movement as rules
from compiler.rules.general import int8, quantised
from compiler.shapes import movement as shapes


def _pad_on_core(op: Operator) -> CoreUse:
    p = pad(op)
    before = [front for front, _ in p.paddings]
    return CoreUse("PAD", op_params.PAD.pack({"before": before, "value": p.value}))


SPECS = {
    Kind.PAD: Spec(
        operands=(2, 2),
        types=(int8(0), quantised(0), rules.paddings_are_constant),
        shape=shapes.pad,
        core=_pad_on_core,
    ),
    Kind.RESHAPE: Spec(
        operands=(1, 2),
        types=(rules.reshaped_data_is_plain,),
        shape=shapes.any_of_same_size,
        moves_nothing=True,
        core=lambda op: CoreUse("RESHAPE"),
    ),
}
