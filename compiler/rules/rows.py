"""Constraints of operators that work on rows."""

from __future__ import annotations

from arch.quant import quantize_multiplier
from compiler.graph import DType, Operator
from compiler.ops import softmax
from compiler.ops.requantization import INT8_MAX, INT8_MIN, MIN_SHIFT
from compiler.options import Activation, ArithmeticOptions
from compiler.rules.general import quantisation_problem

SCALE_TOLERANCE = 1e-3
MAX_NORMALISED_RANK = 4
MAX_SOFTMAX_INT16_FACTOR = 1 << 14


def input_is_a_row_or_more(op: Operator) -> str | None:
    """The input has at least one dimension."""
    return None if op.input(0).shape else "its input is a scalar"


def input_is_quantised(op: Operator) -> str | None:
    """Its input, unless float32, has one positive scale and one zero point: 0 for int16."""
    return next((f"{x} {text}" for x in [op.input(0)] if (text := quantisation_problem(x))), None)


def softmax_scale_is_not_tiny(op: Operator) -> str | None:
    """Beta times the input's scale is more than 2**-26 for int8, and below 2.5 for int16."""
    dtype = op.input(0).dtype
    if dtype is DType.INT8:
        factor = softmax.real_factor(op)
        return None if factor > 1 else f"it is {factor / (1 << 26):g}"
    if dtype is DType.INT16:
        factor = softmax.int16_factor(op)
        fits = 0 < factor < MAX_SOFTMAX_INT16_FACTOR
        fits = fits and quantize_multiplier(factor)[1] >= MIN_SHIFT
        return None if fits else f"it is {factor * 10 / 65535:g}"
    return None


def softmax_output_is_standard(op: Operator) -> str | None:
    """The output has scale 1/256 and zero point -128 for int8; for int16 scale 1/65536 and zero
    point -32768 if the input is int8, 1/32768 and 0 if it is int16."""
    x, y = op.input(0), op.output
    if y.dtype is DType.FLOAT32:
        return None
    if y.dtype is DType.INT8:
        fits = y.scale == 1 / 256 and y.zero_point == INT8_MIN
    else:
        from_int8 = x.dtype is DType.INT8
        scale, zero_point = (1 / 65536, -32768) if from_int8 else (1 / 32768, 0)
        fits = abs(y.scale / scale - 1) < SCALE_TOLERANCE and y.zero_point == zero_point
    return None if fits else f"it has scale {y.scale:g} and zero point {y.zero_point}"


def log_softmax_is_standard(op: Operator) -> str | None:
    """Of int8: the input's scale is more than 2**-26, the output's is 1/16 and its zero point
    127, and rows have at most 4095 elements."""
    x, y = op.input(0), op.output
    if y.dtype is DType.FLOAT32:
        return None
    if x.shape[-1] >= 1 << softmax.SUM_INTEGER_BITS:
        return f"its rows have {x.shape[-1]}"
    if x.scale * (1 << 26) > 1 and y.scale == 1 / 16 and y.zero_point == INT8_MAX:
        return None
    return f"they are {x.scale:g}, {y.scale:g} and {y.zero_point}"


def norm_is_of_few_dimensions(op: Operator) -> str | None:
    """The input has at most 4 dimensions, and rows of at most 32768 elements if it is int8."""
    shape = op.input(0).shape
    if len(shape) > MAX_NORMALISED_RANK:
        return f"it has {len(shape)}"
    # Squares of 255 must add up to less than 2**31.
    if op.output.dtype is DType.INT8 and shape[-1] > 32768:
        return f"its rows have {shape[-1]}"
    return None


def without_activation(op: Operator) -> str | None:
    """There is no fused activation."""
    assert isinstance(op.options, ArithmeticOptions)
    activation = op.options.activation
    return None if activation is Activation.NONE else f"its fused activation is {activation.name}"
