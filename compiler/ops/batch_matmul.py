"""BATCH_MATMUL; source: tensorflow/lite/micro/kernels/batch_matmul.cc."""

from __future__ import annotations

from dataclasses import dataclass

from arch.quant import quantize_multiplier
from compiler.graph import DType, Operator
from compiler.ops.copies import View
from compiler.options import BatchMatMulOptions

BATCH_RANK = 3


@dataclass(frozen=True)
class BatchMatMulParams:
    """Members as in arch.op_params.BATCH_MATMUL; steps in elements."""

    batches: tuple[int, ...]
    a_batch_steps: tuple[int, ...]
    b_batch_steps: tuple[int, ...]
    rows: int
    columns: int
    depth: int
    a_row_step: int
    a_depth_step: int
    b_depth_step: int
    b_column_step: int
    multiplier: int
    shift: int


def factor(op: Operator) -> float:
    """From sums of products to the output."""
    return op.input(0).scale * op.input(1).scale / op.output.scale


def batch_matmul(op: Operator) -> BatchMatMulParams:
    """Of a BATCH_MATMUL that the constraints have passed."""
    assert isinstance(op.options, BatchMatMulOptions)
    a, b = _operand(op, 0, op.options.adj_x), _operand(op, 1, op.options.adj_y)
    out = (1,) * (BATCH_RANK + 2 - len(op.output.shape)) + op.output.shape
    is_float = op.output.dtype is DType.FLOAT32
    multiplier, shift = (0, 0) if is_float else quantize_multiplier(factor(op))
    return BatchMatMulParams(
        batches=out[:BATCH_RANK],
        a_batch_steps=_batch_steps(a),
        b_batch_steps=_batch_steps(b),
        rows=a.extents[-2],
        columns=b.extents[-1],
        depth=a.extents[-1],
        a_row_step=a.steps[-2],
        a_depth_step=a.steps[-1],
        b_depth_step=b.steps[-2],
        b_column_step=b.steps[-1],
        multiplier=multiplier,
        shift=shift,
    )


def has_constant_weights(op: Operator) -> bool:
    """Whether the array's weights can be part of the program: nothing has to be copied."""
    a, b = op.input(0), op.input(1)
    m = batch_matmul(op)
    is_dense = m.depth == 1 or m.a_depth_step == 1
    return b.data is not None and b.dtype is DType.INT8 and a.data is None and is_dense


def _operand(op: Operator, position: int, swapped: bool) -> View:
    shape = op.input(position).shape
    view = View.dense((1,) * (BATCH_RANK + 2 - len(shape)) + shape)
    return view.permuted((0, 1, 2, 4, 3)) if swapped else view


def _batch_steps(view: View) -> tuple[int, ...]:
    return tuple(
        0 if extent == 1 else step
        for extent, step in zip(view.extents[:BATCH_RANK], view.steps, strict=False)
    )
