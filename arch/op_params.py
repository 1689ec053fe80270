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

COPY_PLAN = CStruct(
    "weft_copy_plan_t",
    "All operators that only move data; its copies follow, and behind them the fill element.",
    CField("n_copies", "int32_t", "copies, in any order"),
    CField("fill_bytes", "int32_t", "of the element that outputs are filled with first; or 0"),
)

COPY = CStruct(
    "weft_copy_t",
    "Bytes of an operand to an output; the arithmetic is in bytes, whatever the type.",
    CField("source", "int32_t", "number of the input"),
    CField("target", "int32_t", "number of the output"),
    CField("source_offset", "int32_t", "of its first byte"),
    CField("target_offset", "int32_t", "of its first byte"),
    CField("run", "int32_t", "bytes that lie together in both"),
    CField("n_loops", "int32_t", "loops around the run"),
    CField("extents", "int32_t", "of the loops, outermost first", MAX_RANK),
    CField("source_steps", "int32_t", "of the loops; 0 and below may be", MAX_RANK),
    CField("target_steps", "int32_t", "of the loops", MAX_RANK),
)

GATHER = CStruct(
    "weft_gather_params_t",
    "GATHER of any type.",
    CField("batches", "int32_t", "each has indices of its own"),
    CField("outer", "int32_t", "slices of all places, one after the other"),
    CField("extent", "int32_t", "places that an index chooses from"),
    CField("n_indices", "int32_t", "of a batch"),
    CField("slice_bytes", "int32_t", "of what lies at one place"),
)

GATHER_ND = CStruct(
    "weft_gather_nd_params_t",
    "GATHER_ND of any type.",
    CField("n_slices", "int32_t", "of the output"),
    CField("depth", "int32_t", "indices that name a place"),
    CField("extents", "int32_t", "that each of them chooses from", MAX_RANK),
    CField("steps", "int32_t", "bytes that each of them counts", MAX_RANK),
    CField("slice_bytes", "int32_t", "of what lies at one place"),
)

SAMPLE = CStruct(
    "weft_sample_t",
    "RESIZE_BILINEAR: one row or column of the output.",
    CField("low", "int32_t", "row or column of the input"),
    CField("high", "int32_t", "the one behind it"),
    CField("low_weight", "int32_t", "10 fractional bits; for float32 the bits of one"),
    CField("high_weight", "int32_t", "likewise"),
)

CONVOLUTION = CStruct(
    "weft_convolution_params_t",
    "Convolutions; a weft_scale_t for each filter follows. TRANSPOSE_CONV slides over its output.",
    CField("images", "int32_t", "of the batch"),
    CField("height", "int32_t", "rows of an image"),
    CField("width", "int32_t", "pixels of a row"),
    CField("depth", "int32_t", "channels of a pixel"),
    CField("out_h", "int32_t", "rows of the output"),
    CField("out_w", "int32_t", "pixels of a row of the output"),
    CField("filters", "int32_t", "channels of the output"),
    CField("filter_h", "int32_t", "rows of the window"),
    CField("filter_w", "int32_t", "columns of the window"),
    CField("stride_h", "int32_t", "rows from window to window"),
    CField("stride_w", "int32_t", "columns from window to window"),
    CField("dilation_h", "int32_t", "rows from tap to tap"),
    CField("dilation_w", "int32_t", "columns from tap to tap"),
    CField("pad_top", "int32_t", "rows of padding above the image"),
    CField("pad_left", "int32_t", "columns of padding to its left"),
    CField("group_channels", "int32_t", "channels of the image that a filter reads"),
    CField("filters_per_group", "int32_t", "filters that read the same channels"),
    CField("filter_step", "int32_t", "weights from filter to filter"),
    CField("tap_step", "int32_t", "weights from tap to tap"),
    CField("channel_step", "int32_t", "weights from channel to channel"),
    CField("low", "int32_t", "lower clamp"),
    CField("high", "int32_t", "upper clamp"),
)

SCALE = CStruct(
    "weft_scale_t",
    "From sums to codes.",
    CField("multiplier", "int32_t", "0 to 2^31 - 1"),
    CField("shift", "int32_t", "-31 to 30; with sums of 64 bits to 7"),
)

BATCH_MATMUL = CStruct(
    "weft_batch_matmul_params_t",
    "BATCH_MATMUL of a and b; steps are in elements, 0 where batches are broadcast.",
    CField("batches", "int32_t", "extents, outermost first", 3),
    CField("a_batch_steps", "int32_t", "from batch to batch", 3),
    CField("b_batch_steps", "int32_t", "likewise", 3),
    CField("rows", "int32_t", "of the output"),
    CField("columns", "int32_t", "of the output"),
    CField("depth", "int32_t", "products in a sum"),
    CField("a_row_step", "int32_t", "from row to row"),
    CField("a_depth_step", "int32_t", "from product to product"),
    CField("b_depth_step", "int32_t", "likewise"),
    CField("b_column_step", "int32_t", "from column to column"),
    CField("multiplier", "int32_t", "scale_a * scale_b / scale_out"),
    CField("shift", "int32_t", "-31 to 30; of int16 to 7"),
)

SVDF = CStruct(
    "weft_svdf_params_t",
    "SVDF of int8.",
    CField("batches", "int32_t", "rows of the input"),
    CField("inputs", "int32_t", "of a row"),
    CField("filters", "int32_t", "rank for each unit of the output"),
    CField("memory", "int32_t", "states of a filter"),
    CField("rank", "int32_t", "filters that are summed"),
    CField("in_zero_point", "int32_t", "of the input"),
    CField("state_zero_point", "int32_t", "of the states"),
    CField("feature_multiplier", "int32_t", "from sums over inputs to states"),
    CField("feature_shift", "int32_t", "-31 to 30"),
    CField("time_multiplier", "int32_t", "from sums over states to the output"),
    CField("time_shift", "int32_t", "-31 to 30"),
)

_WALK = (
    CField("batches", "int32_t", "sequences"),
    CField("steps", "int32_t", "of a sequence"),
    CField("inputs", "int32_t", "of a step"),
    CField("units", "int32_t", "cells of a sequence, and outputs of a step"),
    CField("batch_rows", "int32_t", "rows of input and output from sequence to sequence"),
    CField("step_rows", "int32_t", "rows from step to step"),
)
"""Over the sequences of an LSTM."""

LSTM = CStruct(
    "weft_lstm_params_t",
    "UNIDIRECTIONAL_SEQUENCE_LSTM of int8; 11 weft_scale_t and 8 * units biases follow.",
    *_WALK,
    CField("hidden_zero_point", "int32_t", "of hidden codes and output"),
    CField("cell_clip", "int32_t", "the largest cell"),
    CField("cell_has_no_clip", "int32_t", "1: the smallest cell is one below its negative"),
    CField("tanh_multiplier", "int32_t", "of cells in front of their tanh"),
    CField("tanh_shift", "int32_t", "to the right, behind it"),
)

LSTM_FLOAT = CStruct(
    "weft_lstm_float_params_t",
    "UNIDIRECTIONAL_SEQUENCE_LSTM of float32.",
    *_WALK,
    CField("cell_clip", "float", "the largest cell; 0 for any"),
)

STRUCTS = (
    LSTM_FLOAT,
    SOFTMAX,
    ADD,
    POOL_2D,
    MEAN,
    COPY_PLAN,
    COPY,
    GATHER,
    GATHER_ND,
    SAMPLE,
    CONVOLUTION,
    SCALE,
    BATCH_MATMUL,
    SVDF,
    LSTM,
    *elementwise_params.STRUCTS,
)


# An exponential below this rounds to 0 in the sum (Q12.19) and in every output (8 bits of it).
SOFTMAX_NEGLIGIBLE = 1 << 11


def softmax(exponentials: Sequence[int]) -> bytes:
    """Parameters of SOFTMAX from exp(-d * beta * scale), Q0.31, for d = 0, 1, ..., at most 255."""
    table = [int(value) for value in exponentials]
    while table[-1] < SOFTMAX_NEGLIGIBLE:
        table.pop()
    values = {"n_entries": len(table), "exp_table": table}
    return SOFTMAX.pack(values)[: SOFTMAX.offsets()["exp_table"] + 4 * len(table)]
