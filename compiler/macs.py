"""Multiply-accumulates of operators, as the usual definition counts them."""

from __future__ import annotations

import math

from compiler.builtin import Kind
from compiler.graph import Operator
from compiler.ops.batch_matmul import batch_matmul


def macs_of(op: Operator) -> int:
    """One for each product of a convolution or matrix product, padding included; else 0."""
    if op.kind is Kind.CONV_2D:
        return op.output.size * math.prod(op.input(1).shape[1:])
    if op.kind is Kind.DEPTHWISE_CONV_2D:
        return op.output.size * math.prod(op.input(1).shape[1:3])
    if op.kind is Kind.TRANSPOSE_CONV:
        return op.input(2).size * math.prod(op.input(1).shape[:3])
    if op.kind is Kind.BATCH_MATMUL:
        return op.output.size * batch_matmul(op).depth
    if op.kind is Kind.FULLY_CONNECTED:
        return op.output.size * op.input(1).shape[-1]
    return 0
