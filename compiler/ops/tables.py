"""Operators that are a function of one byte, as tables of 256 bytes.

Such are all functions of one operand in int8, uint8 and bool, and those of two of which one is a
constant of one element.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arch.quant import Int64
from compiler.graph import DType, Operator, Tensor
from compiler.ops.functions import FUNCTIONS
from compiler.ops.pairs import PAIRS
from compiler.options import TableOptions

Table = NDArray[np.int8]


def table_operand(op: Operator) -> int | None:
    """The operand whose bytes a table maps to those of the output; None where there is no table."""
    if isinstance(op.options, TableOptions):
        return 0
    if op.kind in FUNCTIONS:
        position = 0
    elif op.kind in PAIRS and op.input(0).is_constant != op.input(1).is_constant:
        position = 1 if op.input(0).is_constant else 0
        if op.input(1 - position).size != 1:
            return None
    else:
        return None
    x, y = op.input(position), op.output
    if x.shape != y.shape or x.is_constant or not (_is_byte(x) and _is_byte(y)):
        return None
    return position


def table_of(op: Operator) -> Table | None:
    """The output's byte for each byte of :func:`table_operand`: for -128, -127, ..., 127."""
    position = table_operand(op)
    if position is None:
        return None
    if isinstance(op.options, TableOptions):
        return np.frombuffer(op.options.results, np.int8)
    codes = _all_values(op.input(position))
    if op.kind in FUNCTIONS:
        results = FUNCTIONS[op.kind](op, codes)
    else:
        data = op.input(1 - position).data
        assert data is not None
        other = np.full(codes.shape, int(data.reshape(-1)[0]), np.int64)
        operands = (codes, other) if position == 0 else (other, codes)
        results = PAIRS[op.kind](op, *operands)
    assert op.output.dtype.numpy is not None
    return results.astype(op.output.dtype.numpy).view(np.int8)


def channel_operand(op: Operator) -> int | None:
    """The operand of which every channel is looked up in a table of its own: of two int8 operands,
    the one beside a constant with an element for each channel. None where there is none."""
    if op.kind not in PAIRS or table_operand(op) is not None:
        return None
    if op.input(0).is_constant == op.input(1).is_constant:
        return None
    position = 1 if op.input(0).is_constant else 0
    x, constant, y = op.input(position), op.input(1 - position), op.output
    channels = x.shape[-1] if x.shape else 1
    by_channel = constant.size == channels and constant.shape[-1:] == x.shape[-1:]
    are_int8 = all(tensor.dtype is DType.INT8 for tensor in (x, constant, y))
    return position if by_channel and are_int8 and x.shape == y.shape else None


def channel_tables(op: Operator) -> list[Table]:
    """For each channel of :func:`channel_operand`, its table."""
    position = channel_operand(op)
    assert position is not None
    data = op.input(1 - position).data
    assert data is not None
    codes = _all_values(op.input(position))
    tables = []
    for value in data.reshape(-1):
        other = np.full(codes.shape, int(value), np.int64)
        operands = (codes, other) if position == 0 else (other, codes)
        tables.append(PAIRS[op.kind](op, *operands).astype(np.int8))
    return tables


def _is_byte(tensor: Tensor) -> bool:
    return tensor.dtype.numpy is not None and tensor.dtype.numpy.itemsize == 1


def _all_values(tensor: Tensor) -> Int64:
    """The values of the bytes -128, -127, ..., 127 in the type of a tensor."""
    assert tensor.dtype.numpy is not None
    raw = np.arange(-128, 128).astype(np.int8)
    is_bool = tensor.dtype.numpy.kind == "b"
    values: Int64 = (raw != 0 if is_bool else raw.view(tensor.dtype.numpy)).astype(np.int64)
    return values
