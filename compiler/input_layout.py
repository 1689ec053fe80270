"""The layout of a tensor: dense, unless room between its rows makes operators faster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from arch.isa import Engine
from arch.params import Params
from compiler.builtin import Kind
from compiler.conflicts import cycles_per_slot
from compiler.fold import FoldedPad
from compiler.graph import DType, Graph, Operator, Tensor
from compiler.layout import InputView, Layout
from compiler.lower import engine_of
from compiler.lower.context import view_of
from compiler.ops.convolution import conv_2d
from compiler.passplan import PassPlan
from compiler.plans import plan_convolution, plan_depthwise
from compiler.shapes.window import convolution_window

Reader = tuple[Operator, FoldedPad | None]

WINDOWED = (Kind.CONV_2D, Kind.DEPTHWISE_CONV_2D)
WRITERS = (*WINDOWED, Kind.AVERAGE_POOL_2D, Kind.MAX_POOL_2D)
WORTH = 0.02
"""Share of the cycles of a slot that room between rows must save."""


def layout_of(
    tensor: Tensor, graph: Graph, params: Params, folded: Mapping[int, FoldedPad]
) -> Layout:
    """Where the elements of a tensor lie, from address 0.

    A first layer's input gets columns beside the image where that saves passes; a tensor between
    windowed operators gets room between rows where that keeps streams apart in the banks.
    """
    dense = dense_layout(tensor)
    if tensor.dtype is not DType.INT8 or tensor in graph.outputs or len(tensor.shape) != 4:
        return dense
    readers = _readers(tensor, graph, folded)
    if not readers or any(
        op.kind not in WINDOWED or engine_of(op, params) is not Engine.ARRAY for op, _ in readers
    ):
        return dense
    producer = graph.producer(tensor)
    layout = dense
    if producer is None:
        layout = _with_columns(dense, readers, params)
    elif producer.kind not in WRITERS or engine_of(producer, params) is not Engine.ARRAY:
        return dense
    return _with_gaps(layout, readers, params)


def dense_layout(tensor: Tensor) -> Layout:
    """The plain layout from address 0; elements of several bytes lie as so many channels."""
    element = max(1, tensor.n_bytes // max(1, tensor.size))
    shape = tensor.shape
    if element > 1:
        shape = (*shape[:-1], shape[-1] * element) if shape else (element,)
    return Layout.dense(0, shape or (1,))


def _with_columns(dense: Layout, readers: list[Reader], params: Params) -> Layout:
    """With columns beside the image, if the only reader needs fewer passes then."""
    if len(readers) != 1 or readers[0][0].kind is not Kind.CONV_2D:
        return dense
    op, fold = readers[0]
    c = conv_2d(op)
    if c.groups != 1:
        return dense
    x = view_of(dense, c.window, fold).x
    beside = Layout.beside(0, _shape(dense), x.before, max(0, x.after))
    if beside.size == dense.size:
        return dense
    saved = _plan(op, fold, dense, params)[1].n_passes
    saved -= _plan(op, fold, beside, params)[1].n_passes
    return beside if saved > 0 else dense


def _shape(layout: Layout) -> tuple[int, int, int, int]:
    """The shape of a dense layout's tensor."""
    images = layout.size // max(1, layout.image_pitch)
    return images, layout.height, layout.width, layout.channels


def _with_gaps(layout: Layout, readers: list[Reader], params: Params) -> Layout:
    """With as little between rows as keeps the readers' streams in different banks."""

    def cost(candidate: Layout) -> float:
        return max(cycles_per_slot(params, *_plan(op, f, candidate, params)) for op, f in readers)

    best, least = layout, cost(layout)
    width = params.window_bytes
    whole = -(-layout.row_pitch // width) * width  # windows of all rows are then aligned alike
    gaps = (words * width for words in range(params.scratchpad_banks))
    for row in sorted({start + gap for gap in gaps for start in (layout.row_pitch, whole)})[1:]:
        if least <= 1 + WORTH:
            break
        images = layout.size // layout.image_pitch
        candidate = replace(
            layout,
            row_pitch=row,
            image_pitch=layout.height * row,
            size=images * layout.height * row,
        )
        value = cost(candidate)
        if value < least - WORTH:
            best, least = candidate, value
    return best


def _plan(
    op: Operator, fold: FoldedPad | None, layout: Layout, params: Params
) -> tuple[InputView, PassPlan]:
    """The window of a reader and its passes over a layout."""
    view = view_of(layout, convolution_window(op), fold)
    if op.kind is Kind.DEPTHWISE_CONV_2D:
        return view, plan_depthwise(params, view)
    return view, plan_convolution(params, view, op.input(1).shape[3])


def _readers(tensor: Tensor, graph: Graph, folded: Mapping[int, FoldedPad]) -> list[Reader]:
    """Operators that read a tensor, also through a folded PAD."""
    readers: list[Reader] = []
    for op in graph.consumers(tensor):
        fold = folded.get(id(op.outputs[0])) if op.outputs else None
        if op.kind is Kind.PAD and fold is not None:
            readers += [(consumer, fold) for consumer in graph.consumers(op.output)]
        else:
            readers.append((op, None))
    return readers
