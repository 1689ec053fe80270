"""The shapes that operators give their outputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from compiler.builtin import Kind
from compiler.ops.window import Window
from compiler.options import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Pool2DOptions,
    ReducerOptions,
    ReshapeOptions,
)

if TYPE_CHECKING:
    from compiler.graph import Operator

Shape = tuple[int, ...]


class ShapeError(Exception):
    """Operands that the operator cannot take; the text says what is wrong with them."""


def shape_text(shape: Shape) -> str:
    """A shape as it stands in messages: 1x49x10x1, or scalar."""
    return "x".join(map(str, shape)) or "scalar"


def shape_problem(op: Operator) -> str | None:
    """What is wrong with an operator's shapes; None if nothing is, or if its kind has no rule."""
    rule = _RULES.get(op.kind)
    if rule is None:
        return None
    if not op.inputs or op.inputs[0] is None or len(op.outputs) != 1:
        return "needs its operands and one output"
    try:
        expected = rule(op)
    except ShapeError as error:
        return str(error)
    if op.output.shape == expected:
        return None
    return f"its output is {shape_text(op.output.shape)} where {shape_text(expected)} is due"


def _ranked(op: Operator, position: int, rank: int) -> Shape:
    tensor = op.optional_input(position)
    if tensor is None or len(tensor.shape) != rank:
        found = "absent" if tensor is None else shape_text(tensor.shape)
        raise ShapeError(f"operand {position} is {found} where {rank} dimensions are due")
    return tensor.shape


def _integers(op: Operator, position: int) -> list[int]:
    tensor = op.optional_input(position)
    if tensor is None or tensor.data is None or tensor.data.dtype.kind not in "iu":
        raise ShapeError(f"operand {position} is not a constant of integers")
    return [int(value) for value in tensor.data.reshape(-1)]


def _windowed(op: Operator, window: Window, channels: int) -> Shape:
    if min(window.output) < 1:
        raise ShapeError("the window does not fit into its input")
    return (op.input(0).shape[0], *window.output, channels)


def _check_steps(options: Conv2DOptions | DepthwiseConv2DOptions | Pool2DOptions) -> None:
    if min(options.stride) < 1:
        raise ShapeError(f"its strides are {options.stride[0]} and {options.stride[1]}")
    dilation = getattr(options, "dilation", (1, 1))
    if min(dilation) < 1:
        raise ShapeError(f"its dilations are {dilation[0]} and {dilation[1]}")


def convolution_window(op: Operator) -> Window:
    """The window of a CONV_2D or DEPTHWISE_CONV_2D."""
    _, height, width, _ = _ranked(op, 0, 4)
    _, kernel_h, kernel_w, _ = _ranked(op, 1, 4)
    options = op.options
    assert isinstance(options, Conv2DOptions | DepthwiseConv2DOptions)
    _check_steps(options)
    kernel = (kernel_h, kernel_w)
    return Window.of((height, width), kernel, options.stride, options.dilation, options.padding)


def pool_window(op: Operator) -> Window:
    """The window of an AVERAGE_POOL_2D or MAX_POOL_2D."""
    _, height, width, _ = _ranked(op, 0, 4)
    options = op.options
    assert isinstance(options, Pool2DOptions)
    _check_steps(options)
    if min(options.kernel) < 1:
        raise ShapeError(f"its window is {options.kernel[0]}x{options.kernel[1]}")
    return Window.of((height, width), options.kernel, options.stride, (1, 1), options.padding)


def _conv_2d(op: Operator) -> Shape:
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


def _depthwise_conv_2d(op: Operator) -> Shape:
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


def _fully_connected(op: Operator) -> Shape:
    """Any shape of rows of outputs: the reference takes rows as they come, whatever the rank."""
    shape, (n_out, n_in) = op.input(0).shape, _ranked(op, 1, 2)
    if min(n_in, n_out) < 1 or math.prod(shape) % n_in:
        raise ShapeError(f"its input is {shape_text(shape)}, which is not made of rows of {n_in}")
    rows, output = math.prod(shape) // n_in, op.output.shape
    if output and output[-1] == n_out and math.prod(output) == rows * n_out:
        return output
    return (rows, n_out)


def _add(op: Operator) -> Shape:
    first, second = op.input(0).shape, op.optional_input(1)
    if second is None:
        raise ShapeError("operand 1 is absent")
    try:
        return np.broadcast_shapes(first, second.shape)
    except ValueError:
        text = f"{shape_text(first)} and {shape_text(second.shape)}"
        raise ShapeError(f"its operands are {text}, which cannot be broadcast") from None


def _pool(op: Operator) -> Shape:
    return _windowed(op, pool_window(op), op.input(0).shape[3])


def reduced_axes(op: Operator) -> tuple[int, ...]:
    """The dimensions that a MEAN reduces, ascending and without repetition."""
    rank = len(op.input(0).shape)
    axes = _integers(op, 1)
    if any(not -rank <= axis < rank for axis in axes):
        raise ShapeError(f"it reduces dimensions {axes} of {rank}")
    return tuple(sorted({axis % rank for axis in axes}))


def _mean(op: Operator) -> Shape:
    options = op.options
    assert isinstance(options, ReducerOptions)
    axes, shape = reduced_axes(op), op.input(0).shape
    if options.keep_dims:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def paddings(op: Operator) -> tuple[tuple[int, int], ...]:
    """What a PAD adds before and after each dimension."""
    table, rank = _integers(op, 1), len(op.input(0).shape)
    if len(table) != 2 * rank or min(table, default=0) < 0:
        raise ShapeError(f"its paddings are {table} for an input of {rank} dimensions")
    return tuple((table[2 * i], table[2 * i + 1]) for i in range(rank))


def _pad(op: Operator) -> Shape:
    pairs = zip(op.input(0).shape, paddings(op), strict=True)
    return tuple(before + n + after for n, (before, after) in pairs)


def _reshape(op: Operator) -> Shape:
    """The output's own shape, as in the reference, which reads no operand but the data."""
    options, size = op.options, op.input(0).size
    assert isinstance(options, ReshapeOptions)
    if op.output.size != size:
        raise ShapeError(f"its output is {shape_text(op.output.shape)} for {size} elements")
    return op.output.shape


def _same(op: Operator) -> Shape:
    return op.input(0).shape


_RULES: dict[Kind, Callable[[Operator], Shape]] = {
    Kind.CONV_2D: _conv_2d,
    Kind.DEPTHWISE_CONV_2D: _depthwise_conv_2d,
    Kind.FULLY_CONNECTED: _fully_connected,
    Kind.ADD: _add,
    Kind.AVERAGE_POOL_2D: _pool,
    Kind.MAX_POOL_2D: _pool,
    Kind.MEAN: _mean,
    Kind.PAD: _pad,
    Kind.RESHAPE: _reshape,
    Kind.SOFTMAX: _same,
}
