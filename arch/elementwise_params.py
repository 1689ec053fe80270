"""Parameters of the core's operators that compute element by element, row by row or by dimensions.

Their structures are part of :mod:`arch.op_params`.
"""

from __future__ import annotations

from arch.op_interface import CField, CStruct

TABLE_BYTES = 256  # parameters of TABLE: the result for each byte from -128 to 127
INT16_LOOKUP_ENTRIES = 513

RESCALE = CStruct(
    "weft_rescale_params_t",
    "RESCALE: RELU, RELU6, LEAKY_RELU, ABS and QUANTIZE of integers.",
    CField("multiplier", "int32_t", "of codes from the zero point upwards"),
    CField("shift", "int32_t", "-31 to 30"),
    CField("multiplier_below", "int32_t", "of codes below the zero point; may be negative"),
    CField("shift_below", "int32_t", "-31 to 30"),
    CField("zero_point_in", "int32_t", "subtracted from codes"),
    CField("zero_point_out", "int32_t", "added to results"),
    CField("low", "int32_t", "lower clamp"),
    CField("high", "int32_t", "upper clamp"),
)

PAIR = CStruct(
    "weft_pair_params_t",
    "MUL and DIV of int8 and int16; zero points come with the tensors.",
    CField("multiplier", "int32_t", "of the product or quotient"),
    CField("shift", "int32_t", "-31 to 30"),
    CField("low", "int32_t", "lower clamp"),
    CField("high", "int32_t", "upper clamp"),
)

PLAIN = CStruct(
    "weft_plain_params_t",
    "Arithmetic of int32 and float32: the fused activation.",
    CField("low", "int32_t", "lower clamp of int32"),
    CField("high", "int32_t", "upper clamp of int32"),
    CField("low_f32", "float", "lower clamp of float32"),
    CField("high_f32", "float", "upper clamp of float32"),
)

PRELU = CStruct(
    "weft_prelu_params_t",
    "PRELU of int8, or of int16 with an alpha of int8.",
    CField("multiplier", "int32_t", "of codes from the zero point upwards"),
    CField("shift", "int32_t", "-31 to 30"),
    CField("multiplier_alpha", "int32_t", "of products with alpha, below"),
    CField("shift_alpha", "int32_t", "-31 to 30"),
)

COMPARE = CStruct(
    "weft_compare_params_t",
    "COMPARE: EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL.",
    CField("true_if", "uint32_t", "of a pair: 1 less, 2 equal, 4 greater, 8 without an order"),
    CField("multiplier_a", "int32_t", "of an int8 operand a, shifted left by left_shift"),
    CField("shift_a", "int32_t", "-31 to 0"),
    CField("multiplier_b", "int32_t", "of operand b"),
    CField("shift_b", "int32_t", "-31 to 0"),
    CField("left_shift", "int32_t", "of both operands"),
)

FLOAT = CStruct(
    "weft_float_params_t",
    "The one number of an operator of float32.",
    CField("value", "float", "LEAKY_RELU: alpha; SOFTMAX: beta"),
)

SIGMOID_INT16 = CStruct(
    "weft_sigmoid_params_t",
    "SIGMOID_INT16: LOGISTIC and TANH of int16.",
    CField("multiplier", "int32_t", "of codes"),
    CField("shift", "int32_t", "right, with rounding; 0 to 31"),
    CField("is_tanh", "int32_t", "0 LOGISTIC, 1 TANH"),
)

RSQRT = CStruct(
    "weft_rsqrt_params_t",
    "RSQRT of int16.",
    CField("multiplier", "int32_t", "of 1 / sqrt(code), shifted left by 20"),
    CField("shift", "int32_t", "-31 to 30"),
)

SOFTMAX_INT16 = CStruct(
    "weft_softmax_int16_params_t",
    "SOFTMAX of int16.",
    CField("multiplier", "int32_t", "of the difference to the maximum, to 65535 / 10"),
    CField("shift", "int32_t", "-31 to 30"),
    CField("exp_table", "int16_t", "exp(x), Q0.15, for x from -10 to 0", INT16_LOOKUP_ENTRIES),
    CField("reciprocal_table", "int16_t", "1 / (1 + x), x from 0 to 1", INT16_LOOKUP_ENTRIES),
)

LOG_SOFTMAX = CStruct(
    "weft_log_softmax_params_t",
    "LOG_SOFTMAX of int8; exp_table is cut behind its last entry that is not zero.",
    CField("multiplier", "int32_t", "of the difference to the maximum, to Q5.26"),
    CField("shift", "int32_t", "0 to 30"),
    CField("reverse_multiplier", "int32_t", "back from Q5.26 to codes"),
    CField("reverse_shift", "int32_t", "-31 to 0"),
    CField("diff_min", "int32_t", "the lowest difference whose exponential counts"),
    CField("n_entries", "int32_t", "entries of exp_table that are there; 1 to 256"),
    CField("exp_table", "int32_t", "exp(-d * scale), Q0.31, for d = 0, 1, ...", 256),
)

REDUCE = CStruct(
    "weft_reduce_params_t",
    "REDUCE_MAX and REDUCE_MIN; SUM and MEAN of float32.",
    CField("axes", "uint32_t", "bit i: dimension i of the input is reduced"),
    CField("divisor", "float", "of sums: 1, or the number of their elements"),
)

ARG = CStruct(
    "weft_arg_params_t",
    "ARG_MAX and ARG_MIN.",
    CField("axis", "int32_t", "the dimension that is searched"),
    CField("is_max", "int32_t", "0 ARG_MIN, 1 ARG_MAX"),
)

CUMSUM = CStruct(
    "weft_cumsum_params_t",
    "CUMSUM.",
    CField("axis", "int32_t", "the dimension along which elements are added up"),
    CField("is_exclusive", "int32_t", "1 where an element is not part of its own sum"),
    CField("is_reverse", "int32_t", "1 from the last element to the first"),
    CField("multiplier", "int32_t", "of 2^19 times a sum of int8"),
    CField("shift", "int32_t", "-31 to 0"),
)

STRUCTS = (
    CUMSUM,
    RESCALE,
    PAIR,
    PLAIN,
    PRELU,
    COMPARE,
    FLOAT,
    SIGMOID_INT16,
    RSQRT,
    SOFTMAX_INT16,
    LOG_SOFTMAX,
    REDUCE,
    ARG,
)


def log_softmax(values: dict[str, object], exponentials: list[int]) -> bytes:
    """Parameters of LOG_SOFTMAX from the other members and exp(-d * scale), Q0.31."""
    table = list(exponentials)
    while table[-1] == 0:
        table.pop()
    packed = LOG_SOFTMAX.pack({**values, "n_entries": len(table), "exp_table": table})
    return packed[: LOG_SOFTMAX.offsets()["exp_table"] + 4 * len(table)]
