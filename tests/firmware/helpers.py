"""What the firmware's tests share."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arch.config import load_config
from arch.memory_map import SCRATCHPAD_BASE
from arch.op_interface import OpDescription, TensorDescription
from arch.params import Params
from firmware.descriptors import layout_descriptors
from firmware.host import HostOps
from firmware.image import FirmwareImage, build_firmware, builtin_op_names
from tests.firmware.machine import Machine

BASE_SEED = int(os.environ.get("WEFT_SEED", "1"), 0)
_GUARD = 0x5C


@cache
def small() -> Params:
    return Params(load_config("small"))


# Operators that most quantised networks are made of.
COMMON_OPS = (
    "ADD",
    "AVERAGE_POOL_2D",
    "MAX_POOL_2D",
    "MEAN",
    "COPY",
    "RESHAPE",
    "SOFTMAX",
    "TABLE",
)


@cache
def library_image() -> FirmwareImage:
    """The common operators, for the preset small."""
    return build_firmware(small(), [], COMMON_OPS)


@cache
def roomy() -> Params:
    """The preset small with memories for the whole operator library."""
    config = load_config("small")
    core = config.core.model_copy(update={"imem_kib": 256, "dmem_kib": 64})
    return Params(config.model_copy(update={"core": core}))


@cache
def whole_library_image() -> FirmwareImage:
    """Every operator of the library, for :func:`roomy`."""
    return build_firmware(roomy(), [], builtin_op_names())


@cache
def library_host() -> HostOps:
    """Every operator of the library."""
    return HostOps([], builtin_op_names())


def on_core(
    machine: Machine,
    op: OpDescription,
    rng: np.random.Generator,
    function: str = "eval",
    alignment: int = 1,
) -> tuple[int, list[bytes]]:
    """Run an operator on the core, its tensors somewhere in the scratchpad.

    ``op`` has arrays as data. Tensors are only as aligned as their elements and ``alignment`` ask
    for. Returns the status and the outputs' bytes; fails if anything but the outputs was written.
    """
    at = SCRATCHPAD_BASE
    image = np.full(machine.params.scratchpad_bytes, _GUARD, np.uint8)
    written = np.zeros(len(image), bool)
    addresses: dict[int, int] = {}

    def placed(t: TensorDescription, is_output: bool) -> TensorDescription:
        nonlocal at
        if not isinstance(t.data, np.ndarray):
            return t
        if id(t.data) not in addresses:
            size = max(t.type.element_bytes, alignment)
            at = -(-(at + int(rng.integers(0, 8))) // size) * size
            addresses[id(t.data)] = at
            start = at - SCRATCHPAD_BASE
            image[start : start + t.n_bytes] = np.frombuffer(t.data.tobytes(), np.uint8)
            at += t.n_bytes
        start = addresses[id(t.data)] - SCRATCHPAD_BASE
        written[start : start + t.n_bytes] |= is_output
        return replace(t, data=addresses[id(t.data)])

    op = replace(
        op,
        inputs=tuple(placed(t, False) for t in op.inputs),
        outputs=tuple(placed(t, True) for t in op.outputs),
    )
    layout = layout_descriptors(machine.image, [op])
    machine.load(layout)
    machine.write(SCRATCHPAD_BASE, image.tobytes())
    functions = machine.image.functions[op.name]
    address = functions.eval if function == "eval" else functions.init
    assert address is not None
    status = machine.call(address, layout.arguments[0])
    after = np.frombuffer(machine.read(SCRATCHPAD_BASE, len(image)), np.uint8)
    np.testing.assert_array_equal(after[~written], image[~written], "memory beside the outputs")
    assert machine.read(layout.base, len(layout.data)) == layout.data, "descriptors changed"
    return status, [machine.read(int(t.data), t.n_bytes) for t in op.outputs]


def with_arrays(op: OpDescription, make: Callable[[TensorDescription], Any]) -> OpDescription:
    """The description with fresh arrays as outputs."""
    return replace(op, outputs=tuple(replace(t, data=make(t)) for t in op.outputs))


def output_bytes(op: OpDescription) -> list[bytes]:
    """The outputs of a description whose data are arrays."""
    result = []
    for t in op.outputs:
        assert isinstance(t.data, np.ndarray)
        result.append(t.data.tobytes())
    return result


def zeros(t: TensorDescription) -> NDArray[np.uint8]:
    return np.zeros(t.n_bytes, np.uint8)
