"""Constraints of operators that move data, and of custom ones."""

from __future__ import annotations

from collections.abc import Callable

from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.ops.copies import CopyPlan
from compiler.ops.requantization import SUPPORTED_ACTIVATIONS
from compiler.options import ConcatenationOptions, ReshapeOptions, StridedSliceOptions
from compiler.rules import CUSTOM_TYPES, PLAIN_TYPES, Constraint, documented, tensors_of
from compiler.rules.general import names_of

MAX_COPY_LOOPS = 8
MAX_RESHAPE_RANK = 8
MAX_RANK = 5
"""Of most kernels of the reference."""
MAX_TRANSPOSED_RANK = 6
"""Of LiteRT's; TensorFlow Lite Micro's takes 5."""
QUANTISED = (DType.INT8, DType.INT16)


def constant_integers(*positions: int) -> Constraint:
    """A constraint that some operands are constants of integers."""

    def parameters_are_constant(op: Operator) -> str | None:
        types = (DType.INT32, DType.INT64) if op.kind is Kind.SLICE else (DType.INT32,)
        for position in positions:
            tensor = op.input(position)
            if tensor.data is None or tensor.dtype not in types:
                return f"its operand {position}, {tensor}, is no int32 constant"
        return None

    which = " and ".join(map(str, positions))
    return documented(
        parameters_are_constant, f"Operand {which} is an int32 constant (of SLICE int64 as well)."
    )


def rank_is_at_most(most: int, position: int = 0) -> Constraint:
    """A constraint on the dimensions of an operand, and of the outputs."""

    def few_dimensions(op: Operator) -> str | None:
        for tensor in (op.input(position), *op.outputs):
            if len(tensor.shape) > most:
                return f"{tensor} has {len(tensor.shape)} dimensions"
        return None

    return documented(few_dimensions, f"What it moves has at most {most} dimensions.")


def one_type(*operands: int) -> Constraint:
    """A constraint that some operands (all, if none is given) and all outputs are of one type."""

    def moved_data_is_of_one_type(op: Operator) -> str | None:
        chosen = [op.input(i) for i in operands or range(len(op.inputs))]
        first = op.outputs[0]
        for tensor in (*chosen, *op.outputs):
            if tensor.dtype not in PLAIN_TYPES or tensor.dtype is not first.dtype:
                return f"{tensor} is {tensor.dtype.name}"
        return None

    return documented(
        moved_data_is_of_one_type,
        f"What it moves is of one type, before and after: {names_of(PLAIN_TYPES)}.",
        [dtype.name.lower() for dtype in PLAIN_TYPES],
    )


def joined_codes_mean_the_same(op: Operator) -> str | None:
    """Inputs and output of int8 or int16 have the same scale and zero point."""
    first = op.output
    if first.dtype not in QUANTISED:
        return None
    for tensor in (op.input(i) for i in range(len(op.inputs))):
        a, b = tensor.quantization, first.quantization
        if (a is None) != (b is None):
            return f"{tensor} and {first} are not quantised alike"
        if (
            a is not None
            and b is not None
            and (a.scales, a.zero_points) != (b.scales, b.zero_points)
        ):
            return f"{tensor} has {a.scales[0]:g} and {a.zero_points[0]}"
    return None


def walks_are_short(plan: Callable[[Operator], CopyPlan]) -> Constraint:
    """A constraint on the dimensions of the copies that an operator comes to."""

    def copies_have_few_dimensions(op: Operator) -> str | None:
        longest = max((len(copy.loops) for copy in plan(op).copies), default=0)
        return None if longest <= MAX_COPY_LOOPS else f"it takes {longest} nested loops"

    return documented(
        copies_have_few_dimensions,
        f"What it moves is at most {MAX_COPY_LOOPS} nested loops of bytes that lie together.",
    )


def fill_is_one_element(op: Operator) -> str | None:
    """The value to pad with is a constant of one element."""
    value = op.input(2)
    if value.data is not None and value.size == 1:
        return None
    return f"its value is {value}"


def no_fused_activation(op: Operator) -> str | None:
    """It has no fused activation."""
    assert isinstance(op.options, ConcatenationOptions)
    activation = op.options.activation
    return None if activation is SUPPORTED_ACTIVATIONS[0] else f"it has {activation.name}"


def ends_are_indices(op: Operator) -> str | None:
    """It does not count ends from the begins (offset)."""
    assert isinstance(op.options, StridedSliceOptions)
    return "it has an offset" if op.options.offset else None


def reshaped_data_is_plain(op: Operator) -> str | None:
    """Input and output have the same type, of whole bytes, and at most 8 dimensions."""
    x, y = op.input(0), op.output
    if x.dtype is not y.dtype or x.dtype not in PLAIN_TYPES:
        return f"they are {x.dtype.name} and {y.dtype.name}"
    rank = len(op.options.new_shape) if isinstance(op.options, ReshapeOptions) else 0
    return None if rank <= MAX_RESHAPE_RANK else f"its new shape has {rank} dimensions"


def custom_operator_is_named(op: Operator) -> str | None:
    """It has a name, by which its C++ source is found (see docs/ops.md), and an output."""
    if not op.custom_name:
        return "it has no name"
    return None if op.outputs else "it has no outputs"


def custom_tensors_are_plain(op: Operator) -> str | None:
    """Its operands and outputs are integers of 8 to 64 bits, float32, float64 or bool."""
    for tensor in tensors_of(op):
        if tensor.dtype not in CUSTOM_TYPES:
            return f"{tensor} is {tensor.dtype.name}"
    return None
