"""SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM.

Sources: tensorflow/lite/micro/kernels/svdf_common.cc (PrepareSvdf), lstm_eval_common.cc
(PrepareGateParametersInteger, CreateLstmCellStateInfo), lstm_eval.cc (Tanh).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from arch.quant import Int64, quantize_multiplier
from compiler.graph import DType, Operator
from compiler.ops.convolution import folded_bias
from compiler.options import LstmOptions, SvdfOptions

Scale = tuple[int, int]
"""Multiplier and shift."""

INPUT_WEIGHTS, HIDDEN_WEIGHTS, BIASES = (
    1,
    5,
    12,
)  # first operands; gates: input, forget, cell, output
HIDDEN_STATE, CELL_STATE = 18, 19
GATES = 4
_GATE_SCALE, _UNIT = 2.0**-12, 2.0**-15


@dataclass(frozen=True)
class SvdfParams:
    """Members as in arch.op_params.SVDF."""

    batches: int
    inputs: int
    filters: int
    memory: int
    rank: int
    in_zero_point: int
    state_zero_point: int
    feature_multiplier: int
    feature_shift: int
    time_multiplier: int
    time_shift: int


def svdf(op: Operator) -> SvdfParams:
    """Of an SVDF that the constraints have passed; scales are multiplied in float32."""
    options = op.options
    assert isinstance(options, SvdfOptions)
    x, features, times, state = (op.input(i) for i in (0, 1, 2, 4))
    batches, inputs = x.shape
    sizes = (batches, inputs, features.shape[0], times.shape[1], options.rank)
    if x.dtype is DType.FLOAT32:
        return SvdfParams(*sizes, 0, 0, 0, 0, 0, 0)
    f = np.float32
    feature = f(x.scale) * f(features.scale) / f(state.scale)
    time = f(state.scale) * f(times.scale) / f(op.output.scale)
    feature_multiplier, feature_shift = quantize_multiplier(float(feature))
    time_multiplier, time_shift = quantize_multiplier(float(time))
    return SvdfParams(
        *sizes,
        x.zero_point,
        state.zero_point,
        feature_multiplier,
        feature_shift,
        time_multiplier,
        time_shift,
    )


@dataclass(frozen=True)
class Sequences:
    """How an LSTM walks; ``rows``: from batch to batch and from step to step, in input and output
    alike."""

    batches: int
    steps: int
    inputs: int
    units: int
    rows: tuple[int, int]


def sequences(op: Operator) -> Sequences:
    """Of a UNIDIRECTIONAL_SEQUENCE_LSTM that the constraints have passed."""
    assert isinstance(op.options, LstmOptions)
    first, second, inputs = op.input(0).shape
    units = op.input(HIDDEN_STATE).shape[-1]
    if op.options.time_major:
        return Sequences(second, first, inputs, units, (1, second))
    return Sequences(first, second, inputs, units, (second, 1))


@dataclass(frozen=True)
class LstmParams:
    """An LSTM.

    Members
    -------
    walk : over batches and steps.
    scales : of inputs for each gate, of hidden codes for each gate; of forget * cell,
        input * candidate and output * tanh.
    biases : (2 * gates, units), zero points folded in.
    cell_clip : the largest cell; the smallest is its negative, or one below it without a clip.
    tanh : multiplier and right shift from cells to the table of the sigmoid.
    """

    walk: Sequences
    scales: tuple[Scale, ...]
    biases: Int64
    hidden_zero_point: int
    cell_clip: int
    clips: bool
    tanh: tuple[int, int]


def lstm(op: Operator) -> LstmParams:
    """Of a UNIDIRECTIONAL_SEQUENCE_LSTM that the constraints have passed."""
    options = op.options
    assert isinstance(options, LstmOptions)
    x, hidden, cell = op.input(0), op.input(HIDDEN_STATE), op.input(CELL_STATE)
    scales, biases = [], []
    for first, codes in ((INPUT_WEIGHTS, x), (HIDDEN_WEIGHTS, hidden)):
        for gate in range(GATES):
            filters = op.input(first + gate)
            assert filters.data is not None
            scales.append(quantize_multiplier(codes.scale * filters.scale / _GATE_SCALE))
            bias = np.zeros(len(filters.data), np.int64)
            if first == INPUT_WEIGHTS:
                data = op.input(BIASES + gate).data
                assert data is not None
                bias = data.astype(np.int64)
            biases.append(folded_bias(filters.data, bias, codes.zero_point))
    products = (_UNIT * cell.scale / cell.scale, _UNIT * _UNIT / cell.scale)
    scales += [quantize_multiplier(p) for p in (*products, _UNIT * _UNIT / hidden.scale)]
    shift = 12 + round(math.log2(cell.scale))
    limit = (1 << 15) - 1
    clip = limit if options.cell_clip <= 0 else int(min(options.cell_clip / cell.scale, limit))
    return LstmParams(
        walk=sequences(op),
        scales=tuple(scales),
        biases=np.array(biases),
        hidden_zero_point=hidden.zero_point,
        cell_clip=clip,
        clips=options.cell_clip > 0,
        tanh=(3 << shift, 0) if shift >= 0 else (3, -shift),
    )
