"""Layout of descriptors in data memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from arch.config import load_config
from arch.memory_map import DMEM_BASE, SCRATCHPAD_BASE
from arch.op_interface import OpDescription, TensorDescription, TensorType
from arch.params import Params
from firmware.descriptors import LayoutError, layout_descriptors
from firmware.image import UnknownOperatorError, build_firmware
from tests.firmware.helpers import library_image

X = TensorDescription((4,), TensorType.INT8, SCRATCHPAD_BASE)
Y = TensorDescription((4,), TensorType.INT8, SCRATCHPAD_BASE + 4)
COPY = OpDescription("RESHAPE", (X,), (Y,))


def test_areas_follow_one_another_within_the_free_memory() -> None:
    image = library_image()
    ops = [
        replace(COPY, state_bytes=5),
        replace(COPY, params=b"abc"),
        replace(COPY, state_bytes=20, scratch_bytes=100),
    ]
    layout = layout_descriptors(image, ops)
    assert image.free.start <= layout.base < image.free.start + 16
    assert layout.base + len(layout.data) <= layout.state.start
    assert layout.state.n_bytes == 16 + 32
    assert layout.state.end == layout.scratch.start
    assert layout.scratch.end == image.free.end
    assert image.stack.start == DMEM_BASE and image.stack.end == image.dmem_base
    for address in (layout.base, layout.state.start, layout.scratch.start):
        assert address % 16 == 0
    assert len(set(layout.arguments)) == len(ops)
    for address in layout.arguments:
        assert layout.base <= address < layout.base + len(layout.data)


def test_equal_descriptors_are_laid_out_once() -> None:
    image = library_image()
    table = bytes(range(200))
    one = layout_descriptors(image, [replace(COPY, params=table)])
    two = layout_descriptors(image, [replace(COPY, params=table)] * 2)
    assert len(two.data) - len(one.data) == 56  # 52 of weft_op_t, aligned to 8


def test_layout_does_not_depend_on_anything_but_its_input() -> None:
    assert layout_descriptors(library_image(), [COPY, COPY]) == layout_descriptors(
        library_image(), [COPY, COPY]
    )


def test_operator_that_the_firmware_lacks_is_named() -> None:
    with pytest.raises(UnknownOperatorError, match="^Nms: not in the firmware, which has ADD"):
        layout_descriptors(library_image(), [replace(COPY, name="Nms")])


def test_what_does_not_fit_names_sizes_and_remedy() -> None:
    image = build_firmware(Params(load_config("tiny")), [], ["RESHAPE"])
    free = image.free.n_bytes
    with pytest.raises(LayoutError, match=rf"of scratch exceed the {free} that are free in DMEM"):
        layout_descriptors(image, [replace(COPY, scratch_bytes=free)])
    with pytest.raises(LayoutError, match=r"raise core.dmem_kib"):
        layout_descriptors(image, [replace(COPY, params=bytes(free))])
    with pytest.raises(LayoutError, match=r"raise core.dmem_kib"):
        layout_descriptors(image, [replace(COPY, state_bytes=free)])


def test_misaligned_tensor_is_refused() -> None:
    words = TensorDescription((4,), TensorType.INT32, SCRATCHPAD_BASE + 2)
    with pytest.raises(LayoutError, match="tensor of INT32 at 0x20000002 is not aligned"):
        layout_descriptors(library_image(), [replace(COPY, inputs=(words,))])


def test_host_memory_as_state_is_refused() -> None:
    with pytest.raises(LayoutError, match="state or scratch is host memory"):
        layout_descriptors(library_image(), [replace(COPY, state=np.zeros(4, np.uint8))])


def test_too_many_dimensions_are_refused() -> None:
    flat = replace(X, shape=(1,) * 8 + (4,))
    with pytest.raises(LayoutError, match="more than 8 dimensions"):
        layout_descriptors(library_image(), [replace(COPY, inputs=(flat,))])
