"""PAD operators that become padding of the convolutions that follow them."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.builtin import Kind
from compiler.graph import DType, Graph, Operator, Tensor
from compiler.ops.movement import pad


@dataclass(frozen=True)
class FoldedPad:
    """The tensor in front of a PAD, and rows and columns that are added before the image."""

    source: Tensor
    top: int
    left: int


def fold_pads(graph: Graph) -> dict[int, FoldedPad]:
    """Outputs of PAD operators, by identity, that only convolutions read.

    A convolution reads its input's zero point beside the image, which is just what PAD fills in.
    """
    folded = {}
    for op in graph.operators:
        if op.kind is not Kind.PAD or op.output in graph.outputs:
            continue
        consumers = graph.consumers(op.output)
        if consumers and all(_can_fold(op, consumer) for consumer in consumers):
            _, (top, _), (left, _), _ = pad(op).paddings
            folded[id(op.output)] = FoldedPad(op.input(0), top, left)
    return folded


def _can_fold(op: Operator, consumer: Operator) -> bool:
    paddings = pad(op).paddings
    only_image = len(paddings) == 4 and not any((*paddings[0], *paddings[3]))
    is_data = consumer.inputs.index(op.output) == 0 and consumer.inputs.count(op.output) == 1
    kinds = (Kind.CONV_2D, Kind.DEPTHWISE_CONV_2D)
    on_array = consumer.kind in kinds and consumer.output.dtype is DType.INT8
    return on_array and only_image and is_data
