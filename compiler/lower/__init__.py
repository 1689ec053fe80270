"""Operators on the array: which jobs, or steps, an operator becomes; one family per file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from arch.isa import Engine
from arch.params import Params
from compiler.array_job import ArrayJob
from compiler.builtin import Kind
from compiler.flat_job import FlatJob
from compiler.graph import DType, Operator
from compiler.lower.channels import is_by_channel
from compiler.lower.context import Context
from compiler.lower.convolution import (
    conv_2d_jobs,
    depthwise_conv_2d_jobs,
    fully_connected_jobs,
    lower_transpose_conv,
)
from compiler.lower.copies import can_copy_on_array, lower_copies
from compiler.lower.elementwise import elementwise_job
from compiler.lower.matmul import lower_matmul, matmul_is_on_array, matmul_workspace
from compiler.lower.pooling import (
    average_counts,
    average_pool_2d_jobs,
    max_pool_2d_jobs,
    mean_jobs,
)
from compiler.operators import SPECS
from compiler.ops.functions import FUNCTIONS
from compiler.ops.pairs import PAIRS
from compiler.ops.pooling import average_multiplier
from compiler.ops.tables import table_operand
from compiler.shapes.arithmetic import reduced_axes
from compiler.steps import Step
from compiler.workspace import WorkspaceSize

JOBS: Mapping[Kind, Callable[[Operator, Context], Iterator[ArrayJob]]] = {
    Kind.CONV_2D: conv_2d_jobs,
    Kind.DEPTHWISE_CONV_2D: depthwise_conv_2d_jobs,
    Kind.FULLY_CONNECTED: fully_connected_jobs,
    Kind.AVERAGE_POOL_2D: average_pool_2d_jobs,
    Kind.MAX_POOL_2D: max_pool_2d_jobs,
    Kind.MEAN: mean_jobs,
    Kind.SUM: mean_jobs,
}
"""Windows over images: they can be done a few rows at a time."""

FLAT: Mapping[Kind, Callable[[Operator, Context], FlatJob]] = {
    kind: elementwise_job for kind in (*FUNCTIONS, *PAIRS)
}
"""Element by element on dense tensors: they can be done a few bytes at a time."""

WHOLE: Mapping[Kind, Callable[[Operator, Context], Iterator[Step]]] = {
    kind: lower_copies for kind, spec in SPECS.items() if spec.copies is not None
} | {Kind.TRANSPOSE_CONV: lower_transpose_conv, Kind.BATCH_MATMUL: lower_matmul}
"""On tensors that are in the scratchpad as a whole."""


Condition = Callable[[Operator, Params], bool]
"""Whether the array does an operator; its docstring goes on from "on the array where ..."."""


def _table(op: Operator, params: Params) -> bool:
    """input and output are of one byte."""
    return params.config.elementwise and table_operand(op) is not None


def _table_of_constant(op: Operator, params: Params) -> bool:
    """all is of one byte and one operand is a constant of one element, or of one for each channel
    of tensors that are not too large."""
    return _table(op, params) or is_by_channel(op, params)


def _sum(op: Operator, params: Params) -> bool:
    """all is int8, and operands have one shape, or one is a constant of one element or, beside
    tensors that are not too large, of one for each channel."""
    if table_operand(op) is not None or is_by_channel(op, params):
        return params.config.elementwise
    same = op.input(0).shape == op.input(1).shape == op.output.shape
    return params.config.elementwise and params.streams > 1 and same and _is_int8(op)


def _copied(op: Operator, params: Params) -> bool:
    """what it moves takes few commands of the element-wise unit."""
    return can_copy_on_array(op, params)


def _few_elements(op: Operator, params: Params) -> bool:
    """all is int8 and no window has more than 2896 elements."""
    if not _is_int8(op):
        return False
    counts = {int(n) for n in average_counts(op).flat}
    return all(average_multiplier(n) is not None for n in counts)


def _over_the_image(op: Operator, params: Params) -> bool:
    """all is int8 and fits the scratchpad, and height, width or both of four dimensions are
    reduced."""
    fits = op.input(0).size + op.output.size <= params.scratchpad_bytes
    is_image = len(op.input(0).shape) == 4 and set(reduced_axes(op)) <= {1, 2}
    return _is_int8(op) and is_image and fits


CONDITIONS: Mapping[Kind, Condition] = {
    **{kind: _table for kind in FUNCTIONS},
    **{kind: _table_of_constant for kind in PAIRS},
    Kind.ADD: _sum,
    Kind.SUB: _sum,
    **{kind: _copied for kind, spec in SPECS.items() if spec.copies is not None},
    Kind.AVERAGE_POOL_2D: _few_elements,
    Kind.MEAN: _over_the_image,
    Kind.SUM: _over_the_image,
    Kind.BATCH_MATMUL: matmul_is_on_array,
}
"""Operators on the array that are not always there."""


def _is_int8(op: Operator) -> bool:
    return all(tensor.dtype is DType.INT8 for tensor in op.outputs)


def engine_of(op: Operator, params: Params) -> Engine | None:
    """Where an operator runs; None for one that moves nothing (RESHAPE)."""
    if SPECS[op.kind].moves_nothing:
        return None
    if not may_be_on_array(op.kind):
        return Engine.CORE
    condition = CONDITIONS.get(op.kind)
    on_array = _is_int8(op) if condition is None else condition(op, params)
    return Engine.ARRAY if on_array else Engine.CORE


def workspace_of(op: Operator, params: Params) -> WorkspaceSize:
    """What an operator on the array needs beside its tensors."""
    return matmul_workspace(op, params) if op.kind is Kind.BATCH_MATMUL else WorkspaceSize()


def is_looked_up(kind: Kind) -> bool:
    """Whether an operator on the array is a table."""
    return CONDITIONS.get(kind) in (_table, _table_of_constant)


def may_be_on_array(kind: Kind) -> bool:
    return kind in JOBS or kind in FLAT or kind in WHOLE
