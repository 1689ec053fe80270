"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED.

Sources: tensorflow/lite/micro/kernels/kernel_util.cc (PopulateConvolutionQuantizationParams,
GetQuantizedConvolutionMultipler), tensorflow/lite/micro/kernels/fully_connected_common.cc. Until
early 2026 a FULLY_CONNECTED with one filter scale multiplied the scales of input and filter in
float32; since then all of them do it in double precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arch.quant import Int64, wrap32
from compiler.graph import Operator, Quantization, Tensor
from compiler.ops.requantization import Requantization, clamp_of, quantize_multipliers
from compiler.ops.window import Window
from compiler.options import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    TransposeConvOptions,
)
from compiler.shapes.window import convolution_window


def folded_bias(weights: NDArray[np.int8], bias: Int64, input_zero_point: int) -> Int64:
    """Biases for weights applied to codes instead of to code - zero_point.

    ``weights`` has output channels first; padding then reads as the input zero point. Wraps to 32
    bits as sums do.
    """
    sums = weights.reshape(len(weights), -1).astype(np.int64).sum(axis=1)
    return wrap32(bias - input_zero_point * sums)


@dataclass(frozen=True)
class ConvolutionParams:
    """A CONV_2D.

    ``weights`` is (filters, kernel height, kernel width, channels of a group); filter ``o``
    belongs to group ``o // (filters // groups)``. ``bias`` has one element for each filter, zeros
    where the model has none.
    """

    window: Window
    groups: int
    weights: NDArray[np.int8]
    bias: Int64
    input_zero_point: int
    requantization: Requantization

    @property
    def folded_bias(self) -> Int64:
        return folded_bias(self.weights, self.bias, self.input_zero_point)


@dataclass(frozen=True)
class DepthwiseParams:
    """A DEPTHWISE_CONV_2D.

    ``weights`` is (output channels, kernel height, kernel width); output channel ``o`` reads input
    channel ``o // depth_multiplier``.
    """

    window: Window
    depth_multiplier: int
    weights: NDArray[np.int8]
    bias: Int64
    input_zero_point: int
    requantization: Requantization

    @property
    def folded_bias(self) -> Int64:
        return folded_bias(self.weights, self.bias, self.input_zero_point)


@dataclass(frozen=True)
class FullyConnectedParams:
    """A FULLY_CONNECTED on ``rows`` rows of inputs; ``weights`` is (outputs, inputs)."""

    rows: int
    weights: NDArray[np.int8]
    bias: Int64
    input_zero_point: int
    requantization: Requantization

    @property
    def folded_bias(self) -> Int64:
        return folded_bias(self.weights, self.bias, self.input_zero_point)


def channel_factors(op: Operator, n_out: int) -> list[float]:
    """Real factor from a sum to the output, for each output channel, in double precision."""
    scales = _quantization(op.input(1)).scales
    if len(scales) == 1:
        scales = scales * n_out
    return [op.input(0).scale * scale / op.output.scale for scale in scales]


def conv_2d(op: Operator) -> ConvolutionParams:
    """Of a CONV_2D that the constraints have passed."""
    options = op.options
    assert isinstance(options, Conv2DOptions)
    weights = weights_of(op)
    n_out = weights.shape[0]
    return ConvolutionParams(
        window=convolution_window(op),
        groups=op.input(0).shape[3] // weights.shape[3],
        weights=weights,
        bias=biases_of(op, n_out),
        input_zero_point=op.input(0).zero_point,
        requantization=requantization_of(op, channel_factors(op, n_out), options),
    )


def depthwise_conv_2d(op: Operator) -> DepthwiseParams:
    """Of a DEPTHWISE_CONV_2D that the constraints have passed."""
    options = op.options
    assert isinstance(options, DepthwiseConv2DOptions)
    weights = np.ascontiguousarray(np.moveaxis(weights_of(op)[0], 2, 0))
    n_out = weights.shape[0]
    return DepthwiseParams(
        window=convolution_window(op),
        depth_multiplier=options.depth_multiplier,
        weights=weights,
        bias=biases_of(op, n_out),
        input_zero_point=op.input(0).zero_point,
        requantization=requantization_of(op, channel_factors(op, n_out), options),
    )


def fully_connected(op: Operator) -> FullyConnectedParams:
    """Of a FULLY_CONNECTED that the constraints have passed."""
    options = op.options
    assert isinstance(options, FullyConnectedOptions)
    weights = weights_of(op)
    n_out, n_in = weights.shape
    return FullyConnectedParams(
        rows=op.input(0).size // n_in,
        weights=weights,
        bias=biases_of(op, n_out),
        input_zero_point=op.input(0).zero_point,
        requantization=requantization_of(op, channel_factors(op, n_out), options),
    )


def _quantization(tensor: Tensor) -> Quantization:
    if tensor.quantization is None:
        raise ValueError(f"{tensor}: is not quantised")
    return tensor.quantization


def weights_of(op: Operator) -> NDArray[np.int8]:
    """The filter, operand 1."""
    data = op.input(1).data
    if data is None:
        raise ValueError(f"{op}: its filter is not constant")
    return data


def biases_of(op: Operator, n_out: int) -> Int64:
    """Operand 2; zeros where there is none."""
    tensor = op.optional_input(2)
    if tensor is None or tensor.data is None:
        return np.zeros(n_out, np.int64)
    return tensor.data.reshape(-1).astype(np.int64)


def requantization_of(
    op: Operator,
    factors: list[float],
    options: Conv2DOptions | DepthwiseConv2DOptions | FullyConnectedOptions | TransposeConvOptions,
) -> Requantization:
    """From sums to the output, with one factor for each channel."""
    multipliers, shifts = quantize_multipliers(factors)
    low, high = clamp_of(options.activation, op.output)
    return Requantization(multipliers, shifts, op.output.zero_point, low, high)
