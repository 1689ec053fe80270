"""Products with constant weights that operators on the core give to the array.

The compiler lays their weights out and makes the array's commands but for the addresses of rows,
which the operator fills in (firmware/weft_accelerator.h, weft_multiply). Where there is no room,
the operator computes them itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arch.isa import CONFIG_WORDS, Opcode
from arch.params import Params
from compiler.array_job import ArrayJob, Scales, Tile, blob_of, tile_config
from compiler.builtin import Kind
from compiler.graph import DType, Operator, Tensor
from compiler.layout import InputView, Layout, ViewAxis
from compiler.ops import recurrent
from compiler.ops.convolution import folded_bias
from compiler.plans import plan_convolution

ALIGNMENT = 8  # of what weft_space gives out

INPUT_SUM_BYTES = 8192
"""Of the sums over an LSTM's inputs that are made at once, about."""


@dataclass(frozen=True)
class CoreProduct:
    """Some columns of a product; members as in arch.op_interface.PRODUCT, without the address."""

    words: tuple[int, ...]
    group: int
    contents: bytes
    weight_address: int
    is_resident: bool
    first_column: int

    def values(self, address: int) -> dict[str, object]:
        """Members of ``weft_product_t``, with the contents at an address."""
        halves = [half for word in self.words for half in (word & 0xFFFFFFFF, word >> 32)]
        return {
            "words": halves,
            "group": self.group,
            "contents": address,
            "contents_bytes": len(self.contents),
            "weight_address": self.weight_address,
            "is_resident": int(self.is_resident),
            "first_column": self.first_column,
        }


@dataclass(frozen=True)
class CoreProducts:
    """All products of an operator, the bytes of workspace that go with them, and their weights,
    which the operator does not read."""

    parts: tuple[CoreProduct, ...]
    workspace_bytes: int
    weights: tuple[Tensor, ...]


@dataclass(frozen=True)
class _Matrix:
    """One product: (outputs, inputs) weights and how sums become results."""

    weights: NDArray[np.int8]
    scales: Scales


def _svdf(op: Operator, params: Params) -> tuple[list[_Matrix], int]:
    p = recurrent.svdf(op)
    weights = op.input(1).data
    assert weights is not None
    bias = folded_bias(weights, np.zeros(p.filters, np.int64), p.in_zero_point)
    multiplier, shift = (
        np.full(p.filters, value) for value in (p.feature_multiplier, p.feature_shift)
    )
    # States of int8 get their zero point behind the clamp.
    scales = Scales(bias, multiplier, shift, 0, -128, 127)
    return [_Matrix(weights, scales)], 2 * p.batches * p.filters


def _lstm(op: Operator, params: Params) -> tuple[list[_Matrix], int]:
    p = recurrent.lstm(op)
    gates, matrices = recurrent.GATES, []
    for number, first in enumerate((recurrent.INPUT_WEIGHTS, recurrent.HIDDEN_WEIGHTS)):
        own = slice(number * gates, (number + 1) * gates)
        weights = np.concatenate([op.input(first + g).data for g in range(gates)])
        multiplier, shift = (
            np.repeat([scale[i] for scale in p.scales[own]], p.walk.units) for i in range(2)
        )
        scales = Scales(p.biases[own].reshape(-1), multiplier, shift, 0, -128, 127)
        matrices.append(_Matrix(weights, scales))
    sums = 2 * gates * p.walk.units  # of one row, low and high bytes
    rows = min(p.walk.steps, params.accumulator_depth, max(1, INPUT_SUM_BYTES // sums))
    return matrices, (rows + 1) * sums + p.walk.units


_WEIGHTS = {
    Kind.SVDF: range(1, 2),
    Kind.UNIDIRECTIONAL_SEQUENCE_LSTM: range(
        recurrent.INPUT_WEIGHTS, recurrent.HIDDEN_WEIGHTS + recurrent.GATES
    ),
}
"""Operands of the products."""

_OPERATORS: Mapping[Kind, Callable[[Operator, Params], tuple[list[_Matrix], int]]] = {
    Kind.SVDF: _svdf,
    Kind.UNIDIRECTIONAL_SEQUENCE_LSTM: _lstm,
}

SUMS_ON_ARRAY = frozenset(_OPERATORS)
"""Operators on the core that have such products."""


def core_products(op: Operator, params: Params) -> CoreProducts | None:
    """What an operator on the core gives to the array; None for nothing."""
    if op.kind not in _OPERATORS or op.input(0).dtype is not DType.INT8:
        return None
    matrices, workspace_bytes = _OPERATORS[op.kind](op, params)
    jobs = [_job(params, matrix) for matrix in matrices]
    ones = [len(blob_of(params, job, range(1)).data) for job in jobs]
    everything = sum(len(blob_of(params, job, range(_n_blocks(params, job))).data) for job in jobs)
    is_resident = everything <= params.weight_memory_bytes
    if max(ones) > params.weight_memory_bytes:
        return None
    parts: list[CoreProduct] = []
    address = 0
    for group, (job, one) in enumerate(zip(jobs, ones, strict=True)):
        at_once = _n_blocks(params, job) if is_resident else params.weight_memory_bytes // one
        for part in _parts(params, job, group, at_once, address, is_resident):
            parts.append(part)
            address += len(part.contents) if is_resident else 0
    return CoreProducts(
        tuple(parts),
        -(-workspace_bytes // ALIGNMENT) * ALIGNMENT,
        tuple(op.input(i) for i in _WEIGHTS[op.kind]),
    )


def _n_blocks(params: Params, job: ArrayJob) -> int:
    return -(-job.n_out // params.cols)


def _job(params: Params, matrix: _Matrix) -> ArrayJob:
    """The product of one row at address 0."""
    n_out, n_in = matrix.weights.shape
    view = InputView(ViewAxis(1, 1, 1, 1, 0, 1, n_in), ViewAxis(1, 1, 1, 1, 0, 1, n_in), 0)
    return ArrayJob(
        layer=0,
        plan=plan_convolution(params, view, n_in),
        view=view,
        source=Layout.dense(0, (1, n_in)),
        target=Layout.dense(0, (1, n_out)),
        n_out=n_out,
        weights=matrix.weights,
        scales=matrix.scales,
        pad=0,
    )


def _parts(
    params: Params, job: ArrayJob, group: int, at_once: int, address: int, is_resident: bool
) -> Iterator[CoreProduct]:
    n_blocks = _n_blocks(params, job)
    for first in range(0, n_blocks, at_once):
        blocks = range(first, min(first + at_once, n_blocks))
        blob = blob_of(params, job, blocks)
        config = tile_config(params, job, Tile(range(1), range(1)), blocks)
        start = address // params.weight_word_bytes
        config |= {"table": start, "weights": start + blob.table_words}
        words = tuple(
            fmt.pack({field.name: config.get(field.name, 0) for field in fmt.fields})
            for fmt in CONFIG_WORDS[Opcode.ARRAY]
        )
        yield CoreProduct(words, group, blob.data, address, is_resident, first * params.cols)
