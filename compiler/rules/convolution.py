"""Constraints of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED."""

from __future__ import annotations

from arch.quant import quantize_multiplier
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.ops import convolution
from compiler.ops.transpose_conv import as_convolution
from compiler.options import FullyConnectedOptions
from compiler.rules import Constraint, documented, is_constant_int32, is_scale, unfit

BIAS_SCALE_TOLERANCE = 0.02
MAX_WIDE_SHIFT = 7
_WITH_WIDE_BIASES = (Kind.DEPTHWISE_CONV_2D, Kind.TRANSPOSE_CONV)


def is_float(op: Operator) -> bool:
    """Whether nothing is quantised."""
    return op.output.dtype is DType.FLOAT32


def filter_is_constant(op: Operator) -> str | None:
    """The filter is a constant of type int8 (with uint8 data uint8, with float32 float32), in the
    default layout."""
    filters = op.input(1)
    from_uint8 = filters.dtype is DType.INT16 and filters.index is None  # compiler/unsigned.py
    due = DType.FLOAT32 if is_float(op) else DType.INT8
    if filters.dtype is not due and not from_uint8:
        return f"its filter {filters} is {filters.dtype.name}"
    if not filters.is_constant:
        return f"its filter {filters} is computed"
    if isinstance(op.options, FullyConnectedOptions) and op.options.shuffled_weights:
        return "its filter is shuffled"
    return None


def filter_is_symmetric(op: Operator) -> str | None:
    """The filter has one positive scale, or one for each output channel, and zero points of 0,
    unless it is float32."""
    if is_float(op):
        return None
    filters, axis = op.input(1), 3 if op.kind is Kind.DEPTHWISE_CONV_2D else 0
    q = filters.quantization
    if q is None:
        return f"its filter {filters} is not quantised"
    if q.per_channel and q.axis != axis:
        return f"its filter has scales along dimension {q.axis} instead of {axis}"
    if not all(is_scale(scale) for scale in q.scales):
        return f"its filter has a scale of {min(q.scales):g}"
    if any(q.zero_points):
        return "its filter has a zero point other than 0"
    return None


def bias_is_constant(op: Operator) -> str | None:
    """The bias, if any, is a constant of type int32 (with int16 data int64 as well, and only
    int64 of a DEPTHWISE_CONV_2D or TRANSPOSE_CONV; with float32 float32) with one element for each
    output channel."""
    bias = op.optional_input(2)
    if bias is None:
        return None
    n_out = op.output.shape[-1]
    if is_float(op) and not (bias.dtype is DType.FLOAT32 and bias.is_constant):
        return f"its bias {bias} is no float32 constant"
    if is_float(op):
        return None if bias.size == n_out else f"it has {bias.size} biases for {n_out} channels"
    wide = op.output.dtype is DType.INT16
    is_int64 = bias.dtype is DType.INT64 and bias.is_constant
    narrow = is_constant_int32(bias) and not (wide and op.kind in _WITH_WIDE_BIASES)
    if not narrow and not (wide and is_int64):
        return f"its bias {bias} is no int32 constant"
    return None if bias.size == n_out else f"it has {bias.size} biases for {n_out} channels"


def absent_bias_is_left_out(op: Operator) -> str | None:
    """A bias that is absent is left out of the operands, not given as tensor -1."""
    return "operand 2 is tensor -1" if len(op.inputs) == 3 and op.inputs[2] is None else None


def bias_scale_is_that_of_products(op: Operator) -> str | None:
    """Without scales per channel, the bias's scale is that of input times filter (to 2 % of a
    step of the output)."""
    bias, filters = op.optional_input(2), op.input(1).quantization
    if is_float(op) or bias is None or filters is None or filters.per_channel:
        return None
    bias_scale = 0.0 if bias.quantization is None else bias.quantization.scales[0]
    product_scale = op.input(0).scale * filters.scales[0]
    if abs(product_scale - bias_scale) / op.output.scale <= BIAS_SCALE_TOLERANCE:
        return None
    return f"its bias has scale {bias_scale:g}, its products {product_scale:g}"


def multipliers_fit(op: Operator) -> str | None:
    """Input scale times filter scale over output scale is below 2**30."""
    if is_float(op):
        return None
    return unfit(max(convolution.channel_factors(op, op.output.shape[-1])))


def wide_multipliers_fit(op: Operator) -> str | None:
    """With int16 data and biases other than int32, that factor is below 2**7."""
    if op.output.dtype is not DType.INT16:
        return None
    largest = max(convolution.channel_factors(op, op.output.shape[-1]))
    return None if quantize_multiplier(largest)[1] <= MAX_WIDE_SHIFT else f"it is {largest:g}"


def reordered(rule: Constraint) -> Constraint:
    """A constraint of convolutions for the order of operands of a TRANSPOSE_CONV."""

    def holds_as_convolution(op: Operator) -> str | None:
        return rule(as_convolution(op))

    return documented(holds_as_convolution, rule.__doc__ or "")
