"""Matrix products and recurrent operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from compiler.options import BatchMatMulOptions, LstmOptions, SvdfOptions
from compiler.shapes import Shape, ShapeError, ranked, shape_of, shape_text

if TYPE_CHECKING:
    from compiler.graph import Operator

MAX_RANK = 5


def batch_matmul(op: Operator) -> Shape:
    assert isinstance(op.options, BatchMatMulOptions)
    shapes = []
    for position, swapped in ((0, op.options.adj_x), (1, op.options.adj_y)):
        shape = shape_of(op, position)
        if not 2 <= len(shape) <= MAX_RANK:
            raise ShapeError(f"operand {position} is {shape_text(shape)}")
        shapes.append((*shape[:-2], shape[-1], shape[-2]) if swapped else shape)
    a, b = shapes
    try:
        batches = np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        batches = None
    if batches is None or a[-1] != b[-2]:
        raise ShapeError(f"{shape_text(a)} and {shape_text(b)} cannot be multiplied")
    return (*batches, a[-2], b[-1])


def svdf(op: Operator) -> Shape:
    assert isinstance(op.options, SvdfOptions)
    batches, inputs = ranked(op, 0, 2)
    filters, width = ranked(op, 1, 2)
    rank, memory = op.options.rank, ranked(op, 2, 2)[1]
    fit = rank > 0 and filters % rank == 0 and width == inputs
    if not fit or shape_of(op, 2)[0] != filters or op.input(4).size != batches * filters * memory:
        raise ShapeError(
            f"its weights are {shape_text(shape_of(op, 1))} and {shape_text(shape_of(op, 2))},"
            f" its state {shape_text(shape_of(op, 4))}, for {batches} rows of {inputs} and a rank"
            f" of {rank}"
        )
    return batches, filters // rank


def lstm(op: Operator) -> Shape:
    assert isinstance(op.options, LstmOptions)
    first, second, inputs = ranked(op, 0, 3)
    units = ranked(op, 1, 2)[0]
    batches = second if op.options.time_major else first
    for i in range(1, 9):
        due = (units, inputs if i < 5 else units)
        if shape_of(op, i) != due:
            raise ShapeError(f"operand {i} is {shape_text(shape_of(op, i))}, not {shape_text(due)}")
    for i, due in ((18, (batches, units)), (19, (batches, units))):
        if shape_of(op, i) != due:
            raise ShapeError(f"state {i} is {shape_text(shape_of(op, i))}, not {shape_text(due)}")
    for i in range(12, 16):
        if shape_of(op, i) != (units,):
            raise ShapeError(f"bias {i} is {shape_text(shape_of(op, i))} for {units} units")
    return first, second, units
