"""Constraints of operators that compute element by element, row by row or over dimensions."""

from __future__ import annotations

from compiler.graph import Operator
from compiler.ops import add, softmax
from compiler.ops.requantization import INT8_MIN
from compiler.rules import is_constant_int32, unfit
from compiler.shapes.arithmetic import reduced_axes

MAX_BROADCAST_RANK = 6
POOL_SCALE_TOLERANCE = 1e-6


def output_scale_is_not_tiny(op: Operator) -> str | None:
    """The output's scale is more than 2**-19 of the larger scale of the inputs."""
    if add.real_factors(op)[2] < 1:
        return None
    return f"its scales are {op.input(0).scale:g}, {op.input(1).scale:g} -> {op.output.scale:g}"


def broadcast_has_few_dimensions(op: Operator) -> str | None:
    """Operands of different shapes are broadcast in at most 6 dimensions."""
    if op.input(0).shape == op.input(1).shape or len(op.output.shape) <= MAX_BROADCAST_RANK:
        return None
    return f"{op.output} has {len(op.output.shape)} dimensions"


def pooling_keeps_quantisation(op: Operator) -> str | None:
    """Input and output have the same scale (to 1e-6) and zero point."""
    x, y = op.input(0), op.output
    if abs(x.scale - y.scale) <= POOL_SCALE_TOLERANCE and x.zero_point == y.zero_point:
        return None
    return f"they are {x.scale:g}, {x.zero_point} and {y.scale:g}, {y.zero_point}"


def axes_are_constant(op: Operator) -> str | None:
    """The axes are an int32 constant."""
    axes = op.input(1)
    return None if is_constant_int32(axes) else f"its axes {axes} are no int32 constant"


def means_are_over_height_and_width(op: Operator) -> str | None:
    """The input has four dimensions, of which height, width or both are reduced."""
    axes, rank = reduced_axes(op), len(op.input(0).shape)
    if rank == 4 and axes in ((1,), (2,), (1, 2)):
        return None
    return f"it reduces dimensions {axes} of {rank}"


def mean_multiplier_fits(op: Operator) -> str | None:
    """The input's scale over the output's is below 2**30."""
    return unfit(op.input(0).scale / op.output.scale)


def input_is_a_row_or_more(op: Operator) -> str | None:
    """The input has at least one dimension."""
    return None if op.input(0).shape else "its input is a scalar"


def softmax_scale_is_not_tiny(op: Operator) -> str | None:
    """Beta times the input's scale is more than 2**-26."""
    factor = softmax.real_factor(op)
    return None if factor > 1 else f"it is {factor / (1 << 26):g}"


def softmax_output_is_standard(op: Operator) -> str | None:
    """The output has scale 1/256 and zero point -128."""
    y = op.output
    if y.scale == 1 / 256 and y.zero_point == INT8_MIN:
        return None
    return f"it has scale {y.scale:g} and zero point {y.zero_point}"
