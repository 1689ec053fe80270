"""A model with the operator of examples/gated_layer."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from arch.quant import quantize_multiplier
from tests.model_builder import Kind, ModelBuilder

SOURCE = Path(__file__).parents[2] / "examples" / "gated_layer" / "gated_layer.cc"
PRODUCT_SHIFT = 7


def gated_layer(b: ModelBuilder, x: int, columns: int) -> int:
    """Adds the operator with random weights and tables; returns its output."""
    rows, depth = b.shape(x)
    zero_point = b.quantisation(x)[1]
    operands = [x]
    biases = []
    for _ in range(2):
        weights = b.rng.integers(-128, 128, (depth, columns), np.int8)
        own = b.rng.integers(-20_000, 20_000, columns)
        biases.append((own - zero_point * weights.astype(np.int64).sum(axis=0)).astype(np.int32))
        operands.append(b.constant(weights, scale=0.01, zero_point=0))
    operands += [b.constant(bias) for bias in biases]
    for _ in range(2):
        table = b.rng.integers(-128, 128, 256, np.int8)
        operands.append(b.constant(table, scale=0.01, zero_point=0))
    y = b.activation((rows, columns), 0.05, 0)
    multiplier, shift = quantize_multiplier(1 / (depth**0.5 * 73))
    options = struct.pack("<3i", multiplier, shift, PRODUCT_SHIFT)
    b.operator(Kind.CUSTOM, operands, [y], custom_name="GatedLayer", custom_options=options)
    return y
