"""Operators that TensorFlow Lite Micro lacks, in NumPy, as LiteRT defines them.

Sources: tensorflow/lite/kernels/activations.cc (Relu1Eval), gelu.cc,
tensorflow/lite/kernels/internal/reference/gelu.h, internal/common.h (LUTPopulate).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arch.quant import multiply_by_quantized_multiplier, quantize_multiplier
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.options import GeluOptions

Array = NDArray[Any]
Values = Sequence[Array | None]


def _round(x: Array) -> Array:
    """To nearest, ties away from zero."""
    rounded: Array = np.trunc(x + np.copysign(0.5, x))
    return rounded


def _relu_n1_to_1(op: Operator, operands: Values) -> list[Array]:
    x = operands[0]
    assert x is not None
    if x.dtype == np.float32:
        return [np.where(x > 1, np.float32(1), np.where(x < -1, np.float32(-1), x))]
    y = op.output
    factor = quantize_multiplier(float(np.float32(op.input(0).scale) / np.float32(y.scale)))
    scaled = multiply_by_quantized_multiplier(x.astype(np.int64) - op.input(0).zero_point, *factor)
    one = float(_round(np.array(np.float32(1) / np.float32(y.scale))))
    low, high = max(-128, y.zero_point - one), min(127, y.zero_point + one)
    return [np.clip(scaled + y.zero_point, low, high).astype(np.int8)]


def _gelu(op: Operator, operands: Values) -> list[Array]:
    x, y, options = operands[0], op.output, op.options
    assert x is not None and isinstance(options, GeluOptions)
    real = np.float32(op.input(0).scale) * (x - np.float32(op.input(0).zero_point))

    def transformed(v: float) -> float:
        if options.approximate:
            return 0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3)))
        return 0.5 * v * math.erfc(-v / math.sqrt(2))

    values = np.array([transformed(float(v)) for v in real.reshape(-1)], np.float32)
    codes = _round((values * (np.float32(1) / np.float32(y.scale))).astype(np.float64))
    return [np.clip(codes + y.zero_point, -128, 127).astype(np.int8).reshape(x.shape)]


OPERATORS: Mapping[Kind, Callable[[Operator, Values], list[Array]]] = {
    Kind.RELU_N1_TO_1: _relu_n1_to_1,
    Kind.GELU: _gelu,
}

TYPES: Mapping[Kind, tuple[DType, ...]] = {
    Kind.RELU_N1_TO_1: (DType.INT8, DType.FLOAT32),
    Kind.GELU: (DType.INT8,),
}
"""Those that are computed here; LiteRT itself runs the others."""
