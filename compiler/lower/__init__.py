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
)
from compiler.lower.elementwise import add_job, lower_pad
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
    Kind.PAD: lower_pad,
}
"""On tensors that are in the scratchpad as a whole."""


Condition = Callable[[Operator, Params], bool]
"""Whether the array does an operator of int8; its docstring ends "On the array where ..."."""


def _equal_shapes(op: Operator, params: Params) -> bool:
    """operands and output have one shape, given the element-wise unit and two streams or more."""
    same = op.input(0).shape == op.input(1).shape == op.output.shape
    return params.config.elementwise and params.streams > 1 and same


def _four_dimensions(op: Operator, params: Params) -> bool:
    """there are at most four dimensions, given the element-wise unit."""
    return params.config.elementwise and len(op.output.shape) <= 4


def _few_elements(op: Operator, params: Params) -> bool:
    """no window has more than 2896 elements."""
    return all(average_multiplier(int(n)) is not None for n in set(average_counts(op).flat))


def _over_the_image(op: Operator, params: Params) -> bool:
    """height, width or both of four dimensions are reduced."""
    return len(op.input(0).shape) == 4 and set(mean(op).axes) <= {1, 2}


CONDITIONS: Mapping[Kind, Condition] = {
    Kind.ADD: _equal_shapes,
    Kind.PAD: _four_dimensions,
    Kind.AVERAGE_POOL_2D: _few_elements,
    Kind.MEAN: _over_the_image,
}
"""Operators on the array that are not always there."""


def engine_of(op: Operator, params: Params) -> Engine | None:
    """Where an operator runs; None for one that moves nothing (RESHAPE)."""
    if SPECS[op.kind].moves_nothing:
        return None
    if not may_be_on_array(op.kind) or any(t.dtype is not DType.INT8 for t in op.outputs):
        return Engine.CORE
    condition = CONDITIONS.get(op.kind)
    return Engine.ARRAY if condition is None or condition(op, params) else Engine.CORE


def may_be_on_array(kind: Kind) -> bool:
    return kind in JOBS or kind in FLAT or kind in WHOLE
