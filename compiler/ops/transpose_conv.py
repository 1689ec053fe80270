"""TRANSPOSE_CONV as convolutions: one for each phase of the output's rows and columns.

Outputs that lie a stride apart meet the same taps of the filter, and the next input each; so each
phase is a convolution with stride 1 whose results lie a stride apart.

Source: tensorflow/lite/kernels/internal/reference/integer_ops/transpose_conv.h,
tensorflow/lite/micro/kernels/transpose_conv.cc.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from compiler.graph import Operator
from compiler.ops.convolution import (
    biases_of,
    channel_factors,
    folded_bias,
    requantization_of,
    weights_of,
)
from compiler.ops.requantization import Requantization
from compiler.ops.window import Axis
from compiler.options import TransposeConvOptions


def as_convolution(op: Operator) -> Operator:
    """With its operands in the order of a CONV_2D: data, filter, bias."""
    _, filters, data, *bias = op.inputs
    return replace(op, inputs=[data, filters, *bias])


@dataclass(frozen=True)
class Phase:
    """Outputs ``first``, ``first + stride``, ... along one dimension.

    Output number ``i`` of the ``output`` there are reads inputs ``i - before + k`` with taps
    ``taps[k]`` of the filter; None is a tap of zeros, where the filter is shorter than the stride.
    """

    first: int
    output: int
    before: int
    taps: tuple[int | None, ...]


def phases(axis: Axis, stride: int) -> list[Phase]:
    """Of one dimension; ``axis`` is the window over the output that the operator reverses."""
    found = []
    for first in range(min(stride, axis.size)):
        row, remainder = divmod(first + axis.before, stride)
        taps: list[int | None] = list(range(remainder, axis.kernel, stride))
        taps = taps[::-1] or [None]
        output = -(-(axis.size - first) // stride)
        found.append(Phase(first, output, len(taps) - 1 - row, tuple(taps)))
    return found


@dataclass(frozen=True)
class PhaseConvolution:
    """The convolution of one phase; ``weights`` are (filters, rows, columns, channels)."""

    y: Phase
    x: Phase
    weights: NDArray[np.int8]
    folded_bias: NDArray[np.int64]


@dataclass(frozen=True)
class TransposeConvParams:
    stride: tuple[int, int]
    phases: tuple[PhaseConvolution, ...]
    input_zero_point: int
    requantization: Requantization


def transpose_conv(op: Operator) -> TransposeConvParams:
    """Of a TRANSPOSE_CONV that the constraints have passed."""
    conv, options = as_convolution(op), op.options
    assert isinstance(options, TransposeConvOptions)
    weights = weights_of(conv)
    n_out = op.output.shape[3]
    bias, zero_point = biases_of(conv, n_out), conv.input(0).zero_point
    rows, columns = (
        phases(axis, stride)
        for axis, stride in zip(transposed_axes(op), options.stride, strict=True)
    )
    convolutions = []
    for y in rows:
        for x in columns:
            own = _taken(_taken(weights, 1, y.taps), 2, x.taps)
            convolutions.append(PhaseConvolution(y, x, own, folded_bias(own, bias, zero_point)))
    return TransposeConvParams(
        stride=options.stride,
        phases=tuple(convolutions),
        input_zero_point=zero_point,
        requantization=transposed_requantization(op),
    )


def transposed_axes(op: Operator) -> tuple[Axis, Axis]:
    """Windows over the output that the operator reverses: of rows, and of columns."""
    assert isinstance(op.options, TransposeConvOptions)
    y, x = (
        Axis.of(size, kernel, stride, 1, op.options.padding)
        for size, kernel, stride in zip(
            op.output.shape[1:3], op.input(1).shape[1:3], op.options.stride, strict=True
        )
    )
    return y, x


def transposed_requantization(op: Operator) -> Requantization:
    conv, options = as_convolution(op), op.options
    assert isinstance(options, TransposeConvOptions)
    return requantization_of(conv, channel_factors(conv, op.output.shape[3]), options)


def _taken(weights: NDArray[np.int8], axis: int, taps: tuple[int | None, ...]) -> NDArray[np.int8]:
    if taps == (None,):
        return np.zeros_like(weights.take([0], axis))
    return weights.take([tap for tap in taps if tap is not None], axis)
