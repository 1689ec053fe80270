"""Constraints of ADD, SUB and pools."""

from __future__ import annotations

from compiler.graph import DType, Operator
from compiler.ops import add
from compiler.options import UnsignedPool2DOptions

POOL_SCALE_TOLERANCE = 1e-6
MAX_UNSIGNED_WINDOW = 2048  # 510 * n**2 < 2**31, see compiler.ops.pooling.average_multiplier


def output_scale_is_not_tiny(op: Operator) -> str | None:
    """Of quantised operands: the output's scale is more than 2**-19 (int16: 2**-14) of the larger
    scale of the inputs."""
    if op.output.dtype not in (DType.INT8, DType.INT16) or add.real_factors(op)[2] < 1:
        return None
    return f"its scales are {op.input(0).scale:g}, {op.input(1).scale:g} -> {op.output.scale:g}"


def unsigned_windows_are_small(op: Operator) -> str | None:
    """Of uint8, no window has more than 2048 elements."""
    options = op.options
    if not isinstance(options, UnsignedPool2DOptions):
        return None
    size = options.kernel[0] * options.kernel[1]
    return None if size <= MAX_UNSIGNED_WINDOW else f"it has windows of {size}"


def pooling_keeps_quantisation(op: Operator) -> str | None:
    """Input and output have the same scale (to 1e-6) and zero point, unless they are float32."""
    x, y = op.input(0), op.output
    if y.dtype is DType.FLOAT32:
        return None
    if abs(x.scale - y.scale) <= POOL_SCALE_TOLERANCE and x.zero_point == y.zero_point:
        return None
    return f"they are {x.scale:g}, {x.zero_point} and {y.scale:g}, {y.zero_point}"
