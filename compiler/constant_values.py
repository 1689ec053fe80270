"""Operators on constants whose results are known before a model runs.

They compute shapes, sizes and indices, in plain integers; and weights of float16 become float32.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compiler.builtin import Kind
from compiler.constraints import rules_of
from compiler.graph import DType, Operator, Tensor
from compiler.operators import SPECS
from compiler.options import Activation, ReducerOptions
from compiler.rules.general import GENERAL

Array = NDArray[Any]

PLAIN = (DType.INT32, DType.INT64, DType.BOOL)
MAX_ELEMENTS = 4096


def values_of(op: Operator) -> list[Array] | None:
    """The outputs of an operator; None where they are not known, or not computed here."""
    if None in op.inputs or not op.outputs or not all(_is_small(t) for t in op.outputs):
        return _widened(op)
    if op.kind in (Kind.SHAPE, Kind.RANK):
        found = [_of_shape(op)] if len(op.inputs) == len(op.outputs) == 1 else None
    elif not op.inputs or not all(t is not None and t.is_constant for t in op.inputs):
        found = None
    elif op.kind in _FUNCTIONS and len(op.outputs) == 1:
        found = _computed(op)
    else:
        found = _moved(op)
    return found if found is not None and _fit(op, found) else None


def _is_small(tensor: Tensor) -> bool:
    return tensor.dtype in PLAIN and tensor.quantization is None and tensor.size <= MAX_ELEMENTS


def _fit(op: Operator, arrays: list[Array]) -> bool:
    shapes = [(array.shape, array.dtype) for array in arrays]
    return shapes == [(tensor.shape, tensor.dtype.numpy) for tensor in op.outputs]


def _widened(op: Operator) -> list[Array] | None:
    """DENSIFY, as sparse constants are read dense, and DEQUANTIZE of weights of float16, and of
    those of integers with one scale."""
    is_unary = len(op.inputs) == len(op.outputs) == 1
    if op.kind not in (Kind.DENSIFY, Kind.DEQUANTIZE) or not is_unary:
        return None
    x, y = op.inputs[0], op.outputs[0]
    if x is None or x.data is None or x.shape != y.shape:
        return None
    if op.kind is Kind.DENSIFY:
        return [x.data] if x.dtype is y.dtype else None
    if y.dtype is not DType.FLOAT32:
        return None
    if x.dtype is DType.FLOAT16:
        return [x.data.astype(np.float32)]
    if any(rule(op) is not None for rule in rules_of(op.kind)):
        return None
    values = x.data.astype(np.int64) - x.zero_point
    return [(float(np.float32(x.scale)) * values).astype(np.float32)]


def _of_shape(op: Operator) -> Array:
    shape = op.input(0).shape
    return np.array(shape if op.kind is Kind.SHAPE else len(shape), op.output.dtype.numpy)


# ---- copies ------------------------------------------------------------------------------------
def _moved(op: Operator) -> list[Array] | None:
    """By an operator that only moves data, if it is supported."""
    spec = SPECS.get(op.kind)
    if spec is None or not (spec.moves_nothing or spec.copies):
        return None
    if any(rule(op) is not None for rule in (*GENERAL, *rules_of(op.kind))):
        return None
    if spec.copies is None:
        data = op.input(0).data
        assert data is not None
        return [data.reshape(op.output.shape)]
    plan = spec.copies(op)
    if plan is None:
        return None
    sources = [_bytes(t) for t in op.inputs[slice(*spec.data_of(op))]]
    targets = [np.zeros(t.n_bytes, np.uint8) for t in op.outputs]
    for target in targets:
        if plan.fill:
            target[:] = np.resize(np.frombuffer(plan.fill, np.uint8), len(target))
    for copy in plan.copies:
        source, target = sources[copy.source], targets[copy.target]
        for place in itertools.product(*(range(loop.extent) for loop in copy.loops)):
            steps = list(zip(place, copy.loops, strict=True))
            at = copy.source_offset + sum(i * loop.source_step for i, loop in steps)
            to = copy.target_offset + sum(i * loop.target_step for i, loop in steps)
            target[to : to + copy.run] = source[at : at + copy.run]
    pairs = zip(targets, op.outputs, strict=True)
    return [np.frombuffer(raw, tensor.dtype.numpy).reshape(tensor.shape) for raw, tensor in pairs]


def _bytes(tensor: Tensor | None) -> NDArray[np.uint8]:
    assert tensor is not None and tensor.data is not None
    return np.frombuffer(np.ascontiguousarray(tensor.data).tobytes(), np.uint8)


# ---- arithmetic --------------------------------------------------------------------------------
def _computed(op: Operator) -> list[Array] | None:
    operands = [t.data for t in op.inputs if t is not None and t.data is not None]
    if any(t is None or t.dtype not in PLAIN or t.quantization is not None for t in op.inputs):
        return None
    if getattr(op.options, "activation", Activation.NONE) is not Activation.NONE:
        return None
    try:
        with np.errstate(all="ignore"):
            result = _FUNCTIONS[op.kind](op, *operands)
    except (ValueError, IndexError, TypeError):
        return None  # operands that do not fit each other; the constraints name them
    return [np.asarray(result).astype(op.output.dtype.numpy)]


def _quotient(op: Operator, a: Array, b: Array) -> Array:
    """Rounded down; of DIV towards zero."""
    if not b.all():
        raise ValueError("a division by zero")
    quotient: Array = a // b
    return quotient + ((a % b != 0) & (quotient < 0)) if op.kind is Kind.DIV else quotient


def _remainder(op: Operator, a: Array, b: Array) -> Array:
    if not b.all():
        raise ValueError("a division by zero")
    remainder: Array = a % b
    return remainder


def _reduced(function: Callable[..., Any]) -> Callable[..., Array]:
    def reduction(op: Operator, x: Array, axes: Array) -> Array:
        keep = isinstance(op.options, ReducerOptions) and op.options.keep_dims
        dimensions = {int(axis) % max(1, x.ndim) for axis in axes.reshape(-1)}
        result: Array = np.asarray(function(x, axis=tuple(dimensions), keepdims=keep))
        return result

    return reduction


def _range(op: Operator, start: Array, limit: Array, step: Array) -> Array:
    first, last, pace = (int(x.reshape(-1)[0]) for x in (start, limit, step))
    if not pace or (last - first) / pace > MAX_ELEMENTS:
        raise ValueError("a range without an end")
    return np.arange(first, last, pace)


def _gathered(op: Operator, x: Array, indices: Array) -> Array:
    if getattr(op.options, "batch_dims", 0) or (indices < 0).any():
        raise ValueError("not just elements")
    return np.take(x, indices, axis=getattr(op.options, "axis", 0))


def _broadcast_shape(op: Operator, a: Array, b: Array) -> Array:
    return np.array(np.broadcast_shapes(tuple(a.tolist()), tuple(b.tolist())))


def _of(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda op, *operands: function(*operands)


_FUNCTIONS: Mapping[Kind, Callable[..., Any]] = {
    Kind.ADD: _of(np.add),
    Kind.SUB: _of(np.subtract),
    Kind.MUL: _of(np.multiply),
    Kind.DIV: _quotient,
    Kind.FLOOR_DIV: _quotient,
    Kind.FLOOR_MOD: _remainder,
    Kind.MAXIMUM: _of(np.maximum),
    Kind.MINIMUM: _of(np.minimum),
    Kind.NEG: _of(np.negative),
    Kind.CAST: _of(np.asarray),
    Kind.EQUAL: _of(np.equal),
    Kind.NOT_EQUAL: _of(np.not_equal),
    Kind.LESS: _of(np.less),
    Kind.LESS_EQUAL: _of(np.less_equal),
    Kind.GREATER: _of(np.greater),
    Kind.GREATER_EQUAL: _of(np.greater_equal),
    Kind.LOGICAL_AND: _of(np.logical_and),
    Kind.LOGICAL_OR: _of(np.logical_or),
    Kind.LOGICAL_NOT: _of(np.logical_not),
    Kind.SELECT_V2: _of(np.where),
    Kind.REDUCE_PROD: _reduced(np.prod),
    Kind.SUM: _reduced(np.sum),
    Kind.REDUCE_MAX: _reduced(np.max),
    Kind.REDUCE_MIN: _reduced(np.min),
    Kind.RANGE: _range,
    Kind.GATHER: _gathered,
    Kind.BROADCAST_ARGS: _broadcast_shape,
}
