"""Constraints of ADD, SUB and pools."""

from __future__ import annotations

from compiler.graph import DType, Operator
from compiler.ops import add

POOL_SCALE_TOLERANCE = 1e-6


def output_scale_is_not_tiny(op: Operator) -> str | None:
    """Of quantised operands: the output's scale is more than 2**-19 (int16: 2**-14) of the larger
    scale of the inputs."""
    if op.output.dtype not in (DType.INT8, DType.INT16) or add.real_factors(op)[2] < 1:
        return None
    return f"its scales are {op.input(0).scale:g}, {op.input(1).scale:g} -> {op.output.scale:g}"


def pooling_keeps_quantisation(op: Operator) -> str | None:
    """Input and output have the same scale (to 1e-6) and zero point."""
    x, y = op.input(0), op.output
    if abs(x.scale - y.scale) <= POOL_SCALE_TOLERANCE and x.zero_point == y.zero_point:
        return None
    return f"they are {x.scale:g}, {x.zero_point} and {y.scale:g}, {y.zero_point}"
