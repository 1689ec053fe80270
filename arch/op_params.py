"""Parameters of the core's built-in operators: their C structures.

Multipliers, tables and clamps are computed by the compiler (compiler/ops) and packed with
``STRUCT.pack({member: value})``; SOFTMAX, whose structure is cut short, has a function.
"""

from __future__ import annotations

from collections.abc import Sequence

from arch import elementwise_params
from arch.op_interface import MAX_RANK, CField, CStruct

SOFTMAX_TABLE_ENTRIES = 256

SOFTMAX = CStruct(
    "weft_softmax_params_t",
    "SOFTMAX of int8; exp_table is cut behind its last entry that can change an output.",
    CField("n_entries", "int32_t", "entries of exp_table that are there; 1 to 256"),
    CField(
        "exp_table",
        "int32_t",
        "exp(-d * beta * scale), Q0.31, for d = 0, 1, ...",
        SOFTMAX_TABLE_ENTRIES,
    ),
)

ADD = CStruct(
    "weft_add_params_t",
    "ADD, SUB and SQUARED_DIFFERENCE of int8 and int16; zero points come with the tensors.",
    CField("multiplier_a", "int32_t", "of operand a, shifted left by left_shift"),
    CField("multiplier_b", "int32_t", "of operand b"),
    CField("multiplier_out", "int32_t", "of the sum"),
    CField("shift_a", "int32_t", "-31 to 0"),
    CField("shift_b", "int32_t", "-31 to 0"),
    CField("shift_out", "int32_t", "-31 to 0; of SQUARED_DIFFERENCE to 30"),
    CField("left_shift", "int32_t", "of both operands before they are scaled"),
    CField("subtract", "int32_t", "1: operand b is subtracted"),
    CField("low", "int32_t", "lower clamp"),
    CField("high", "int32_t", "upper clamp"),
)

POOL_2D = CStruct(
    "weft_pool_2d_params_t",
    "AVERAGE_POOL_2D and MAX_POOL_2D of int8.",
    CField("filter_h", "int32_t", "rows of the window"),
    CField("filter_w", "int32_t", "columns of the window"),
    CField("stride_h", "int32_t", "rows from window to window"),
    CField("stride_w", "int32_t", "columns from window to window"),
    CField("pad_top", "int32_t", "rows of padding above the input"),
    CField("pad_left", "int32_t", "columns of padding to its left"),
    CField("low", "int32_t", "lower clamp"),
    CField("high", "int32_t", "upper clamp"),
)

MEAN = CStruct(
    "weft_mean_params_t",
    "MEAN and SUM of int8 and int16; zero points come with the tensors.",
    CField("axes", "uint32_t", "bit i: dimension i of the input is reduced"),
    CField("multiplier", "int32_t", "scale_in / scale_out, of MEAN / number of elements"),
    CField("shift", "int32_t", "-31 to 30"),
)

PAD = CStruct(
    "weft_pad_params_t",
    "PAD of int8 or wider elements; what comes after follows from the output's shape.",
    CField("before", "int32_t", "elements in front, for each dimension of the input", MAX_RANK),
    CField("value", "int32_t", "the element to pad with"),
)

STRUCTS = (SOFTMAX, ADD, POOL_2D, MEAN, PAD, *elementwise_params.STRUCTS)


# An exponential below this rounds to 0 in the sum (Q12.19) and in every output (8 bits of it).
SOFTMAX_NEGLIGIBLE = 1 << 11


def softmax(exponentials: Sequence[int]) -> bytes:
    """Parameters of SOFTMAX from exp(-d * beta * scale), Q0.31, for d = 0, 1, ..., at most 255."""
    table = [int(value) for value in exponentials]
    while table[-1] < SOFTMAX_NEGLIGIBLE:
        table.pop()
    values = {"n_entries": len(table), "exp_table": table}
    return SOFTMAX.pack(values)[: SOFTMAX.offsets()["exp_table"] + 4 * len(table)]
