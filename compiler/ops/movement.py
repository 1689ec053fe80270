"""PAD. (RESHAPE only copies and needs no parameters.)

Source: tensorflow/lite/micro/kernels/pad_common.cc (PadPrepare).
"""

from __future__ import annotations

from dataclasses import dataclass

from compiler.graph import Operator
from compiler.shapes.movement import paddings


@dataclass(frozen=True)
class PadParams:
    """Elements added before and after each dimension, all equal to ``value``."""

    paddings: tuple[tuple[int, int], ...]
    value: int


def pad(op: Operator) -> PadParams:
    """Of a PAD that the constraints have passed: the output's zero point fills it."""
    return PadParams(paddings(op), op.output.zero_point)
