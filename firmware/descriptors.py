"""Lays the descriptors of a model's operators out in the core's data memory."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from arch.errors import WeftError
from arch.op_interface import (
    ACCELERATOR,
    MAX_RANK,
    OP,
    TENSOR,
    AcceleratorDescription,
    OpDescription,
    TensorDescription,
    TensorFlag,
)
from compiler.core_image import CoreFullError
from firmware.image import AddressRange, FirmwareImage, UnknownOperatorError

ALIGNMENT = 8  # of descriptors, parameters and constants
AREA_ALIGNMENT = 16  # of state and scratch
_DIGEST_BYTES = 8
_MODEL = struct.Struct(f"<{_DIGEST_BYTES}sII")  # weft_model_t of runtime/runtime.h
_PREPARE = struct.Struct("<II")  # weft_prepare_t


class LayoutError(WeftError):
    """Descriptors that do not fit the data memory, or that describe what the core cannot reach."""


class DataSizeError(LayoutError, CoreFullError):
    """Descriptors, state and scratch that do not fit the core's data memory."""


class DescriptorLayout(NamedTuple):
    """Where the descriptors are.

    Members
    -------
    data : to be loaded at address ``base`` before the first operator runs.
    arguments : address of each operator's ``weft_op_t``, in the order given.
    prepares : address of each operator's ``weft_prepare_t`` (runtime.h), 0 where it has no init.
    model : address of the ``weft_model_t``; 0 where no operator has state or init.
    state : states that were placed here; cleared once, and kept between inferences.
    scratch : what remains of the free data memory; shared by all operators without an own one.
    """

    data: bytes
    base: int
    arguments: tuple[int, ...]
    prepares: tuple[int, ...]
    model: int
    state: AddressRange
    scratch: AddressRange


def _aligned(address: int, alignment: int) -> int:
    return -(-address // alignment) * alignment


class _Writer:
    """Bytes from ``base`` on; equal blobs share their place."""

    def __init__(self, base: int):
        self.base = base
        self.data = bytearray()
        self._placed: dict[bytes, int] = {}

    @property
    def end(self) -> int:
        return self.base + len(self.data)

    def place(self, blob: bytes) -> int:
        """Address of the bytes; 0 for none."""
        if not blob:
            return 0
        if blob not in self._placed:
            self._placed[blob] = self.append(blob)
        return self._placed[blob]

    def append(self, blob: bytes) -> int:
        """Address of bytes that share their place with no others."""
        self.data += bytes(_aligned(self.end, ALIGNMENT) - self.end)
        address = self.end
        self.data += blob
        return address

    def numbers(self, code: str, values: Sequence[float]) -> int:
        return self.place(struct.pack(f"<{len(values)}{code}", *values))

    def tensor(self, op: OpDescription, t: TensorDescription) -> int:
        flags, data = t.flags, t.data
        if isinstance(data, np.ndarray):
            if data.nbytes != t.n_bytes:
                raise ValueError(
                    f"{op.name}: {data.nbytes} bytes of data for {t.n_bytes} of tensor"
                )
            flags, data = flags | TensorFlag.CONSTANT, self.place(data.tobytes())
        if data % max(1, t.type.element_bytes):
            raise LayoutError(
                f"{op.name}: tensor of {t.type.name} at 0x{data:08X} is not aligned to its"
                f" {t.type.element_bytes} bytes; move it"
            )
        return self.place(
            TENSOR.pack(
                tensor_values(t, flags)
                | {
                    "data": data,
                    "channel_scales": self.numbers("f", t.channel_scales),
                    "channel_zero_points": self.numbers("i", t.channel_zero_points),
                }
            )
        )

    def accelerator(self, a: AcceleratorDescription) -> int:
        products = self.place(b"".join(a.products))
        places = {"workspace": a.workspace, "arena": a.arena, "products": products}
        return self.place(ACCELERATOR.pack(accelerator_values(a) | places))

    def tensors(self, op: OpDescription, tensors: Sequence[TensorDescription]) -> int:
        return self.numbers("I", [self.tensor(op, t) for t in tensors])


def accelerator_values(a: AcceleratorDescription) -> dict[str, object]:
    """Members of an accelerator's structure that are no pointers."""
    sizes = {"workspace_bytes": a.workspace_bytes, "n_products": len(a.products)}
    return {**a.shape, **sizes}


def tensor_values(t: TensorDescription, flags: TensorFlag) -> dict[str, object]:
    """Members of a tensor's structure that are no pointers."""
    if len(t.shape) > MAX_RANK:
        raise LayoutError(f"tensor of shape {t.shape}: more than {MAX_RANK} dimensions; reshape it")
    return {
        "type": int(t.type),
        "flags": int(flags),
        "bytes": 0 if TensorFlag.ABSENT in flags else t.n_bytes,
        "scale": t.scale,
        "zero_point": t.zero_point,
        "channels": len(t.channel_scales),
        "channel_axis": t.channel_axis,
        "rank": len(t.shape),
        "dims": t.shape,
    }


def op_values(op: OpDescription) -> dict[str, object]:
    """Members of an operator's structure that are no pointers, sizes of state and scratch aside."""
    return {
        "n_inputs": len(op.inputs),
        "n_outputs": len(op.outputs),
        "n_intermediates": len(op.intermediates),
        "params_bytes": len(op.params),
    }


def layout_descriptors(image: FirmwareImage, ops: Sequence[OpDescription]) -> DescriptorLayout:
    """Lay tensors, parameters, constants and operators out in the free data memory of ``image``.

    Tensors with an array as data are constants and are laid out with them; others are at their
    address already. Operators without a place for state get one behind the descriptors; those
    without one for scratch share what is then left.

    Raises :class:`DataSizeError` where that does not fit, and for operators that ``image`` lacks
    :class:`UnknownOperatorError`.
    """
    for op in ops:
        if op.name not in image.functions:
            raise UnknownOperatorError(
                f"{op.name}: not in the firmware, which has {', '.join(sorted(image.functions))};"
                " add its source"
            )
    base = _aligned(image.free.start, AREA_ALIGNMENT)
    # Descriptors hold addresses of the areas behind them; their size does not depend on those.
    nowhere = AddressRange(base, base)
    size = len(_write(image, base, ops, nowhere, nowhere).data)
    state_start = _aligned(base + size, AREA_ALIGNMENT)
    state_end = state_start + sum(_aligned(_own_state(op), AREA_ALIGNMENT) for op in ops)
    state, scratch = AddressRange(state_start, state_end), AddressRange(state_end, image.free.end)
    needed = max((op.scratch_bytes for op in ops if op.scratch is None), default=0)
    if scratch.n_bytes < needed:
        raise DataSizeError(
            f"core: {state_end - base} bytes of descriptors and state and {needed} of scratch"
            f" exceed the {image.free.n_bytes} that are free in DMEM; raise core.dmem_kib"
        )
    return _write(image, base, ops, state, scratch)


def _own_state(op: OpDescription) -> int:
    return op.state_bytes if op.state is None else 0


def _write(
    image: FirmwareImage,
    base: int,
    ops: Sequence[OpDescription],
    state: AddressRange,
    scratch: AddressRange,
) -> DescriptorLayout:
    writer = _Writer(base)
    arguments = []
    next_state = state.start
    for op in ops:
        pointers = {
            "inputs": writer.tensors(op, op.inputs),
            "outputs": writer.tensors(op, op.outputs),
            "intermediates": writer.tensors(op, op.intermediates),
            "params": writer.place(op.params),
            "state": _address(op, op.state),
            "scratch": _address(op, op.scratch),
        }
        if op.accelerator is not None:
            pointers["accelerator"] = writer.accelerator(op.accelerator)
        sizes = {"state_bytes": op.state_bytes, "scratch_bytes": op.scratch_bytes}
        if op.state is None and op.state_bytes:
            pointers["state"] = next_state
            next_state += _aligned(op.state_bytes, AREA_ALIGNMENT)
        if op.scratch is None:
            pointers["scratch"] = scratch.start
            sizes["scratch_bytes"] = max(0, scratch.n_bytes)
        arguments.append(writer.append(OP.pack(op_values(op) | pointers | sizes)))
    inits = [image.functions[op.name].init for op in ops]
    prepares = tuple(
        writer.append(_PREPARE.pack(init, argument)) if init else 0
        for init, argument in zip(inits, arguments, strict=True)
    )
    model = 0
    if any(inits) or state.n_bytes or any(_own_state(op) for op in ops):
        contents = image.imem + image.dmem + bytes(writer.data)
        digest = hashlib.sha256(contents).digest()[:_DIGEST_BYTES]
        model = writer.append(_MODEL.pack(digest, state.start, state.n_bytes))
    return DescriptorLayout(
        bytes(writer.data), base, tuple(arguments), prepares, model, state, scratch
    )


def _address(op: OpDescription, place: object) -> int:
    if isinstance(place, np.ndarray):
        raise LayoutError(
            f"{op.name}: state or scratch is host memory; give an address on the core"
        )
    return int(place) if isinstance(place, int) else 0
