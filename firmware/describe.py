"""Operators of the compiler's graph as the operator interface describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arch import op_params
from arch.errors import WeftError
from arch.op_interface import (
    ABSENT,
    MAX_RANK,
    OpDescription,
    TensorDescription,
    TensorFlag,
    TensorType,
)
from compiler.builtin import Kind
from compiler.graph import Operator, Tensor
from compiler.ops.add import LEFT_SHIFT, add
from compiler.ops.movement import pad
from compiler.ops.pooling import mean, pool_2d
from compiler.ops.softmax import softmax
from firmware.host import HostOps

Place = Callable[[Tensor], "int | NDArray[Any]"]
"""Where a tensor is: its address on the core, or an array."""


class DescriptionError(WeftError):
    """An operator that the operator interface cannot describe."""


def _softmax_params(op: Operator) -> bytes:
    return op_params.softmax(softmax(op).exponentials.tolist())


def _add_params(op: Operator) -> bytes:
    p = add(op)
    return op_params.ADD.pack({
        "multiplier_a": p.a.multiplier,
        "multiplier_b": p.b.multiplier,
        "multiplier_out": p.multiplier,
        "shift_a": p.a.shift,
        "shift_b": p.b.shift,
        "shift_out": p.shift,
        "left_shift": LEFT_SHIFT,
        "low": p.low,
        "high": p.high,
    })


def _pool_2d_params(op: Operator) -> bytes:
    p = pool_2d(op)
    return op_params.POOL_2D.pack({
        "filter_h": p.window.y.kernel,
        "filter_w": p.window.x.kernel,
        "stride_h": p.window.y.stride,
        "stride_w": p.window.x.stride,
        "pad_top": p.window.y.before,
        "pad_left": p.window.x.before,
        "low": p.low,
        "high": p.high,
    })


def _mean_params(op: Operator) -> bytes:
    p = mean(op)
    axes = sum(1 << axis for axis in p.axes)
    return op_params.MEAN.pack({"axes": axes, "multiplier": p.multiplier, "shift": p.shift})


def _pad_params(op: Operator) -> bytes:
    p = pad(op)
    before = [front for front, _ in p.paddings]
    return op_params.PAD.pack({"before": before, "value": p.value})


@dataclass(frozen=True)
class _Builtin:
    """How an operator of the library is described: its leading operands and its parameters."""

    n_inputs: int
    params: Callable[[Operator], bytes]


_BUILTINS: Mapping[Kind, _Builtin] = {
    Kind.SOFTMAX: _Builtin(1, _softmax_params),
    Kind.ADD: _Builtin(2, _add_params),
    Kind.AVERAGE_POOL_2D: _Builtin(1, _pool_2d_params),
    Kind.MAX_POOL_2D: _Builtin(1, _pool_2d_params),
    Kind.MEAN: _Builtin(1, _mean_params),
    Kind.PAD: _Builtin(1, _pad_params),
    Kind.RESHAPE: _Builtin(1, lambda op: b""),
}


def registered_name(op: Operator) -> str:
    """The name under which the core's function for an operator is registered."""
    return op.custom_name if op.kind is Kind.CUSTOM else op.kind.name


def describe(op: Operator, place: Place) -> OpDescription:
    """Describe one operator, its tensors where ``place`` says; state and scratch are left open.

    Operands of library operators that their parameters replace (axes, paddings, shapes) are left
    out; a custom operator has all operands, and its options verbatim.

    Raises :class:`DescriptionError` for types and ranks that the interface lacks.
    """
    name = registered_name(op)
    if op.kind is Kind.CUSTOM:
        inputs, params = op.inputs, op.custom_options
    elif op.kind in _BUILTINS:
        builtin = _BUILTINS[op.kind]
        inputs, params = op.inputs[: builtin.n_inputs], builtin.params(op)
    else:
        names = ", ".join(kind.name for kind in _BUILTINS)
        raise DescriptionError(
            f"{op}: the core's library has only {names}; write a custom operator"
        )
    return OpDescription(
        name=name,
        inputs=tuple(_tensor(op, t, place) for t in inputs),
        outputs=tuple(_tensor(op, t, place) for t in op.outputs),
        params=params,
    )


def with_sizes(description: OpDescription, host: HostOps) -> OpDescription:
    """The same with the bytes of state and scratch that the operator asks for."""
    name = description.name
    return replace(
        description,
        state_bytes=host.state_bytes(name, description),
        scratch_bytes=host.scratch_bytes(name, description),
    )


def _tensor(op: Operator, tensor: Tensor | None, place: Place) -> TensorDescription:
    if tensor is None:
        return ABSENT
    if tensor.dtype.name not in TensorType.__members__:
        raise DescriptionError(f"{op}: {tensor} is of a type that the core lacks; change its type")
    if len(tensor.shape) > MAX_RANK:
        raise DescriptionError(f"{op}: {tensor} has more than {MAX_RANK} dimensions; reshape it")
    flags = TensorFlag.NONE
    flags |= TensorFlag.CONSTANT if tensor.is_constant else TensorFlag.NONE
    flags |= TensorFlag.VARIABLE if tensor.is_variable else TensorFlag.NONE
    description = TensorDescription(
        tensor.shape, TensorType[tensor.dtype.name], place(tensor), flags=flags
    )
    q = tensor.quantization
    if q is None:
        return description
    description = replace(description, scale=q.scales[0], zero_point=q.zero_points[0])
    if not q.per_channel:
        return description
    return replace(
        description,
        channel_scales=q.scales,
        channel_zero_points=q.zero_points,
        channel_axis=q.axis,
    )


def host_custom_op(
    host: HostOps,
) -> Callable[[Operator, Sequence[NDArray[Any] | None]], list[NDArray[Any]]]:
    """A callable that runs custom operators on arrays, as reference for whole models.

    Operators with state start from zero at each call. Raises :class:`DescriptionError` where the
    operator returns an error.
    """

    def run(op: Operator, inputs: Sequence[NDArray[Any] | None]) -> list[NDArray[Any]]:
        arrays = {
            id(tensor): np.ascontiguousarray(value)
            for tensor, value in zip(op.inputs, inputs, strict=True)
            if tensor is not None and value is not None
        }
        outputs = [np.zeros(t.shape, t.dtype.numpy) for t in op.outputs]
        arrays |= {id(t): array for t, array in zip(op.outputs, outputs, strict=True)}
        use = with_sizes(describe(op, lambda tensor: arrays[id(tensor)]), host)
        if use.state_bytes:
            use = replace(use, state=np.zeros(use.state_bytes, np.uint8))
        status = host.init(use.name, use) or host.call(use.name, use)
        if status:
            raise DescriptionError(f"{op}: the operator returned the error {status}")
        return outputs

    return run
