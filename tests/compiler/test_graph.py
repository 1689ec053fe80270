"""What passes rely on is checked between them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from compiler.builtin import Kind
from compiler.errors import ModelError
from compiler.graph import DType, Graph, Operator, Quantization, Tensor
from compiler.operators import verify
from compiler.options import ReshapeOptions


def tensor(name: str, *shape: int, data: np.ndarray | None = None) -> Tensor:
    return Tensor(name, shape, DType.INT8, Quantization((0.5,), (3,)), data)


def reshape(x: Tensor, y: Tensor) -> Operator:
    return Operator(Kind.RESHAPE, [x], [y], ReshapeOptions())


def chain() -> Graph:
    """x -> a -> b, with a constant beside them."""
    x, a, b = tensor("x", 2, 2), tensor("a", 4), tensor("b", 1, 4)
    c = tensor("c", 2, data=np.zeros(2, np.int8))
    return Graph("g", [x, a, b, c], [reshape(x, a), reshape(a, b)], [x], [b])


def test_a_sound_graph_passes() -> None:
    chain().verify()


def test_producer_and_consumers_are_found() -> None:
    graph = chain()
    x, a, b, _ = graph.tensors
    assert graph.producer(x) is None
    assert graph.producer(a) is graph.operators[0]
    assert graph.consumers(a) == [graph.operators[1]]
    assert graph.consumers(b) == []


def _swapped(graph: Graph) -> None:
    graph.operators.reverse()


def _twice(graph: Graph) -> None:
    graph.operators.append(graph.operators[1])


def _writes_input(graph: Graph) -> None:
    graph.operators[1].outputs[0] = graph.inputs[0]


def _writes_constant(graph: Graph) -> None:
    graph.operators[1].outputs[0] = graph.tensors[3]


def _unlisted(graph: Graph) -> None:
    del graph.tensors[1]


def _listed_twice(graph: Graph) -> None:
    graph.tensors.append(graph.tensors[0])


def _unlisted_input(graph: Graph) -> None:
    graph.inputs.append(tensor("z", 1))


def _unwritten_output(graph: Graph) -> None:
    graph.tensors.append(tensor("z", 1))
    graph.outputs.append(graph.tensors[-1])


def _constant_shape(graph: Graph) -> None:
    graph.tensors[3].shape = (3,)


def _constant_type(graph: Graph) -> None:
    graph.tensors[3].dtype = DType.INT16


def _output_shape(graph: Graph) -> None:
    graph.tensors[2].shape = (5,)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_swapped, "operator RESHAPE 'b' reads tensor 'a' (INT8 4) before anything has written it"),
        (_twice, "operator RESHAPE 'b' writes tensor 'b' (INT8 1x4), which is an input, a"),
        (_writes_input, "writes tensor 'x' (INT8 2x2), which is an input, a constant or written"),
        (_writes_constant, "writes tensor 'c' (INT8 2), which is an input, a constant or written"),
        (_unlisted, "operator RESHAPE 'a' writes tensor 'a' (INT8 4), which is not a tensor of"),
        (_listed_twice, "a tensor is listed twice"),
        (_unlisted_input, "input tensor 'z' (INT8 1) is not a tensor of the graph"),
        (_unwritten_output, "output tensor 'z' (INT8 1) is never written"),
        (_constant_shape, "tensor 'c' (INT8 3) holds constants of shape 2"),
        (_constant_type, "tensor 'c' (INT16 2) holds constants of type int8"),
        (_output_shape, "operator RESHAPE 'b': its output is 5 for 4 elements"),
    ],
)
def test_a_violation_is_named(spoil: Callable[[Graph], None], message: str) -> None:
    graph = chain()
    spoil(graph)
    with pytest.raises(ModelError) as caught:
        verify(graph)
    assert message in str(caught.value)


def test_a_tensor_knows_its_size_and_its_only_scale() -> None:
    t = tensor("t", 2, 3)
    assert (t.size, t.n_bytes, t.scale, t.zero_point) == (6, 6, 0.5, 3)
    assert Tensor("s", (), DType.INT32).n_bytes == 4
    t.quantization = Quantization((0.5, 0.25), (0, 0))
    with pytest.raises(ModelError, match="needs exactly one scale and zero point"):
        _ = t.scale
    with pytest.raises(ModelError, match="elements have no size in bytes"):
        _ = Tensor("s", (4,), DType.INT4).n_bytes
