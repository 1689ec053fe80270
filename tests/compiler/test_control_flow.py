"""IF and WHILE, and models with more subgraphs than they need."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from arch.config import load_config
from compiler.errors import ModelError
from compiler.tflite_reader import read_model
from sim.reference import Reference, random_inputs
from tests.functional import Accelerator
from tests.model_builder import DType, Kind, ModelBuilder, schema
from tests.typed import int32, typed_input

Body = Callable[[ModelBuilder], list[int]]


def subgraph(b: ModelBuilder, body: Body) -> int:
    """Adds a subgraph, whose outputs ``body`` returns; its number."""
    outer = b.subgraph
    b.subgraph = schema.SubGraphT(tensors=[], operators=[], inputs=[], outputs=[], name=b"called")
    b.model.subgraphs.append(b.subgraph)
    b.subgraph.outputs = body(b)
    b.subgraph = outer
    return len(b.model.subgraphs) - 1


def image(b: ModelBuilder) -> int:
    return b.input((1, 4, 5, 3), scale=0.05, zero_point=-4)


def check(b: ModelBuilder, outputs: list[int], *runs: int) -> list[str]:
    """Outputs are those of TensorFlow Lite Micro; returns the engines in use."""
    reference = Reference(b.build(*outputs))
    accelerator = Accelerator(reference.graph, load_config("small"))
    for seed in runs:
        inputs = random_inputs(reference.graph, seed)
        for actual, wanted in zip(accelerator.run(inputs), reference.run(inputs), strict=True):
            np.testing.assert_array_equal(actual, wanted)
        everything = reference.all_tensors(inputs)
        assert all(t.index in everything for t in reference.graph.outputs)
    return accelerator.engines()


def convolved(b: ModelBuilder) -> list[int]:
    return [b.conv2d(image(b), 3, scale=0.3, zero_point=7)]


def copied(b: ModelBuilder) -> list[int]:
    x = image(b)
    return [b.add(x, x, scale=0.3, zero_point=7)]


def branching(b: ModelBuilder, condition: int, x: int) -> int:
    options = schema.IfOptionsT(
        thenSubgraphIndex=subgraph(b, convolved), elseSubgraphIndex=subgraph(b, copied)
    )
    y = b.activation((1, 4, 5, 3), 0.3, 7)
    b.operator(Kind.IF, [condition, x], [y], options)
    return y


def test_of_a_branch_that_is_computed_the_chosen_one_counts() -> None:
    b = ModelBuilder(1)
    x = image(b)
    condition = typed_input(b, (1,), DType.BOOL)
    y = branching(b, condition, x)
    engines = check(b, [b.conv2d(y, 4)], 1, 2, 3, 4)
    assert engines.count("array") == 3 and "core" in engines


@pytest.mark.parametrize("chosen", [False, True])
def test_a_branch_that_is_known_costs_nothing(chosen: bool) -> None:
    b = ModelBuilder(2)
    condition = b.tensor((), dtype=DType.BOOL, data=np.array(chosen))
    y = branching(b, condition, image(b))
    assert "core" not in check(b, [y], 1)


def looping(b: ModelBuilder, turns: int, is_computed: bool = False) -> list[int]:
    """Turn after turn, a convolution of what there is, beside a counter."""

    def counted(b: ModelBuilder) -> tuple[int, int]:
        return typed_input(b, (), DType.INT32), image(b)

    def condition(b: ModelBuilder) -> list[int]:
        counter, _ = counted(b)
        y = b.tensor((), dtype=DType.BOOL)
        b.operator(Kind.LESS, [counter, int32(b, turns)], [y])
        return [y]

    def body(b: ModelBuilder) -> list[int]:
        counter, x = counted(b)
        following = b.tensor((), dtype=DType.INT32)
        b.operator(Kind.ADD, [counter, int32(b, 2)], [following], schema.AddOptionsT())
        return [following, b.conv2d(x, 3, scale=0.05, zero_point=-4)]

    x = image(b)
    start = typed_input(b, (), DType.INT32) if is_computed else int32(b, 1)
    options = schema.WhileOptionsT(
        condSubgraphIndex=subgraph(b, condition), bodySubgraphIndex=subgraph(b, body)
    )
    last, y = b.tensor((), dtype=DType.INT32), b.activation((1, 4, 5, 3), 0.05, -4)
    b.operator(Kind.WHILE, [start, x], [last, y], options)
    return [y]


@pytest.mark.parametrize("turns", [0, 5])
def test_a_loop_is_unrolled(turns: int) -> None:
    b = ModelBuilder(3)
    engines = check(b, looping(b, turns), 1, 2)
    assert engines.count("array") == turns // 2


def test_a_loop_without_a_known_end_is_refused() -> None:
    b = ModelBuilder(4)
    with pytest.raises(ModelError, match="operator 0 WHILE 't2': its condition is computed"):
        read_model(b.build(*looping(b, 3, is_computed=True)))


def test_a_loop_without_an_end_is_refused() -> None:
    b = ModelBuilder(5)
    with pytest.raises(ModelError, match="its loops come to more than 50000 operators"):
        read_model(b.build(*looping(b, 2**31 - 2)))


def test_a_subgraph_that_is_not_there_is_named() -> None:
    b = ModelBuilder(6)
    outputs = looping(b, 3)
    b.subgraph.operators[0].builtinOptions.bodySubgraphIndex = 9
    with pytest.raises(ModelError, match="calls subgraph 9, which is not there"):
        read_model(b.build(*outputs))


def test_subgraphs_that_nothing_calls_do_not_count() -> None:
    b = ModelBuilder(7)
    y = b.conv2d(image(b), 3)
    subgraph(b, copied)
    assert check(b, [y], 1) == ["array"]
