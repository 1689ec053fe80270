"""Operators that slide a window over an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.ops.window import Window
from compiler.options import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Pool2DOptions,
    TransposeConvOptions,
)
from compiler.shapes import Shape, ShapeError, ranked, shape_text

if TYPE_CHECKING:
    from compiler.graph import Operator


def _windowed(op: Operator, window: Window, channels: int) -> Shape:
    if min(window.output) < 1:
        raise ShapeError("the window does not fit into its input")
    return (op.input(0).shape[0], *window.output, channels)


def _check_steps(
    options: Conv2DOptions | DepthwiseConv2DOptions | Pool2DOptions | TransposeConvOptions,
) -> None:
    if min(options.stride) < 1:
        raise ShapeError(f"its strides are {options.stride[0]} and {options.stride[1]}")
    dilation = getattr(options, "dilation", (1, 1))
    if min(dilation) < 1:
        raise ShapeError(f"its dilations are {dilation[0]} and {dilation[1]}")


def convolution_window(op: Operator) -> Window:
    """The window of a CONV_2D or DEPTHWISE_CONV_2D."""
    _, height, width, _ = ranked(op, 0, 4)
    _, kernel_h, kernel_w, _ = ranked(op, 1, 4)
    options = op.options
    assert isinstance(options, Conv2DOptions | DepthwiseConv2DOptions)
    _check_steps(options)
    kernel = (kernel_h, kernel_w)
    return Window.of((height, width), kernel, options.stride, options.dilation, options.padding)


def pool_window(op: Operator) -> Window:
    """The window of an AVERAGE_POOL_2D or MAX_POOL_2D."""
    _, height, width, _ = ranked(op, 0, 4)
    options = op.options
    assert isinstance(options, Pool2DOptions)
    _check_steps(options)
    if min(options.kernel) < 1:
        raise ShapeError(f"its window is {options.kernel[0]}x{options.kernel[1]}")
    return Window.of((height, width), options.kernel, options.stride, (1, 1), options.padding)


def conv_2d(op: Operator) -> Shape:
    window = convolution_window(op)
    channels, (n_out, _, _, group_channels) = op.input(0).shape[3], op.input(1).shape
    if group_channels < 1 or channels % group_channels:
        raise ShapeError(
            f"its {channels} input channels are no multiple of the {group_channels} of its filter"
        )
    if n_out % (channels // group_channels):
        raise ShapeError(
            f"its {n_out} filters do not divide into {channels // group_channels} groups"
        )
    return _windowed(op, window, n_out)


def depthwise_conv_2d(op: Operator) -> Shape:
    window = convolution_window(op)
    options = op.options
    assert isinstance(options, DepthwiseConv2DOptions)
    channels, n_out = op.input(0).shape[3], op.input(1).shape[3]
    if op.input(1).shape[0] != 1 or n_out != channels * options.depth_multiplier:
        raise ShapeError(
            f"its filter is {shape_text(op.input(1).shape)} for {channels} input channels and a "
            f"depth multiplier of {options.depth_multiplier}"
        )
    return _windowed(op, window, n_out)


def pool_2d(op: Operator) -> Shape:
    return _windowed(op, pool_window(op), op.input(0).shape[3])


def transpose_conv(op: Operator) -> Shape:
    """Of any height and width, as in the reference, which does not read operand 0."""
    options = op.options
    assert isinstance(options, TransposeConvOptions)
    _check_steps(options)
    n, _, _, channels = ranked(op, 2, 4)
    n_out, kernel_h, kernel_w, filter_channels = ranked(op, 1, 4)
    if channels != filter_channels or min(kernel_h, kernel_w) < 1 or len(op.output.shape) != 4:
        raise ShapeError(
            f"its filter is {shape_text(op.input(1).shape)} for {channels} input channels"
        )
    return n, op.output.shape[1], op.output.shape[2], n_out
