"""Operators that reduce dimensions."""

from __future__ import annotations

import math

from arch import elementwise_params as structures
from arch import op_params
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.operators.spec import CoreUse, Spec
from compiler.ops.pooling import mean
from compiler.ops.sums import sum_multiplier
from compiler.options import CumsumOptions
from compiler.rules import reductions as rules
from compiler.rules.general import all_of, quantised, typed
from compiler.shapes import arithmetic as shapes
from compiler.shapes.arithmetic import reduced_axes, searched_axis

MAX_ADDENDS = 64
_INT8, _INT16, _INT32, _INT64 = DType.INT8, DType.INT16, DType.INT32, DType.INT64
_FLOAT32 = DType.FLOAT32


def _bits(axes: tuple[int, ...]) -> int:
    return sum(1 << axis for axis in axes)


def _sum(op: Operator) -> CoreUse:
    """MEAN and SUM."""
    axes = reduced_axes(op)
    if op.output.dtype is _FLOAT32:
        count = math.prod(op.input(0).shape[axis] for axis in axes)
        divisor = float(count) if op.kind is Kind.MEAN else 1.0
        params = structures.REDUCE.pack({"axes": _bits(axes), "divisor": divisor})
        return CoreUse("SUM_FLOAT32", params)
    p = mean(op)
    values = {"axes": _bits(axes), "multiplier": p.multiplier, "shift": p.shift}
    name = "MEAN_INT16" if op.output.dtype is _INT16 else "MEAN"
    return CoreUse(name, op_params.MEAN.pack(values))


def _extreme(op: Operator) -> CoreUse:
    """Of bool they are REDUCE_ANY and REDUCE_ALL."""
    largest = op.kind in (Kind.REDUCE_MAX, Kind.REDUCE_ANY)
    function = "REDUCE_MAX" if largest else "REDUCE_MIN"
    return CoreUse(function, structures.REDUCE.pack({"axes": _bits(reduced_axes(op))}))


def _arg(op: Operator) -> CoreUse:
    values = {"axis": searched_axis(op), "is_max": int(op.kind is Kind.ARG_MAX)}
    return CoreUse("ARG_EXTREME", structures.ARG.pack(values))


def _cumsum(op: Operator) -> CoreUse:
    assert isinstance(op.options, CumsumOptions)
    multiplier, shift = (0, 0) if op.output.dtype is _FLOAT32 else sum_multiplier(op)
    values = {
        "axis": searched_axis(op),
        "is_exclusive": int(op.options.exclusive),
        "is_reverse": int(op.options.reverse),
        "multiplier": multiplier,
        "shift": shift,
    }
    return CoreUse("CUMSUM", structures.CUMSUM.pack(values))


def _add_n(op: Operator) -> CoreUse:
    multiplier, shift = (0, 0) if op.output.dtype is _FLOAT32 else sum_multiplier(op)
    return CoreUse("ADD_N", op_params.SCALE.pack({"multiplier": multiplier, "shift": shift}))


_TOTAL = Spec(
    operands=(2, 2),
    types=(all_of((_INT8, _INT16, _FLOAT32), 0), quantised(0), rules.axes_are_constant),
    shape=shapes.reduction,
    limits=(rules.sum_multiplier_fits,),
    core=_sum,
)


def _extreme_of(*types: DType) -> Spec:
    return Spec(
        operands=(2, 2),
        types=(all_of(types, 0), quantised(0), rules.axes_are_constant),
        shape=shapes.reduction,
        limits=(rules.reduction_keeps_quantisation,),
        core=_extreme,
    )


_NUMBERS = _extreme_of(_INT8, _INT16, _INT32, _FLOAT32)
_TRUTHS = _extreme_of(DType.BOOL)

_ARG = Spec(
    operands=(2, 2),
    types=(
        typed(*((x, y) for x in (_INT8, _FLOAT32) for y in (_INT32, _INT64))),
        rules.axis_is_constant,
    ),
    shape=shapes.search,
    core=_arg,
)

SPECS = {
    Kind.MEAN: _TOTAL,
    Kind.SUM: _TOTAL,
    Kind.REDUCE_MAX: _NUMBERS,
    Kind.REDUCE_MIN: _NUMBERS,
    Kind.REDUCE_ANY: _TRUTHS,
    Kind.REDUCE_ALL: _TRUTHS,
    Kind.ARG_MAX: _ARG,
    Kind.ARG_MIN: _ARG,
    Kind.CUMSUM: Spec(
        operands=(2, 2),
        types=(all_of((_INT8, _FLOAT32), 0), quantised(0), rules.axis_is_constant),
        shape=shapes.along_axis,
        limits=(rules.sum_fits,),
        core=_cumsum,
    ),
    Kind.ADD_N: Spec(
        operands=(2, MAX_ADDENDS),
        types=(all_of((_INT8, _FLOAT32), 0), rules.addends_are_alike, quantised(0)),
        shape=shapes.sum_of_equals,
        limits=(rules.sum_fits,),
        data=(0, None),
        core=_add_n,
    ),
}
