"""Options of operators, one class for each table of options in TensorFlow Lite's schema.

Pairs are (height, width).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Padding(enum.IntEnum):
    """How a window meets the border, numbered as in the schema."""

    SAME = 0
    VALID = 1


class Activation(enum.IntEnum):
    """Fused activation function, numbered as in the schema."""

    NONE = 0
    RELU = 1
    RELU_N1_TO_1 = 2
    RELU6 = 3
    TANH = 4
    SIGN_BIT = 5


@dataclass(frozen=True)
class Conv2DOptions:
    padding: Padding
    stride: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class DepthwiseConv2DOptions:
    padding: Padding
    stride: tuple[int, int]
    depth_multiplier: int
    dilation: tuple[int, int] = (1, 1)
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class FullyConnectedOptions:
    """``shuffled_weights`` is the old layout of weights for one instruction set."""

    activation: Activation = Activation.NONE
    keep_num_dims: bool = False
    shuffled_weights: bool = False


@dataclass(frozen=True)
class ArithmeticOptions:
    """Of ADD, SUB, MUL and DIV, which have a table each, and of L2_NORMALIZATION."""

    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class Pool2DOptions:
    padding: Padding
    stride: tuple[int, int]
    kernel: tuple[int, int]
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class ReducerOptions:
    keep_dims: bool = False


@dataclass(frozen=True)
class ReshapeOptions:
    """``new_shape`` stands in for the shape operand where a model has none."""

    new_shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class SoftmaxOptions:
    """``beta`` is a float32."""

    beta: float


@dataclass(frozen=True)
class LeakyReluOptions:
    """``alpha``, a float32, is the slope below zero."""

    alpha: float


@dataclass(frozen=True)
class GeluOptions:
    """``approximate``: through the hyperbolic tangent instead of the error function."""

    approximate: bool = False


@dataclass(frozen=True)
class PadOptions:
    pass


Options = (
    Conv2DOptions
    | DepthwiseConv2DOptions
    | FullyConnectedOptions
    | ArithmeticOptions
    | Pool2DOptions
    | ReducerOptions
    | ReshapeOptions
    | SoftmaxOptions
    | LeakyReluOptions
    | GeluOptions
    | PadOptions
)
