"""Operators on one operand, element by element."""

from __future__ import annotations

from dataclasses import asdict

from arch import elementwise_params as structures
from arch.quant import quantize_multiplier
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.operators.spec import CoreUse, Spec
from compiler.ops.functions import rsqrt_factor
from compiler.ops.rescale import rescale
from compiler.ops.sigmoid import sigmoid_int16
from compiler.ops.tables import table_of
from compiler.options import GeluOptions, LeakyReluOptions
from compiler.rules import Constraint
from compiler.rules import elementwise as rules
from compiler.rules.general import all_of, quantised, typed
from compiler.shapes import same

_INT8, _UINT8, _INT16, _INT32 = DType.INT8, DType.UINT8, DType.INT16, DType.INT32
_FLOAT32, _BOOL = DType.FLOAT32, DType.BOOL
_TYPES = (_INT8, _INT16, _FLOAT32)
_RESCALED = (Kind.RELU, Kind.RELU6, Kind.LEAKY_RELU, Kind.ABS, Kind.QUANTIZE)


def _float_on_core(op: Operator) -> CoreUse:
    params = b""
    if isinstance(op.options, LeakyReluOptions):
        params = structures.FLOAT.pack({"value": op.options.alpha})
    if isinstance(op.options, GeluOptions):
        return CoreUse(f"GELU_{'TANH' if op.options.approximate else 'ERF'}_FLOAT32")
    return CoreUse(f"{op.kind.name}_FLOAT32", params)


def on_core(op: Operator) -> CoreUse:
    """A table for functions of a byte, and otherwise a function of the library for each type."""
    table = table_of(op)
    if table is not None:
        return CoreUse("TABLE", table.tobytes())
    if op.kind in (Kind.CAST, Kind.DEQUANTIZE):
        return CoreUse(op.kind.name)
    if op.input(0).dtype is _FLOAT32:
        return _float_on_core(op)
    if op.kind in _RESCALED:
        return CoreUse("RESCALE", structures.RESCALE.pack(asdict(rescale(op))))
    if op.kind is Kind.RSQRT:
        multiplier, shift = quantize_multiplier(rsqrt_factor(op))
        params = structures.RSQRT.pack({"multiplier": multiplier, "shift": shift})
        return CoreUse("RSQRT_INT16", params)
    return CoreUse("SIGMOID_INT16", structures.SIGMOID_INT16.pack(asdict(sigmoid_int16(op))))


def _spec(
    types: Constraint, *limits: Constraint, checks: tuple[Constraint, ...] = (quantised(0),)
) -> Spec:
    return Spec((1, 1), (types, *checks), same, limits, core=on_core)


_GLIBC = rules.float_functions_are_those_of_glibc

SPECS = {
    Kind.RELU: _spec(all_of(_TYPES, 0), rules.rescaling_fits),
    Kind.RELU6: _spec(all_of(_TYPES, 0), rules.six_fits),
    Kind.RELU_N1_TO_1: _spec(
        all_of((_INT8, _FLOAT32), 0),
        rules.rescaling_fits,
        rules.one_fits,
        rules.reference_is_litert,
    ),
    Kind.GELU: _spec(
        all_of((_INT8, _FLOAT32), 0), rules.reference_is_litert, rules.error_function_is_close
    ),
    Kind.LEAKY_RELU: _spec(all_of(_TYPES, 0), rules.rescaling_fits),
    Kind.ABS: _spec(all_of(_TYPES, 0), rules.rescaling_fits),
    Kind.LOGISTIC: _spec(
        all_of(_TYPES, 0), rules.logistic_output_is_standard, rules.sigmoid_input_fits, _GLIBC
    ),
    Kind.TANH: _spec(
        all_of(_TYPES, 0), rules.int16_output_is_a_fraction, rules.sigmoid_input_fits, _GLIBC
    ),
    Kind.RSQRT: _spec(all_of(_TYPES, 0), rules.rsqrt_fits),
    Kind.HARD_SWISH: _spec(all_of((_INT8, _FLOAT32), 0), rules.hard_swish_fits),
    Kind.ELU: _spec(all_of((_INT8, _FLOAT32), 0), _GLIBC),
    Kind.LOGICAL_NOT: _spec(all_of((_BOOL,), 0), checks=()),
    Kind.CAST: _spec(rules.castable, checks=()),
    Kind.DEQUANTIZE: _spec(typed((_INT8, _FLOAT32), (_UINT8, _FLOAT32), (_INT16, _FLOAT32))),
    Kind.QUANTIZE: _spec(
        typed(
            *((x, y) for x in (_INT8, _INT16, _INT32, _FLOAT32) for y in (_INT8, _INT16)),
            (_INT8, _INT32),
            (_INT16, _INT32),
            (_INT8, _UINT8),
            (_UINT8, _INT8),
        ),
        rules.rescaling_fits,
        checks=(quantised(0), rules.int32_of_quantize_is_quantised),
    ),
    **{
        kind: _spec(all_of((_FLOAT32,), 0), checks=())
        for kind in (Kind.NEG, Kind.SQUARE, Kind.FLOOR, Kind.CEIL, Kind.ROUND)
    },
    Kind.SQRT: _spec(all_of((_INT8, _FLOAT32), 0), rules.int8_reference_is_litert),
    **{
        kind: _spec(all_of((_INT8, _FLOAT32), 0), rules.int8_reference_is_litert, _GLIBC)
        for kind in (Kind.EXP, Kind.LOG)
    },
    **{kind: _spec(all_of((_FLOAT32,), 0), _GLIBC, checks=()) for kind in (Kind.SIN, Kind.COS)},
}
