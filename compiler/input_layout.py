"""The layout of a tensor: dense, but for the inputs of some first layers."""

from __future__ import annotations

from collections.abc import Mapping

from arch.params import Params
from compiler.builtin import Kind
from compiler.fold import FoldedPad
from compiler.graph import DType, Graph, Operator, Tensor
from compiler.layout import Layout
from compiler.lower.context import view_of
from compiler.ops.convolution import conv_2d
from compiler.passplan import plan_convolution


def layout_of(
    tensor: Tensor, graph: Graph, params: Params, folded: Mapping[int, FoldedPad]
) -> Layout:
    """Dense, or with columns beside the image where that saves passes of a first layer."""
    element = max(1, tensor.n_bytes // max(1, tensor.size))
    shape = tensor.shape
    if element > 1:
        shape = (*shape[:-1], shape[-1] * element) if shape else (element,)
    dense = Layout.dense(0, shape or (1,))
    if tensor not in graph.inputs or tensor in graph.outputs or tensor.dtype is not DType.INT8:
        return dense
    readers = _readers(tensor, graph, folded)
    if len(readers) != 1 or readers[0][0].kind is not Kind.CONV_2D:
        return dense
    op, fold = readers[0]
    c = conv_2d(op)
    if c.groups != 1:
        return dense
    plain = view_of(dense, c.window, fold)
    x = plain.x
    after = (x.output - 1) * x.stride - x.before + (x.kernel - 1) * x.dilation + 1 - x.size
    beside = Layout.beside(0, shape, x.before, max(0, after))
    if beside.size == dense.size:
        return dense
    channels = c.weights.shape[3]
    saved = plan_convolution(params, plain, channels).n_passes
    saved -= plan_convolution(params, view_of(beside, c.window, fold), channels).n_passes
    return beside if saved > 0 else dense


def _readers(
    tensor: Tensor, graph: Graph, folded: Mapping[int, FoldedPad]
) -> list[tuple[Operator, FoldedPad | None]]:
    """Operators that read a tensor, also through a folded PAD."""
    readers: list[tuple[Operator, FoldedPad | None]] = []
    for op in graph.consumers(tensor):
        fold = folded.get(id(op.outputs[0])) if op.outputs else None
        if op.kind is Kind.PAD and fold is not None:
            readers += [(consumer, fold) for consumer in graph.consumers(op.output)]
        else:
            readers.append((op, None))
    return readers
