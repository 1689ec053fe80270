"""Constraints of operators that compute element by element."""

from __future__ import annotations

import math

from arch.quant import quantize_multiplier
from compiler.graph import DType, Operator
from compiler.ops import functions, pairs
from compiler.ops.requantization import (
    INT8_MIN,
    MIN_SHIFT,
    quantized_bound,
)
from compiler.ops.rescale import factors
from compiler.rules import Constraint, documented, is_scale, unfit

CAST_FROM = (
    DType.FLOAT32,
    DType.BOOL,
    DType.INT8,
    DType.UINT8,
    DType.INT16,
    DType.INT32,
    DType.INT64,
    DType.UINT32,
)
CAST_TO = CAST_FROM[:-1]
QUANTISED = (DType.INT8, DType.UINT8, DType.INT16)
POWER_OF_TWO_TOLERANCE = 1e-3
MAX_SIGMOID_SCALE = 32767 / 12288


# ---- one operand -------------------------------------------------------------------------------
def rescaling_fits(op: Operator) -> str | None:
    """Of integers: input scale over output scale, and what else it is multiplied by, is below
    2**30."""
    if op.input(0).dtype is DType.FLOAT32:
        return None
    return unfit(max(abs(factor) for factor in factors(op)))


def six_fits(op: Operator) -> str | None:
    """Of integers: 6 over the input's scale is below 2**31."""
    x = op.input(0)
    if x.dtype is DType.FLOAT32 or quantized_bound(6.0, x) is not None:
        return None
    return f"its input's scale is {x.scale:g}"


def one_fits(op: Operator) -> str | None:
    """Of int8: 1 over the output's scale is below 2**31."""
    y = op.output
    if y.dtype is DType.FLOAT32 or quantized_bound(1.0, y) is not None:
        return None
    return f"its output's scale is {y.scale:g}"


def int32_of_quantize_is_quantised(op: Operator) -> str | None:
    """An input or output of int32 has one positive scale and one zero point."""
    for tensor in (op.input(0), op.output):
        q = tensor.quantization
        if tensor.dtype is not DType.INT32:
            continue
        if q is None or q.per_channel or not is_scale(q.scales[0]):
            return f"{tensor} has none"
    return None


def castable(op: Operator) -> str | None:
    """It casts from float32, bool, int8, uint8, int16, int32, int64 or uint32 to one of these but
    uint32; of uint8 and int64 the reference is LiteRT."""
    x, y = op.input(0).dtype, op.output.dtype
    return None if x in CAST_FROM and y in CAST_TO else f"it casts {x.name} to {y.name}"


documented(castable, castable.__doc__ or "", [t.name.lower() for t in CAST_FROM])


def logistic_output_is_standard(op: Operator) -> str | None:
    """The output's zero point is -128 for int8 (where its scale is 1/256), and its scale 1/32768
    for int16."""
    y = op.output
    if y.dtype is DType.INT8 and y.zero_point != INT8_MIN:
        return f"its zero point is {y.zero_point}"
    return int16_output_is_a_fraction(op)


def int16_output_is_a_fraction(op: Operator) -> str | None:
    """The output's scale is 1/32768 for int16."""
    y = op.output
    if y.dtype is not DType.INT16 or abs(math.log2(y.scale) + 15) < POWER_OF_TWO_TOLERANCE:
        return None
    return f"its scale is {y.scale:g}"


def sigmoid_input_fits(op: Operator) -> str | None:
    """The input's scale is at least 2**-58 and at most 8 for int8, and at most 2.66 for int16."""
    x = op.input(0)
    if x.dtype is DType.FLOAT32:
        return None
    if x.dtype is DType.INT16:
        return None if x.scale <= MAX_SIGMOID_SCALE else f"it is {x.scale:g}"
    return None if 2.0**-58 <= x.scale <= 8 else f"it is {x.scale:g}"


def hard_swish_fits(op: Operator) -> str | None:
    """Of int8: the input's scale is from 2**-22 to 256, and over the output's from 2**-8 to 128."""
    if op.output.dtype is not DType.INT8:
        return None
    to_output, to_slope = functions.hard_swish_factors(op)
    x = op.input(0).scale
    fits = 2.0**-22 <= x <= 256 and 2.0**-15 <= to_output <= 1 and to_slope > 0
    if fits and quantize_multiplier(to_output)[1] <= 0:
        return None
    return f"they are {x:g} and {op.output.scale:g}"


def rsqrt_fits(op: Operator) -> str | None:
    """Of integers: 1 / (sqrt(input scale) * output scale) is from 2**-12 to 2**30; an input below
    zero is an error, which a table of int8 does not notice."""
    if op.output.dtype is DType.FLOAT32:
        return None
    factor = functions.rsqrt_factor(op)
    if math.isfinite(factor) and 2.0**-12 <= factor < 2.0**30:
        return None
    return f"it is {factor:g}"


def float_functions_are_those_of_glibc(op: Operator) -> str | None:
    """Of float32: exp, expm1, log, sin, cos and tanh are bit by bit those of glibc 2.28 to 2.40,
    on which TensorFlow Lite Micro was measured; other C libraries differ in the last bit."""
    return None


def reference_is_litert(op: Operator) -> str | None:
    """Results are those of LiteRT, because TensorFlow Lite Micro lacks the operator."""
    return None


def error_function_is_close(op: Operator) -> str | None:
    """Of float32, and not approximate, inputs beyond 1.41 in magnitude may differ from LiteRT's
    results, which depend on the machine there, by 3 in the last place."""
    return None


# ---- two operands ------------------------------------------------------------------------------
def powers_are_exact(op: Operator) -> str | None:
    """Powers that float32 holds exactly are exact; others may differ from LiteRT's, which depend on
    the machine, in the last bit."""
    return None


def int8_reference_is_litert(op: Operator) -> str | None:
    """Of int8, the reference is LiteRT, as TensorFlow Lite Micro has no such kernel; a SQRT of
    codes below the zero point, which is an error there, is that of 0."""
    return None


def int32_reference_is_litert(op: Operator) -> str | None:
    """Of int32, the reference is LiteRT, as TensorFlow Lite Micro has no such kernel."""
    return None


def int32_is_not_quantised(op: Operator) -> str | None:
    """Operands of int32 are plain numbers, without scales."""
    tensors = (op.input(0), op.input(1), op.output)
    quantised = [t for t in tensors if t.dtype is DType.INT32 and t.quantization is not None]
    return f"{quantised[0]} is quantised" if quantised else None


def product_fits(op: Operator) -> str | None:
    """Of quantised operands: the product of their scales over the output's is below 2**30."""
    return unfit(pairs.product_factor(op)) if op.output.dtype in QUANTISED else None


def quotient_fits(op: Operator) -> str | None:
    """Of int8: the scales' quotient over the output's is from 2**-22 to 2**23; a divisor of zero is
    an error. Below 64, the reference shifts small quotients by more than 31 bits, which is
    undefined: results are then those of its kernel on x86."""
    if op.output.dtype is not DType.INT8:
        return None
    factor = pairs.quotient_factor(op)
    return None if 2.0**-22 <= factor < 2.0**23 else f"it is {factor:g}"


def squared_difference_fits(op: Operator) -> str | None:
    """Of quantised operands: four times the square of the larger scale, over the output's, is
    below 2**44 for int8, and below 2**30 for int16."""
    if op.output.dtype not in QUANTISED:
        return None
    return unfit(pairs.difference_factors(op)[2])


def prelu_fits(op: Operator) -> str | None:
    """Of quantised operands: input scale over output scale, and alpha's times that, are below
    2**30."""
    if op.output.dtype not in QUANTISED:
        return None
    return unfit(max(pairs.prelu_factors(op)))


def compared_scales_are_below_one(op: Operator) -> str | None:
    """Operands of int8 have scales below 1."""
    scales = [op.input(i).scale for i in range(2) if op.input(i).dtype is DType.INT8]
    within = all(
        quantize_multiplier(scale)[1] <= 0 and quantize_multiplier(scale)[1] >= MIN_SHIFT
        for scale in scales
    )
    return None if within else f"they are {', '.join(f'{scale:g}' for scale in scales)}"


def all_have_one_shape(op: Operator) -> str | None:
    """All operands have the shape of the output."""
    other = next((t for t in op.inputs if t is not None and t.shape != op.output.shape), None)
    return None if other is None else f"{other} has not"


def broadcast_in_at_most(n_dimensions: int) -> Constraint:
    """A constraint on the dimensions of operands of different shapes."""

    def few_dimensions(op: Operator) -> str | None:
        shapes = {t.shape for t in op.inputs if t is not None}
        if len(shapes) == 1 or len(op.output.shape) <= n_dimensions:
            return None
        return f"{op.output} has {len(op.output.shape)} dimensions"

    return documented(
        few_dimensions,
        f"Operands of different shapes are broadcast in at most {n_dimensions} dimensions.",
    )
