"""Operators on two operands, or three, element by element, with broadcasting."""

from __future__ import annotations

from collections.abc import Callable

from arch import elementwise_params as structures
from arch import op_params
from arch.quant import quantize_multiplier
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.operators.plain import plain_params
from compiler.operators.spec import CoreUse, Spec
from compiler.ops.add import AddInput, add
from compiler.ops.pairs import compared, prelu_factors, scaled_pair, squared_difference
from compiler.ops.tables import table_of
from compiler.options import Activation, ArithmeticOptions
from compiler.rules import Constraint
from compiler.rules import elementwise as rules
from compiler.rules.arithmetic import output_scale_is_not_tiny
from compiler.rules.general import (
    activation_function_is_a_clamp,
    all_of,
    quantised,
    typed,
)
from compiler.shapes.arithmetic import broadcast

_INT8, _INT16, _INT32, _INT64 = DType.INT8, DType.INT16, DType.INT32, DType.INT64
_FLOAT32, _BOOL = DType.FLOAT32, DType.BOOL

# Bits of a pair that is less, equal, greater.
_TRUE_IF = {
    Kind.EQUAL: 2,
    Kind.NOT_EQUAL: 1 | 4 | 8,
    Kind.LESS: 1,
    Kind.LESS_EQUAL: 1 | 2,
    Kind.GREATER: 4,
    Kind.GREATER_EQUAL: 4 | 2,
}


def _suffix(op: Operator) -> str:
    """Of the names of functions for int16; those for int8 have none."""
    return "_INT16" if op.output.dtype is _INT16 else ""


def _operands(a: AddInput, b: AddInput) -> dict[str, int]:
    return {
        "multiplier_a": a.multiplier,
        "shift_a": a.shift,
        "multiplier_b": b.multiplier,
        "shift_b": b.shift,
        "left_shift": a.left_shift,
    }


def _sum(op: Operator) -> CoreUse:
    p = add(op)
    values = _operands(p.a, p.b) | {
        "multiplier_out": p.multiplier,
        "shift_out": p.shift,
        "subtract": int(p.subtract),
        "low": p.low,
        "high": p.high,
    }
    return CoreUse(f"ADD{_suffix(op)}", op_params.ADD.pack(values))


def _squared_difference(op: Operator) -> CoreUse:
    p = squared_difference(op)
    values = _operands(p.a, p.b) | {
        "multiplier_out": p.square.multiplier,
        "shift_out": p.square.shift,
        "low": p.square.low,
        "high": p.square.high,
    }
    return CoreUse(f"SQUARED_DIFFERENCE{_suffix(op)}", op_params.ADD.pack(values))


def _scaled_pair(op: Operator) -> CoreUse:
    p = scaled_pair(op)
    values = {"multiplier": p.multiplier, "shift": p.shift, "low": p.low, "high": p.high}
    return CoreUse(f"{op.kind.name}{_suffix(op)}", structures.PAIR.pack(values))


_QUANTISED = {
    Kind.ADD: _sum,
    Kind.SUB: _sum,
    Kind.MUL: _scaled_pair,
    Kind.DIV: _scaled_pair,
    Kind.SQUARED_DIFFERENCE: _squared_difference,
}


def _plain(op: Operator) -> CoreUse:
    """int32 and float32. ADD of int32 takes no notice of its fused activation."""
    params = b""
    if isinstance(op.options, ArithmeticOptions):
        none = op.kind is Kind.ADD and op.output.dtype is _INT32
        params = plain_params(Activation.NONE if none else op.options.activation)
    return CoreUse(f"{op.kind.name}_PLAIN", params)


def _arithmetic(op: Operator) -> CoreUse:
    return _plain(op) if op.output.dtype in (_INT32, _FLOAT32) else _QUANTISED[op.kind](op)


def _extreme(op: Operator) -> CoreUse:
    """MAXIMUM and MINIMUM; of bool they are LOGICAL_OR and LOGICAL_AND."""
    largest = op.kind in (Kind.MAXIMUM, Kind.LOGICAL_OR)
    return CoreUse("MAXIMUM" if largest else "MINIMUM")


def _compare(op: Operator) -> CoreUse:
    values = {"true_if": _TRUE_IF[op.kind]}
    if op.input(0).dtype is _INT8:
        values |= _operands(compared(op, 0), compared(op, 1))
    return CoreUse("COMPARE", structures.COMPARE.pack(values))


def _prelu(op: Operator) -> CoreUse:
    if op.output.dtype is _FLOAT32:
        return CoreUse("PRELU_FLOAT32")
    (multiplier, shift), (multiplier_alpha, shift_alpha) = map(
        quantize_multiplier, prelu_factors(op)
    )
    values = {
        "multiplier": multiplier,
        "shift": shift,
        "multiplier_alpha": multiplier_alpha,
        "shift_alpha": shift_alpha,
    }
    return CoreUse("PRELU", structures.PRELU.pack(values))


def _named(op: Operator) -> CoreUse:
    return CoreUse(op.kind.name)


def _spec(
    core: Callable[[Operator], CoreUse],
    types: tuple[Constraint, ...],
    *limits: Constraint,
    n_dimensions: int = 4,
    n_operands: int = 2,
) -> Spec:
    def on_core(op: Operator) -> CoreUse:
        table = table_of(op)
        return core(op) if table is None else CoreUse("TABLE", table.tobytes())

    return Spec(
        operands=(n_operands, n_operands),
        types=types,
        shape=broadcast,
        limits=(rules.broadcast_in_at_most(n_dimensions), *limits),
        data=(0, n_operands),
        core=on_core,
    )


def _arithmetic_types(*types: DType) -> tuple[Constraint, ...]:
    return (
        all_of(types, 0, 1),
        quantised(0, 1),
        rules.int32_is_not_quantised,
        activation_function_is_a_clamp,
    )


_NUMBERS = (_INT8, _INT16, _INT32, _FLOAT32)
_COMPARABLE = tuple((t, t, _BOOL) for t in (_INT8, _INT32, _INT64, _FLOAT32))
_SELECTED = (typed(*((_BOOL, t, t, t) for t in (_INT8, _INT16, _FLOAT32, _INT32, _INT64, _BOOL))),)

SPECS = {
    Kind.ADD: _spec(
        _arithmetic, _arithmetic_types(*_NUMBERS), output_scale_is_not_tiny, n_dimensions=6
    ),
    Kind.SUB: _spec(
        _arithmetic, _arithmetic_types(*_NUMBERS), output_scale_is_not_tiny, n_dimensions=5
    ),
    Kind.MUL: _spec(_arithmetic, _arithmetic_types(*_NUMBERS), rules.product_fits, n_dimensions=6),
    Kind.DIV: _spec(
        _arithmetic,
        _arithmetic_types(_INT8, _INT32, _FLOAT32),
        rules.quotient_fits,
        n_dimensions=5,
    ),
    Kind.SQUARED_DIFFERENCE: _spec(
        _arithmetic,
        (all_of(_NUMBERS, 0, 1), quantised(0, 1), rules.int32_is_not_quantised),
        rules.squared_difference_fits,
    ),
    **{
        kind: _spec(_extreme, (all_of((*_NUMBERS, _INT64), 0, 1),), n_dimensions=5)
        for kind in (Kind.MAXIMUM, Kind.MINIMUM)
    },
    **{
        kind: _spec(_extreme, (all_of((_BOOL,), 0, 1),))
        for kind in (Kind.LOGICAL_AND, Kind.LOGICAL_OR)
    },
    **{
        kind: _spec(
            _compare,
            (typed(*_COMPARABLE, *extra), quantised(0, 1)),
            rules.compared_scales_are_below_one,
        )
        for kinds, extra in (
            ((Kind.EQUAL, Kind.NOT_EQUAL), ((_BOOL, _BOOL, _BOOL),)),
            ((Kind.LESS, Kind.LESS_EQUAL, Kind.GREATER, Kind.GREATER_EQUAL), ()),
        )
        for kind in kinds
    },
    **{
        kind: _spec(_named, (all_of((_INT32, _FLOAT32), 0, 1),), rules.int32_reference_is_litert)
        for kind in (Kind.FLOOR_DIV, Kind.FLOOR_MOD)
    },
    Kind.POW: _spec(
        _named, (all_of((_FLOAT32,), 0, 1),), rules.reference_is_litert, rules.powers_are_exact
    ),
    Kind.PRELU: _spec(
        _prelu,
        (
            typed((_INT8, _INT8, _INT8), (_INT16, _INT8, _INT16), (_FLOAT32,) * 3),
            quantised(0, 1),
        ),
        rules.prelu_fits,
    ),
    Kind.SELECT: _spec(
        lambda op: CoreUse("SELECT_V2"),
        _SELECTED,
        rules.all_have_one_shape,
        rules.reference_is_litert,
        n_dimensions=5,
        n_operands=3,
    ),
    Kind.SELECT_V2: _spec(
        _named,
        _SELECTED,
        n_dimensions=5,
        n_operands=3,
    ),
}
