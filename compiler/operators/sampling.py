"""Operators that pick or interpolate elements of a tensor by index."""

from __future__ import annotations

import struct

import numpy as np

from arch import op_params
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.operators.spec import CoreUse, Spec
from compiler.ops import sampling as ops
from compiler.options import UnsignedResizeOptions
from compiler.rules import movement
from compiler.rules import sampling as rules
from compiler.rules.general import all_of, quantised
from compiler.shapes import sampling as shapes


def _gather(op: Operator) -> CoreUse:
    p = ops.gather(op)
    return CoreUse("GATHER", op_params.GATHER.pack(vars(p)))


def _gather_nd(op: Operator) -> CoreUse:
    p = ops.gather_nd(op)
    values = {**vars(p), "depth": len(p.extents)}
    return CoreUse("GATHER_ND", op_params.GATHER_ND.pack(values))


def _bits(weight: float, is_float32: bool) -> int:
    """A weight as the core reads it: an integer, or the bits of a float32."""
    return int(np.float32(weight).view(np.int32)) if is_float32 else int(weight)


def _bilinear(op: Operator) -> CoreUse:
    if not isinstance(op.options, UnsignedResizeOptions):
        function, axes, is_float32 = "", ops.bilinear(op), ops.weighs_in_float32(op)
    elif exact := ops.in_steps(op):
        function, axes, is_float32 = "_EXACT_UINT8", exact, False
    else:
        function, axes, is_float32 = "_UINT8", ops.bilinear(op), True
    parts = []
    for sample in (s for axis in axes for s in axis):
        weights = (_bits(w, is_float32) for w in (sample.low_weight, sample.high_weight))
        low_weight, high_weight = weights
        values = {
            "low": sample.low,
            "high": sample.high,
            "low_weight": low_weight,
            "high_weight": high_weight,
        }
        parts.append(op_params.SAMPLE.pack(values))
    return CoreUse(f"RESIZE_BILINEAR{function}", b"".join(parts))


def _nearest(op: Operator) -> CoreUse:
    rows, columns = ops.nearest(op)
    indices = [*rows, *columns]
    return CoreUse("RESIZE_NEAREST_NEIGHBOR", struct.pack(f"<{len(indices)}i", *indices))


_INDEXED = (movement.one_type(0), movement.rank_is_at_most(movement.MAX_RANK))
_SIZED = (movement.constant_integers(1), rules.corners_or_centres)
_QUANTISED = quantised(0)

SPECS = {
    Kind.GATHER: Spec(
        operands=(2, 2),
        types=(*_INDEXED, rules.indices_are_int32),
        shape=shapes.gather,
        data=(0, 2),
        core=_gather,
    ),
    Kind.GATHER_ND: Spec(
        operands=(2, 2),
        types=(*_INDEXED, rules.indices_are_int32),
        shape=shapes.gather_nd,
        limits=(rules.indices_name_few_dimensions,),
        data=(0, 2),
        core=_gather_nd,
    ),
    Kind.DYNAMIC_UPDATE_SLICE: Spec(
        operands=(3, 3),
        types=(movement.one_type(0, 1), rules.starts_are_int32),
        shape=shapes.dynamic_update_slice,
        data=(0, 3),
        core=lambda op: CoreUse("DYNAMIC_UPDATE_SLICE"),
    ),
    Kind.RESIZE_BILINEAR: Spec(
        operands=(2, 2),
        types=(
            all_of((DType.INT8, DType.INT16, DType.FLOAT32), 0),
            _QUANTISED,
            *_SIZED,
            rules.int16_reference_is_litert,
        ),
        shape=shapes.resize,
        core=_bilinear,
    ),
    Kind.RESIZE_NEAREST_NEIGHBOR: Spec(
        operands=(2, 2),
        types=(movement.one_type(0), *_SIZED),
        shape=shapes.resize,
        core=_nearest,
        copies=ops.nearest_copies,
    ),
}
