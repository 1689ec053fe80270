"""Constraints of every operator, and on types and quantisation."""

from __future__ import annotations

from collections.abc import Iterable

from compiler.graph import DType, Operator, Tensor
from compiler.ops.requantization import SUPPORTED_ACTIVATIONS, activation_range, limits_of
from compiler.rules import PLAIN_TYPES, Constraint, documented, is_scale, tensors_of

MAX_TENSOR_BYTES = (1 << 31) - 1


def tensors_have_fixed_sizes(op: Operator) -> str | None:
    """Every dimension is fixed and at least 1, and no tensor is larger than 2 GiB."""
    for tensor in tensors_of(op):
        if not tensor.is_constant and any(extent < 1 for extent in tensor.shape):
            return f"{tensor} has a dimension of {min(tensor.shape)}"
        if tensor.dtype.numpy is not None and tensor.n_bytes > MAX_TENSOR_BYTES:
            return f"{tensor} has {tensor.n_bytes} bytes"
    return None


def no_variables(op: Operator) -> str | None:
    """No operand keeps its value from one inference to the next (variable tensors)."""
    return next((f"{t} is a variable" for t in tensors_of(op) if t.is_variable), None)


GENERAL: tuple[Constraint, ...] = (tensors_have_fixed_sizes,)


def complete(least: int, most: int, several_outputs: bool = False) -> Constraint:
    """A constraint on the numbers of operands and outputs."""

    def operands_are_complete(op: Operator) -> str | None:
        outputs_fit = len(op.outputs) >= 1 if several_outputs else len(op.outputs) == 1
        if not (least <= len(op.inputs) <= most and outputs_fit):
            return f"it has {len(op.inputs)} operands and {len(op.outputs)} outputs"
        absent = [i for i in range(least) if op.inputs[i] is None]
        return f"operand {absent[0]} is absent" if absent else None

    return documented(
        operands_are_complete,
        "It has all its operands, no others, and "
        + ("its outputs." if several_outputs else "one output."),
    )


# ---- types -------------------------------------------------------------------------------------
def activations_of(op: Operator, operands: Iterable[int]) -> list[Tensor]:
    """Some operands, and all outputs."""
    return [*(op.input(i) for i in operands), *op.outputs]


def int8(*operands: int) -> Constraint:
    """A constraint that some operands, and the output, are int8."""

    def activations_are_int8(op: Operator) -> str | None:
        for tensor in activations_of(op, operands):
            if tensor.dtype is not DType.INT8:
                return f"{tensor} is {tensor.dtype.name}"
        return None

    return documented(
        activations_are_int8,
        "Its inputs and its output are int8 (quantise the model to full integers).",
        ("int8",),
    )


def codes_or_floats(*operands: int) -> Constraint:
    """A constraint that some operands, and the output, are int8, int16 or float32."""
    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    rule = all_of(types, *operands)
    return documented(
        rule,
        "Its inputs and its output are of one type: int8 (quantise the model to full integers), "
        "int16 or, a hundred times slower, float32.",
        [dtype.name.lower() for dtype in types],
    )


def names_of(types: Iterable[DType]) -> str:
    """Types as documentation lists them."""
    names = [dtype.name.lower() for dtype in types]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def all_of(types: tuple[DType, ...], *operands: int) -> Constraint:
    """A constraint that some operands, and the output, are of the same one of some types."""

    def one_type_for_all(op: Operator) -> str | None:
        first, *others = activations_of(op, operands)
        for tensor in (first, *others):
            if tensor.dtype not in types or tensor.dtype is not first.dtype:
                return f"{tensor} is {tensor.dtype.name}"
        return None

    return documented(
        one_type_for_all,
        f"Its inputs and its output are of one type: {names_of(types)}.",
        [dtype.name.lower() for dtype in types],
    )


def typed(*choices: tuple[DType, ...]) -> Constraint:
    """A constraint on types: each choice has those of the first operands, and of the output."""

    def types_are_a_choice(op: Operator) -> str | None:
        tensors = [*(op.input(i) for i in range(len(choices[0]) - 1)), op.outputs[0]]
        if tuple(tensor.dtype for tensor in tensors) in choices:
            return None
        return f"its types are {_signature(tensor.dtype for tensor in tensors)}"

    texts = [_signature(choice) for choice in choices]
    return documented(
        types_are_a_choice, f"Its inputs and its output are {', '.join(texts)}.", texts
    )


def _signature(types: Iterable[DType]) -> str:
    """int8 where all are, otherwise those of the operands and that of the output."""
    names = [dtype.name.lower() for dtype in types]
    if len(set(names)) == 1:
        return names[0]
    operands = list(dict.fromkeys(names[:-1]))
    return f"{' and '.join(operands)} to {names[-1]}"


def plain_data(op: Operator) -> str | None:
    """Its data are integers of 8 to 64 bits, float32 or bool, and of one type."""
    first = op.outputs[0]
    for tensor in op.outputs:
        if tensor.dtype not in PLAIN_TYPES or tensor.dtype is not first.dtype:
            return f"{tensor} is {tensor.dtype.name}"
    return None


# ---- quantisation ------------------------------------------------------------------------------
def quantised(*operands: int) -> Constraint:
    """A constraint on scales and zero points of some operands, and of the output."""

    def activations_are_quantised(op: Operator) -> str | None:
        for tensor in activations_of(op, operands):
            problem = quantisation_problem(tensor)
            if problem is not None:
                return f"{tensor} {problem}"
        return None

    return documented(
        activations_are_quantised,
        "Inputs and output have one positive scale and one zero point each: -128 to 127 for "
        "int8, 0 to 255 for uint8, 0 for int16.",
    )


def quantisation_problem(tensor: Tensor) -> str | None:
    """What is wrong with the scale and zero point of a tensor; None for plain numbers."""
    if tensor.dtype not in (DType.INT8, DType.UINT8, DType.INT16):
        return None
    q = tensor.quantization
    if q is None:
        return "is not quantised"
    if q.per_channel:
        return f"has {len(q.scales)} scales"
    low, high = (0, 0) if tensor.dtype is DType.INT16 else limits_of(tensor.dtype)
    if is_scale(q.scales[0]) and low <= q.zero_points[0] <= high:
        return None
    return f"has scale {q.scales[0]:g} and zero point {q.zero_points[0]}"


def activation_function_is_a_clamp(op: Operator) -> str | None:
    """The fused activation is NONE, RELU, RELU6 or RELU_N1_TO_1, with bounds that fit in int32."""
    activation = getattr(op.options, "activation")  # noqa: B009 (one of many option classes)
    if activation not in SUPPORTED_ACTIVATIONS:
        return f"its fused activation is {activation.name}"
    is_quantised = op.output.dtype in (DType.INT8, DType.UINT8, DType.INT16)
    if is_quantised and activation_range(activation, op.output) is None:
        return f"{activation.name} at the output's scale of {op.output.scale:g} does not fit"
    return None
