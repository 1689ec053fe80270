"""What an operator must be like to be supported.

A constraint is a function whose docstring is both the documentation and the end of the message
that a user gets when it is not met. It returns what it found instead, or None if it is met. Later
constraints of an operator may rely on the earlier ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from arch.quant import quantize_multiplier
from compiler.builtin import Kind
from compiler.errors import ModelError
from compiler.graph import DType, Graph, Operator, Tensor
from compiler.ops import add, convolution, softmax
from compiler.ops.requantization import (
    INT8_MAX,
    INT8_MIN,
    MAX_SHIFT,
    SUPPORTED_ACTIVATIONS,
    activation_range,
)
from compiler.options import FullyConnectedOptions, ReshapeOptions
from compiler.shapes import reduced_axes, shape_problem

Constraint = Callable[[Operator], str | None]

MAX_TENSOR_BYTES = (1 << 31) - 1
MAX_BROADCAST_RANK = 6
MAX_PAD_RANK = 5
MAX_RESHAPE_RANK = 8
POOL_SCALE_TOLERANCE = 1e-6
BIAS_SCALE_TOLERANCE = 0.02
PLAIN_TYPES = (
    DType.INT8,
    DType.UINT8,
    DType.INT16,
    DType.UINT16,
    DType.INT32,
    DType.UINT32,
    DType.INT64,
    DType.FLOAT32,
    DType.BOOL,
)


# ---- every operator ----------------------------------------------------------------------------
def tensors_have_fixed_sizes(op: Operator) -> str | None:
    """Every dimension is fixed and at least 1, and no tensor is larger than 2 GiB."""
    for tensor in _tensors(op):
        if not tensor.is_constant and any(extent < 1 for extent in tensor.shape):
            return f"{tensor} has a dimension of {min(tensor.shape)}"
        if tensor.dtype.numpy is not None and tensor.n_bytes > MAX_TENSOR_BYTES:
            return f"{tensor} has {tensor.n_bytes} bytes"
    return None


def no_variables(op: Operator) -> str | None:
    """No operand keeps its value from one inference to the next (variable tensors)."""
    return next((f"{t} is a variable" for t in _tensors(op) if t.is_variable), None)


# ---- operators on int8 -------------------------------------------------------------------------
def operands_are_complete(op: Operator) -> str | None:
    """It has all its operands, no others, and one output."""
    least, most = _OPERANDS[op.kind]
    if not least <= len(op.inputs) <= most or len(op.outputs) != 1:
        return f"it has {len(op.inputs)} operands and {len(op.outputs)} outputs"
    absent = [i for i in range(least) if op.inputs[i] is None]
    return f"operand {absent[0]} is absent" if absent else None


def activations_are_int8(op: Operator) -> str | None:
    """Its inputs and its output are int8 (quantise the model to full integers)."""
    for tensor in _activations(op):
        if tensor.dtype is not DType.INT8:
            return f"{tensor} is {tensor.dtype.name}"
    return None


def activations_are_quantised(op: Operator) -> str | None:
    """Inputs and output have one positive scale and one zero point of -128 to 127 each."""
    for tensor in _activations(op):
        q = tensor.quantization
        if q is None:
            return f"{tensor} is not quantised"
        if q.per_channel:
            return f"{tensor} has {len(q.scales)} scales"
        if not _positive(q.scales[0]) or not INT8_MIN <= q.zero_points[0] <= INT8_MAX:
            return f"{tensor} has scale {q.scales[0]:g} and zero point {q.zero_points[0]}"
    return None


def activation_function_is_a_clamp(op: Operator) -> str | None:
    """The fused activation is NONE, RELU, RELU6 or RELU_N1_TO_1, with bounds that fit in int32."""
    activation = getattr(op.options, "activation")  # noqa: B009 (one of many option classes)
    if activation not in SUPPORTED_ACTIVATIONS:
        return f"its fused activation is {activation.name}"
    if activation_range(activation, op.output) is None:
        return f"{activation.name} at the output's scale of {op.output.scale:g} does not fit"
    return None


def shapes_agree(op: Operator) -> str | None:
    """Operands and output have the shapes that the operator's definition asks for (a CONV_2D may
    be grouped: input channels a multiple of its filter's, filters one of the groups)."""
    return shape_problem(op)


# ---- convolutions and FULLY_CONNECTED ----------------------------------------------------------
def filter_is_constant_int8(op: Operator) -> str | None:
    """The filter is a constant of type int8, in the default layout."""
    filters = op.input(1)
    if filters.dtype is not DType.INT8:
        return f"its filter {filters} is {filters.dtype.name}"
    if not filters.is_constant:
        return f"its filter {filters} is computed"
    if isinstance(op.options, FullyConnectedOptions) and op.options.shuffled_weights:
        return "its filter is shuffled"
    return None


def filter_is_symmetric(op: Operator) -> str | None:
    """The filter has one positive scale, or one for each output channel, and zero points of 0."""
    filters, axis = op.input(1), 3 if op.kind is Kind.DEPTHWISE_CONV_2D else 0
    q = filters.quantization
    if q is None:
        return f"its filter {filters} is not quantised"
    if q.per_channel and q.axis != axis:
        return f"its filter has scales along dimension {q.axis} instead of {axis}"
    if not all(_positive(scale) for scale in q.scales):
        return f"its filter has a scale of {min(q.scales):g}"
    if any(q.zero_points):
        return "its filter has a zero point other than 0"
    return None


def bias_is_constant_int32(op: Operator) -> str | None:
    """The bias, if any, is a constant of type int32 with one element for each output channel."""
    bias = op.optional_input(2)
    if bias is None:
        return None
    if not _constant_int32(bias):
        return f"its bias {bias} is no int32 constant"
    n_out = op.output.shape[-1]
    return None if bias.size == n_out else f"it has {bias.size} biases for {n_out} channels"


def absent_bias_is_left_out(op: Operator) -> str | None:
    """A bias that is absent is left out of the operands, not given as tensor -1."""
    return "operand 2 is tensor -1" if len(op.inputs) == 3 and op.inputs[2] is None else None


def bias_scale_is_that_of_products(op: Operator) -> str | None:
    """Without scales per channel, the bias's scale is that of input times filter (to 2 % of a
    step of the output)."""
    bias, filters = op.optional_input(2), op.input(1).quantization
    if bias is None or filters is None or filters.per_channel:
        return None
    bias_scale = 0.0 if bias.quantization is None else bias.quantization.scales[0]
    product_scale = op.input(0).scale * filters.scales[0]
    if abs(product_scale - bias_scale) / op.output.scale <= BIAS_SCALE_TOLERANCE:
        return None
    return f"its bias has scale {bias_scale:g}, its products {product_scale:g}"


def multipliers_fit(op: Operator) -> str | None:
    """Input scale times filter scale over output scale is below 2**30."""
    return _unfit(max(convolution.channel_factors(op, op.output.shape[-1])))


# ---- the others --------------------------------------------------------------------------------
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
    return None if _constant_int32(axes) else f"its axes {axes} are no int32 constant"


def means_are_over_height_and_width(op: Operator) -> str | None:
    """The input has four dimensions, of which height, width or both are reduced."""
    axes, rank = reduced_axes(op), len(op.input(0).shape)
    if rank == 4 and axes in ((1,), (2,), (1, 2)):
        return None
    return f"it reduces dimensions {axes} of {rank}"


def mean_multiplier_fits(op: Operator) -> str | None:
    """The input's scale over the output's is below 2**30."""
    return _unfit(op.input(0).scale / op.output.scale)


def paddings_are_constant(op: Operator) -> str | None:
    """The paddings are an int32 constant, for at most 5 dimensions."""
    table, rank = op.input(1), len(op.input(0).shape)
    if not _constant_int32(table):
        return f"its paddings {table} are no int32 constant"
    return None if rank <= MAX_PAD_RANK else f"its input has {rank} dimensions"


def reshaped_data_is_plain(op: Operator) -> str | None:
    """Input and output have the same type, of whole bytes, and at most 8 dimensions."""
    x, y = op.input(0), op.output
    if x.dtype is not y.dtype or x.dtype not in PLAIN_TYPES:
        return f"they are {x.dtype.name} and {y.dtype.name}"
    assert isinstance(op.options, ReshapeOptions)
    rank = len(op.options.new_shape)
    return None if rank <= MAX_RESHAPE_RANK else f"its new shape has {rank} dimensions"


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


def custom_operator_is_named(op: Operator) -> str | None:
    """It has a name, by which its C++ source is found (see docs/op-porting.md), and an output."""
    if not op.custom_name:
        return "it has no name"
    return None if op.outputs else "it has no outputs"


def custom_tensors_are_plain(op: Operator) -> str | None:
    """Its operands and outputs are integers of 8 to 64 bits, float32 or bool."""
    for tensor in _tensors(op):
        if tensor.dtype not in PLAIN_TYPES:
            return f"{tensor} is {tensor.dtype.name}"
    return None


GENERAL: tuple[Constraint, ...] = (tensors_have_fixed_sizes, no_variables)
_ON_INT8 = (operands_are_complete, activations_are_int8, activations_are_quantised)
_WITH_FILTER = (
    *_ON_INT8,
    filter_is_constant_int8,
    filter_is_symmetric,
    activation_function_is_a_clamp,
    shapes_agree,
    bias_is_constant_int32,
)
_POOL = (*_ON_INT8, activation_function_is_a_clamp, shapes_agree, pooling_keeps_quantisation)

SUPPORTED: dict[Kind, tuple[Constraint, ...]] = {
    Kind.CONV_2D: (*_WITH_FILTER, multipliers_fit),
    Kind.DEPTHWISE_CONV_2D: (*_WITH_FILTER, absent_bias_is_left_out, multipliers_fit),
    Kind.FULLY_CONNECTED: (*_WITH_FILTER, bias_scale_is_that_of_products, multipliers_fit),
    Kind.ADD: (
        *_ON_INT8,
        activation_function_is_a_clamp,
        shapes_agree,
        broadcast_has_few_dimensions,
        output_scale_is_not_tiny,
    ),
    Kind.AVERAGE_POOL_2D: _POOL,
    Kind.MAX_POOL_2D: _POOL,
    Kind.MEAN: (
        *_ON_INT8,
        axes_are_constant,
        shapes_agree,
        means_are_over_height_and_width,
        mean_multiplier_fits,
    ),
    Kind.PAD: (*_ON_INT8, paddings_are_constant, shapes_agree),
    Kind.RESHAPE: (operands_are_complete, reshaped_data_is_plain, shapes_agree),
    Kind.SOFTMAX: (
        *_ON_INT8,
        input_is_a_row_or_more,
        shapes_agree,
        softmax_scale_is_not_tiny,
        softmax_output_is_standard,
    ),
    Kind.CUSTOM: (custom_operator_is_named, custom_tensors_are_plain),
}

# Operands that must be there, and that may be.
_OPERANDS: dict[Kind, tuple[int, int]] = {
    Kind.CONV_2D: (2, 3),
    Kind.DEPTHWISE_CONV_2D: (2, 3),
    Kind.FULLY_CONNECTED: (2, 3),
    Kind.ADD: (2, 2),
    Kind.AVERAGE_POOL_2D: (1, 1),
    Kind.MAX_POOL_2D: (1, 1),
    Kind.MEAN: (2, 2),
    Kind.PAD: (2, 2),
    Kind.RESHAPE: (1, 2),
    Kind.SOFTMAX: (1, 1),
}


def check(graph: Graph) -> None:
    """Check that every operator of a graph is supported.

    Raises :class:`ModelError` for the first that is not: which operator, what is wrong with it,
    and what is supported.
    """
    for tensor in (*graph.inputs, *graph.outputs):
        if tensor.dtype not in PLAIN_TYPES:
            raise ModelError(
                f"{graph.name}: {tensor}, an input or output, is {tensor.dtype.name}; supported: "
                "int8 (quantise the model to full integers), and for custom operators integers "
                "of 8 to 64 bits, float32 and bool"
            )
    for op in graph.operators:
        if op.kind not in SUPPORTED:
            names = ", ".join(sorted(kind.name for kind in SUPPORTED))
            raise ModelError(
                f"{graph.name}: {op}: is not supported; supported are {names}, and any operator "
                "written in C++ as a custom one (see docs/op-porting.md)"
            )
        for constraint in (*GENERAL, *SUPPORTED[op.kind]):
            found = constraint(op)
            if found is not None:
                raise ModelError(f"{graph.name}: {op}: {found}; supported: {rule_of(constraint)}")


def rule_of(constraint: Constraint) -> str:
    """The documentation of a constraint, on one line."""
    return " ".join((constraint.__doc__ or "").split())


def to_markdown() -> str:
    """The supported operators and their constraints, for the documentation."""
    lines = ["Every operator:", ""]
    lines += [f"- {rule_of(constraint)}" for constraint in GENERAL]
    for kind, constraints in sorted(SUPPORTED.items(), key=lambda item: item[0].name):
        lines += ["", f"`{kind.name}`:", ""]
        lines += [f"- {rule_of(constraint)}" for constraint in constraints]
    return "\n".join(lines) + "\n"


def _tensors(op: Operator) -> Iterator[Tensor]:
    yield from (tensor for tensor in op.inputs if tensor is not None)
    yield from op.outputs


def _activations(op: Operator) -> list[Tensor]:
    inputs = [op.input(0), op.input(1)] if op.kind is Kind.ADD else [op.input(0)]
    return [*inputs, op.output]


def _constant_int32(tensor: Tensor) -> bool:
    return tensor.dtype is DType.INT32 and tensor.is_constant


def _positive(scale: float) -> bool:
    return math.isfinite(scale) and scale > 0


def _unfit(factor: float) -> str | None:
    if math.isfinite(factor) and quantize_multiplier(factor)[1] <= MAX_SHIFT:
        return None
    return f"it is {factor:g}"
