"""Operators on the array: which jobs, or steps, an operator becomes; one family per file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from arch.isa import Engine
from arch.params import Params
from compiler.array_job import ArrayJob
from compiler.builtin import Kind
from compiler.flat_job import FlatJob
from compiler.graph import DType, Operator
from compiler.lower.context import Context
from compiler.lower.convolution import (
    conv_2d_jobs,
    depthwise_conv_2d_jobs,
    fully_connected_jobs,
    lower_transpose_conv,
)
from compiler.lower.copies import can_copy_on_array, lower_copies
from compiler.lower.elementwise import add_job
from compiler.lower.pooling import (
    average_counts,
    average_pool_2d_jobs,
    max_pool_2d_jobs,
    mean_jobs,
)
from compiler.operators import SPECS
from compiler.ops.pooling import average_multiplier, mean
from compiler.steps import Step

JOBS: Mapping[Kind, Callable[[Operator, Context], Iterator[ArrayJob]]] = {
    Kind.CONV_2D: conv_2d_jobs,
    Kind.DEPTHWISE_CONV_2D: depthwise_conv_2d_jobs,
    Kind.FULLY_CONNECTED: fully_connected_jobs,
    Kind.AVERAGE_POOL_2D: average_pool_2d_jobs,
    Kind.MAX_POOL_2D: max_pool_2d_jobs,
    Kind.MEAN: mean_jobs,
}
"""Windows over images: they can be done a few rows at a time."""

FLAT: Mapping[Kind, Callable[[Operator, Context], FlatJob]] = {
    Kind.ADD: add_job,
}
"""Element by element on dense tensors: they can be done a few bytes at a time."""

WHOLE: Mapping[Kind, Callable[[Operator, Context], Iterator[Step]]] = {
    kind: lower_copies for kind, spec in SPECS.items() if spec.copies is not None
} | {Kind.TRANSPOSE_CONV: lower_transpose_conv}
"""On tensors that are in the scratchpad as a whole."""


def engine_of(op: Operator, params: Params) -> Engine | None:
    """Where an operator runs; None for one that moves nothing (RESHAPE)."""
    if SPECS[op.kind].moves_nothing:
        return None
    if SPECS[op.kind].copies is not None:
        return Engine.ARRAY if can_copy_on_array(op, params) else Engine.CORE
    on_array = op.kind in JOBS or op.kind in FLAT or op.kind in WHOLE
    if not on_array or any(t.dtype is not DType.INT8 for t in op.outputs):
        return Engine.CORE
    elementwise = params.config.elementwise
    if op.kind is Kind.ADD:
        same = op.input(0).shape == op.input(1).shape == op.output.shape
        return Engine.ARRAY if elementwise and params.streams > 1 and same else Engine.CORE
    if op.kind is Kind.AVERAGE_POOL_2D:
        large = any(average_multiplier(int(n)) is None for n in set(average_counts(op).flat))
        return Engine.CORE if large else Engine.ARRAY
    if op.kind is Kind.MEAN:
        image = len(op.input(0).shape) == 4 and set(mean(op).axes) <= {1, 2}
        return Engine.ARRAY if image else Engine.CORE
    return Engine.ARRAY
