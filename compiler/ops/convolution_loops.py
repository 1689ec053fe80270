"""Convolutions of all kinds as one nest of loops, for the core."""

from __future__ import annotations

import math
from dataclasses import dataclass

from compiler.builtin import Kind
from compiler.graph import Operator
from compiler.ops.transpose_conv import transposed_axes
from compiler.ops.window import Axis, Window
from compiler.options import DepthwiseConv2DOptions, Padding, TransposeConvOptions
from compiler.shapes.window import convolution_window


@dataclass(frozen=True)
class ConvolutionLoops:
    """Members as in arch.op_params.CONVOLUTION."""

    images: int
    height: int
    width: int
    depth: int
    out_h: int
    out_w: int
    filters: int
    filter_h: int
    filter_w: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    pad_top: int
    pad_left: int
    group_channels: int
    filters_per_group: int
    filter_step: int
    tap_step: int
    channel_step: int


def loops_of(op: Operator) -> ConvolutionLoops:
    """Of a CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED that the constraints have passed."""
    shape = op.input(1).shape
    if op.kind is Kind.FULLY_CONNECTED:  # a pixel for each row of the matrix
        n_out, n_in = shape
        line = Axis.of(op.input(0).size // n_in, 1, 1, 1, Padding.VALID)
        window = Window(Axis.of(1, 1, 1, 1, Padding.VALID), line)
        return _loops(1, n_in, n_out, window, (n_in, n_out), (n_in, n_in, 1))
    window, (images, _, _, depth) = convolution_window(op), op.input(0).shape
    if op.kind is Kind.DEPTHWISE_CONV_2D:
        assert isinstance(op.options, DepthwiseConv2DOptions)
        groups = (1, op.options.depth_multiplier)
        return _loops(images, depth, shape[3], window, groups, (1, shape[3], shape[3]))
    n_out, channels = shape[0], shape[3]
    groups = (channels, n_out // (depth // channels))
    return _loops(images, depth, n_out, window, groups, (math.prod(shape[1:]), channels, 1))


def transposed_loops_of(op: Operator) -> ConvolutionLoops:
    """Of a TRANSPOSE_CONV: its window slides over the output, in strides of an input pixel."""
    assert isinstance(op.options, TransposeConvOptions)
    n_out, kernel_h, kernel_w, depth = op.input(1).shape
    images, height, width, _ = op.input(2).shape
    y, x = transposed_axes(op)
    return ConvolutionLoops(
        images=images,
        height=height,
        width=width,
        depth=depth,
        out_h=op.output.shape[1],
        out_w=op.output.shape[2],
        filters=n_out,
        filter_h=kernel_h,
        filter_w=kernel_w,
        stride_h=op.options.stride[0],
        stride_w=op.options.stride[1],
        dilation_h=1,
        dilation_w=1,
        pad_top=y.before,
        pad_left=x.before,
        group_channels=depth,
        filters_per_group=n_out,
        filter_step=kernel_h * kernel_w * depth,
        tap_step=depth,
        channel_step=1,
    )


def _loops(
    images: int,
    depth: int,
    n_out: int,
    window: Window,
    groups: tuple[int, int],
    weight_steps: tuple[int, int, int],
) -> ConvolutionLoops:
    y, x = window.y, window.x
    return ConvolutionLoops(
        images=images,
        height=y.size,
        width=x.size,
        depth=depth,
        out_h=y.output,
        out_w=x.output,
        filters=n_out,
        filter_h=y.kernel,
        filter_w=x.kernel,
        stride_h=y.stride,
        stride_w=x.stride,
        dilation_h=y.dilation,
        dilation_w=x.dilation,
        pad_top=y.before,
        pad_left=x.before,
        group_channels=groups[0],
        filters_per_group=groups[1],
        filter_step=weight_steps[0],
        tap_step=weight_steps[1],
        channel_step=weight_steps[2],
    )
