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


class UnsignedNormOptions(ArithmeticOptions):
    """Of an L2_NORMALIZATION that a pass has made of one of uint8: it rounds elsewhere."""


@dataclass(frozen=True)
class Pool2DOptions:
    padding: Padding
    stride: tuple[int, int]
    kernel: tuple[int, int]
    activation: Activation = Activation.NONE


class UnsignedPool2DOptions(Pool2DOptions):
    """Of an AVERAGE_POOL_2D that a pass has made of one of uint8: sums round as unsigned ones."""


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
class CumsumOptions:
    """``exclusive``: an element is not part of its own sum; ``reverse``: from the last one."""

    exclusive: bool = False
    reverse: bool = False


@dataclass(frozen=True)
class GeluOptions:
    """``approximate``: through the hyperbolic tangent instead of the error function."""

    approximate: bool = False


@dataclass(frozen=True)
class PadOptions:
    pass


@dataclass(frozen=True)
class ConcatenationOptions:
    axis: int
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class SplitOptions:
    """Of SPLIT and SPLIT_V."""

    num_splits: int


@dataclass(frozen=True)
class StridedSliceOptions:
    """Bit ``i`` of a mask is for dimension ``i``."""

    begin_mask: int = 0
    end_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    shrink_axis_mask: int = 0
    offset: bool = False


@dataclass(frozen=True)
class PackOptions:
    axis: int = 0


@dataclass(frozen=True)
class UnpackOptions:
    axis: int = 0


@dataclass(frozen=True)
class BlockOptions:
    """Of SPACE_TO_DEPTH and DEPTH_TO_SPACE."""

    block_size: int


@dataclass(frozen=True)
class GatherOptions:
    axis: int = 0
    batch_dims: int = 0


@dataclass(frozen=True)
class SqueezeOptions:
    """No dimensions stand for all of extent 1."""

    squeeze_dims: tuple[int, ...] = ()


@dataclass(frozen=True)
class MirrorPadOptions:
    """``mode`` 0 mirrors without the border element (REFLECT), 1 with it (SYMMETRIC)."""

    mode: int = 0


@dataclass(frozen=True)
class ResizeOptions:
    """Of RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR."""

    align_corners: bool = False
    half_pixel_centers: bool = False


class UnsignedResizeOptions(ResizeOptions):
    """Of a RESIZE_BILINEAR that a pass has made of one of uint8: it mixes unsigned codes."""


@dataclass(frozen=True)
class TransposeConvOptions:
    padding: Padding
    stride: tuple[int, int]
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class BatchMatMulOptions:
    """``adj_x`` and ``adj_y`` swap the last two dimensions of the first and second operand."""

    adj_x: bool = False
    adj_y: bool = False


@dataclass(frozen=True)
class SvdfOptions:
    rank: int
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class LstmOptions:
    """Of UNIDIRECTIONAL_SEQUENCE_LSTM; clips of 0 do not clip."""

    activation: Activation
    cell_clip: float = 0.0
    proj_clip: float = 0.0
    time_major: bool = False


@dataclass(frozen=True)
class CallOnceOptions:
    init_subgraph_index: int


@dataclass(frozen=True)
class IfOptions:
    then_subgraph_index: int
    else_subgraph_index: int


@dataclass(frozen=True)
class WhileOptions:
    cond_subgraph_index: int
    body_subgraph_index: int


@dataclass(frozen=True)
class VarHandleOptions:
    """The name of a variable that keeps its value from one inference to the next."""

    shared_name: str
    container: str = ""


@dataclass(frozen=True)
class TableOptions:
    """Of an operator that a pass has turned into a function of one byte: its result for each code
    -128, -127, ..., 127."""

    results: bytes


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
    | CumsumOptions
    | GeluOptions
    | PadOptions
    | ConcatenationOptions
    | SplitOptions
    | StridedSliceOptions
    | PackOptions
    | UnpackOptions
    | BlockOptions
    | GatherOptions
    | SqueezeOptions
    | MirrorPadOptions
    | ResizeOptions
    | TransposeConvOptions
    | BatchMatMulOptions
    | SvdfOptions
    | LstmOptions
    | CallOnceOptions
    | IfOptions
    | WhileOptions
    | VarHandleOptions
    | TableOptions
)
