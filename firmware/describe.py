"""Operators of the compiler's graph as the operator interface describes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from compiler.operators import SPECS, core_use, data_inputs
from compiler.operators.spec import CoreUse
from firmware.host import HostOps, RefusedUseError

Place = Callable[[Tensor], "int | NDArray[Any]"]
"""Where a tensor is: its address on the core, or an array."""


class DescriptionError(WeftError):
    """An operator that the operator interface cannot describe."""


def registered_name(op: Operator) -> str:
    """The name under which the core's function for an operator is registered."""
    return _core_use(op).function


def _core_use(op: Operator) -> CoreUse:
    use = core_use(op)
    if use is None:
        kinds = [kind for kind, spec in SPECS.items() if spec.core and kind is not Kind.CUSTOM]
        names = ", ".join(sorted(kind.name for kind in kinds))
        raise DescriptionError(
            f"{op}: the core's library has only {names}; write a custom operator"
        )
    return use


def describe(op: Operator, place: Place) -> OpDescription:
    """Describe one operator, its tensors where ``place`` says; state and scratch are left open.

    Operands of library operators that their parameters replace (axes, paddings, shapes) are left
    out; a custom operator has all operands, and its options verbatim.

    Raises :class:`DescriptionError` for types and ranks that the interface lacks.
    """
    use = _core_use(op)
    return OpDescription(
        name=use.function,
        inputs=tuple(_tensor(op, t, place) for t in data_inputs(op)),
        outputs=tuple(_tensor(op, t, place) for t in op.outputs),
        params=use.params,
    )


def as_asked(op: Operator) -> OpDescription:
    """Describe one operator to ask it for sizes: with the data of constants alone."""
    return describe(op, lambda tensor: 0 if tensor.data is None else tensor.data)


def with_sizes(
    description: OpDescription, host: HostOps, asked: OpDescription | None = None
) -> OpDescription:
    """The same with the bytes of state and scratch that the operator asks for.

    It is asked with ``asked``, or with the description itself.
    """
    asked = description if asked is None else asked
    return replace(
        description,
        state_bytes=host.state_bytes(asked.name, asked),
        scratch_bytes=host.scratch_bytes(asked.name, asked),
    )


def describe_with_sizes(op: Operator, place: Place, host: HostOps) -> OpDescription:
    """Describe one operator, asked for the bytes of its state and scratch.

    Raises :class:`DescriptionError`, also for a use that the operator refuses.
    """
    try:
        return with_sizes(describe(op, place), host, as_asked(op))
    except RefusedUseError as error:
        raise DescriptionError(f"{op}: {error.reason}") from None


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

    State is prepared before an operator's first run and kept from call to call. Raises
    :class:`DescriptionError` where the operator returns an error.
    """
    states: dict[Operator, NDArray[np.uint8]] = {}

    def run(op: Operator, inputs: Sequence[NDArray[Any] | None]) -> list[NDArray[Any]]:
        arrays = {
            id(tensor): np.ascontiguousarray(value)
            for tensor, value in zip(op.inputs, inputs, strict=True)
            if tensor is not None and value is not None
        }
        outputs = [np.zeros(t.shape, t.dtype.numpy) for t in op.outputs]
        arrays |= {id(t): array for t, array in zip(op.outputs, outputs, strict=True)}
        use = describe_with_sizes(op, lambda tensor: arrays[id(tensor)], host)
        is_first = op not in states
        state = states.setdefault(op, np.zeros(use.state_bytes, np.uint8))
        if use.state_bytes:
            use = replace(use, state=state)
        status = (host.init(use.name, use) if is_first else 0) or host.call(use.name, use)
        if status:
            del states[op]
            raise DescriptionError(f"{op}: the operator returned the error {status}")
        return outputs

    return run
