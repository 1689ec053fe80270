"""Recurrent operators of the sizes that networks have."""

from __future__ import annotations

import numpy as np

from tests.model_builder import Activation, DType, Kind, ModelBuilder, schema

WEIGHT_SCALE = 0.006
GATES = 4


def lstm_layer(b: ModelBuilder, steps: int, inputs: int, units: int) -> int:
    """Adds an input and an LSTM over it; returns the output of all steps."""
    x = b.input((1, steps, inputs), scale=0.02, zero_point=3)
    operands = [x]
    for width in (inputs, units):
        for _ in range(GATES):
            weights = b.rng.integers(-127, 128, (units, width), np.int8)
            operands.append(b.constant(weights, scale=WEIGHT_SCALE, zero_point=0))
    operands += [-1] * 3
    for _ in range(GATES):
        bias = b.rng.integers(-5000, 5000, units, np.int32)
        operands.append(b.constant(bias, scale=0.02 * WEIGHT_SCALE, zero_point=0))
    operands += [-1] * 2
    operands.append(_variable(b, [1, units], DType.INT8, 1 / 128))
    operands.append(_variable(b, [1, units], DType.INT16, 2.0**-11))
    operands += [-1] * 4
    y = b.activation((1, steps, units), 1 / 128, 0)
    options = schema.UnidirectionalSequenceLSTMOptionsT(
        fusedActivationFunction=Activation.TANH, cellClip=10.0, timeMajor=False
    )
    b.operator(Kind.UNIDIRECTIONAL_SEQUENCE_LSTM, operands, [y], options)
    return y


def svdf_layer(b: ModelBuilder, inputs: int, filters: int, memory: int) -> int:
    """Adds an input and an SVDF of rank 1 with states of int16; returns its output."""
    x = b.input((1, inputs), scale=0.05, zero_point=2)
    features = b.rng.integers(-127, 128, (filters, inputs), np.int8)
    times = b.rng.integers(-2000, 2000, (filters, memory), np.int16)
    bias = b.rng.integers(-1000, 1000, filters, np.int32)
    operands = [
        x,
        b.constant(features, scale=0.01, zero_point=0),
        b.constant(times, scale=0.001, zero_point=0),
        b.constant(bias, scale=2e-6, zero_point=0),
        _variable(b, [1, filters * memory], DType.INT16, 0.002),
    ]
    y = b.activation((1, filters), 0.2, 0)
    options = schema.SVDFOptionsT(rank=1, fusedActivationFunction=Activation.NONE)
    b.operator(Kind.SVDF, operands, [y], options)
    return y


def _variable(b: ModelBuilder, shape: list[int], dtype: int, scale: float) -> int:
    index = b.tensor(shape, dtype=dtype, scale=scale, zero_point=0)
    b.subgraph.tensors[index].isVariable = True
    return index
