"""Operators that work on rows, the last dimension of a tensor."""

from __future__ import annotations

from arch import elementwise_params as structures
from arch import op_params
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.operators.spec import CoreUse, Spec
from compiler.ops.softmax import LookupTables, log_softmax, softmax, softmax_int16
from compiler.options import SoftmaxOptions, UnsignedNormOptions
from compiler.rules import rows as rules
from compiler.rules.elementwise import float_functions_are_those_of_glibc
from compiler.rules.general import all_of, quantised, typed
from compiler.shapes import same

_INT8, _INT16, _FLOAT32 = DType.INT8, DType.INT16, DType.FLOAT32


def _softmax(op: Operator) -> CoreUse:
    if op.input(0).dtype is _INT8:
        name = "SOFTMAX_TO_INT16" if op.output.dtype is _INT16 else "SOFTMAX"
        return CoreUse(name, op_params.softmax(softmax(op).exponentials.tolist()))
    if op.input(0).dtype is _INT16:
        multiplier, shift = softmax_int16(op)
        tables = LookupTables.made()
        values = {
            "multiplier": multiplier,
            "shift": shift,
            "exp_table": tables.exponential,
            "reciprocal_table": tables.reciprocal,
        }
        return CoreUse("SOFTMAX_INT16", structures.SOFTMAX_INT16.pack(values))
    assert isinstance(op.options, SoftmaxOptions)
    return CoreUse("SOFTMAX_FLOAT32", structures.FLOAT.pack({"value": op.options.beta}))


def _log_softmax(op: Operator) -> CoreUse:
    if op.output.dtype is _FLOAT32:
        return CoreUse("LOG_SOFTMAX_FLOAT32")
    p = log_softmax(op)
    values: dict[str, object] = {
        "multiplier": p.softmax.multiplier,
        "shift": p.softmax.left_shift,
        "reverse_multiplier": p.reverse_multiplier,
        "reverse_shift": p.reverse_shift,
        "diff_min": p.softmax.diff_min,
    }
    table = p.softmax.exponentials.tolist()
    return CoreUse("LOG_SOFTMAX", structures.log_softmax(values, table))


def _l2_normalization(op: Operator) -> CoreUse:
    if op.output.dtype is _FLOAT32:
        return CoreUse("L2_NORMALIZATION_FLOAT32")
    suffix = "_UINT8" if isinstance(op.options, UnsignedNormOptions) else ""
    return CoreUse(f"L2_NORMALIZATION{suffix}")


SPECS = {
    Kind.SOFTMAX: Spec(
        operands=(1, 1),
        types=(
            typed((_INT8, _INT8), (_INT8, _INT16), (_INT16, _INT16), (_FLOAT32, _FLOAT32)),
            rules.input_is_quantised,
            rules.input_is_a_row_or_more,
        ),
        shape=same,
        limits=(
            rules.softmax_scale_is_not_tiny,
            rules.softmax_output_is_standard,
            float_functions_are_those_of_glibc,
        ),
        core=_softmax,
    ),
    Kind.LOG_SOFTMAX: Spec(
        operands=(1, 1),
        types=(all_of((_INT8, _FLOAT32), 0), quantised(0), rules.input_is_a_row_or_more),
        shape=same,
        limits=(rules.log_softmax_is_standard, float_functions_are_those_of_glibc),
        core=_log_softmax,
    ),
    Kind.L2_NORMALIZATION: Spec(
        operands=(1, 1),
        types=(
            all_of((_INT8, _FLOAT32), 0),
            quantised(0),
            rules.input_is_a_row_or_more,
            rules.without_activation,
        ),
        shape=same,
        limits=(rules.norm_is_of_few_dimensions,),
        core=_l2_normalization,
    ),
}
