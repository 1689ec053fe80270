"""Operators that compute element by element, row by row or over whole dimensions."""

from __future__ import annotations

from arch import op_params
from compiler.builtin import Kind
from compiler.graph import Operator
from compiler.operators.spec import CoreUse, Spec
from compiler.ops.add import LEFT_SHIFT, add
from compiler.ops.pooling import mean
from compiler.ops.softmax import softmax
from compiler.rules import arithmetic as rules
from compiler.rules.general import activation_function_is_a_clamp, int8, quantised
from compiler.shapes import arithmetic as shapes
from compiler.shapes import same


def _add_on_core(op: Operator) -> CoreUse:
    p = add(op)
    values = {
        "multiplier_a": p.a.multiplier,
        "multiplier_b": p.b.multiplier,
        "multiplier_out": p.multiplier,
        "shift_a": p.a.shift,
        "shift_b": p.b.shift,
        "shift_out": p.shift,
        "left_shift": LEFT_SHIFT,
        "low": p.low,
        "high": p.high,
    }
    return CoreUse("ADD", op_params.ADD.pack(values))


def _mean_on_core(op: Operator) -> CoreUse:
    p = mean(op)
    axes = sum(1 << axis for axis in p.axes)
    values = {"axes": axes, "multiplier": p.multiplier, "shift": p.shift}
    return CoreUse("MEAN", op_params.MEAN.pack(values))


def _softmax_on_core(op: Operator) -> CoreUse:
    return CoreUse("SOFTMAX", op_params.softmax(softmax(op).exponentials.tolist()))


SPECS = {
    Kind.ADD: Spec(
        operands=(2, 2),
        types=(int8(0, 1), quantised(0, 1), activation_function_is_a_clamp),
        shape=shapes.broadcast,
        limits=(rules.broadcast_has_few_dimensions, rules.output_scale_is_not_tiny),
        data=(0, 2),
        core=_add_on_core,
    ),
    Kind.MEAN: Spec(
        operands=(2, 2),
        types=(int8(0), quantised(0), rules.axes_are_constant),
        shape=shapes.reduction,
        limits=(rules.means_are_over_height_and_width, rules.mean_multiplier_fits),
        core=_mean_on_core,
    ),
    Kind.SOFTMAX: Spec(
        operands=(1, 1),
        types=(int8(0), quantised(0), rules.input_is_a_row_or_more),
        shape=same,
        limits=(rules.softmax_scale_is_not_tiny, rules.softmax_output_is_standard),
        core=_softmax_on_core,
    ),
}
