"""Operators to steps, one family per file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from arch.isa import Engine
from arch.params import Params
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.lower.context import Context
from compiler.lower.convolution import (
    lower_conv_2d,
    lower_depthwise_conv_2d,
    lower_fully_connected,
)
from compiler.lower.elementwise import lower_add, lower_pad
from compiler.lower.pooling import (
    average_counts,
    lower_average_pool_2d,
    lower_max_pool_2d,
    lower_mean,
)
from compiler.ops.pooling import average_multiplier, mean
from compiler.steps import Step

Lowering = Callable[[Operator, Context], Iterator[Step]]

ON_ARRAY: Mapping[Kind, Lowering] = {
    Kind.CONV_2D: lower_conv_2d,
    Kind.DEPTHWISE_CONV_2D: lower_depthwise_conv_2d,
    Kind.FULLY_CONNECTED: lower_fully_connected,
    Kind.ADD: lower_add,
    Kind.PAD: lower_pad,
    Kind.AVERAGE_POOL_2D: lower_average_pool_2d,
    Kind.MAX_POOL_2D: lower_max_pool_2d,
    Kind.MEAN: lower_mean,
}


def engine_of(op: Operator, params: Params) -> Engine | None:
    """Where an operator runs; None for one that moves nothing (RESHAPE)."""
    if op.kind is Kind.RESHAPE:
        return None
    if op.kind not in ON_ARRAY or any(t.dtype is not DType.INT8 for t in op.outputs):
        return Engine.CORE
    elementwise = params.config.elementwise
    if op.kind is Kind.ADD:
        same = op.input(0).shape == op.input(1).shape == op.output.shape
        return Engine.ARRAY if elementwise and params.streams > 1 and same else Engine.CORE
    if op.kind is Kind.PAD:
        fits = len(op.output.shape) <= 4 and elementwise
        return Engine.ARRAY if fits else Engine.CORE
    if op.kind is Kind.AVERAGE_POOL_2D:
        large = any(average_multiplier(int(n)) is None for n in set(average_counts(op).flat))
        return Engine.CORE if large else Engine.ARRAY
    if op.kind is Kind.MEAN:
        image = len(op.input(0).shape) == 4 and set(mean(op).axes) <= {1, 2}
        return Engine.ARRAY if image else Engine.CORE
    return Engine.ARRAY
