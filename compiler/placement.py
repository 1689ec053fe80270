"""Where tensors live: storage that tensors share, lifetimes, layouts, addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from arch.isa import Engine
from arch.params import Params
from compiler.allocator import Buffer, allocate
from compiler.builtin import Kind
from compiler.fold import FoldedPad
from compiler.graph import DType, Graph, Operator, Tensor
from compiler.layout import Layout
from compiler.lower import engine_of
from compiler.lower.context import view_of
from compiler.ops.convolution import conv_2d
from compiler.passplan import plan_convolution


def data_operands(op: Operator) -> list[Tensor]:
    """Operands that are read as data while the program runs (weights and shapes are not)."""
    if op.kind is Kind.CUSTOM:
        return [t for t in op.inputs if t is not None]
    n = {Kind.ADD: 2}.get(op.kind, 1)
    return [t for t in op.inputs[:n] if t is not None]


@dataclass(frozen=True)
class Placement:
    """Layouts by identity of the tensor; ``constants`` are those that are read as data."""

    layouts: Mapping[int, Layout]
    constants: tuple[Tensor, ...]
    used_bytes: int


def place(graph: Graph, params: Params, folded: Mapping[int, FoldedPad]) -> Placement:
    """Give every tensor a place in the scratchpad.

    Raises :class:`compiler.errors.ModelError` if they do not fit.
    """
    roots: dict[int, Tensor] = {}

    def root(tensor: Tensor) -> Tensor:
        return roots.get(id(tensor), tensor)

    live: list[Tensor] = list(graph.inputs)
    constants: list[Tensor] = []
    first: dict[int, int] = {id(t): -1 for t in graph.inputs}
    last: dict[int, int] = {}
    for i, op in enumerate(graph.operators):
        for tensor in data_operands(op):
            fold = folded.get(id(tensor))
            store = root(tensor if fold is None else fold.source)
            if id(store) not in first:
                assert store.is_constant, f"{store} is read before it is written"
                first[id(store)] = i
                live.append(store)
                constants.append(store)
            last[id(store)] = i
        for tensor in op.outputs:
            if id(tensor) in folded:
                continue
            if engine_of(op, params) is None:
                roots[id(tensor)] = root(op.input(0))
                continue
            first[id(tensor)] = i
            last[id(tensor)] = i
            live.append(tensor)
    for tensor in graph.outputs:
        store = root(tensor)
        if id(store) not in first:
            first[id(store)] = -1
            live.append(store)
            constants.append(store)
        last[id(store)] = len(graph.operators)

    unplaced = {id(t): _layout(t, graph, params, folded) for t in live}
    buffers = {
        key: Buffer(t.name, unplaced[key].size, first[key], last.get(key, -1))
        for key, t in ((id(t), t) for t in live)
    }
    used = allocate(list(buffers.values()), params.scratchpad_bytes, max(16, params.cols))
    layouts = {key: unplaced[key].at(buffer.address) for key, buffer in buffers.items()}
    for tensor in graph.tensors:
        store = root(tensor)
        if store is not tensor and id(store) in layouts:
            layouts[id(tensor)] = Layout.dense(layouts[id(store)].start, tensor.shape)
    return Placement(layouts, tuple(constants), used)


def _layout(
    tensor: Tensor, graph: Graph, params: Params, folded: Mapping[int, FoldedPad]
) -> Layout:
    """Dense, or with columns beside the image where that saves passes of a first layer."""
    size = max(1, tensor.n_bytes // max(1, tensor.size))
    shape = tensor.shape if size == 1 else (*tensor.shape[:-1], tensor.shape[-1] * size)
    dense = Layout.dense(0, shape or (size,))
    if tensor not in graph.inputs or tensor in graph.outputs or tensor.dtype is not DType.INT8:
        return dense
    readers = _readers(tensor, graph, folded)
    if len(readers) != 1 or readers[0][0].kind is not Kind.CONV_2D:
        return dense
    op, fold = readers[0]
    c = conv_2d(op)
    if engine_of(op, params) is not Engine.ARRAY or c.groups != 1:
        return dense
    plain = view_of(dense, c.window, fold)
    x = plain.x
    after = (x.output - 1) * x.stride - x.before + (x.kernel - 1) * x.dilation + 1 - x.size
    beside = Layout.beside(0, shape, x.before, max(0, after))
    padded = view_of(beside, c.window, fold)
    if beside.size == dense.size:
        return dense
    channels = c.weights.shape[3]
    saved = plan_convolution(params, plain, channels).n_passes
    saved -= plan_convolution(params, padded, channels).n_passes
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
