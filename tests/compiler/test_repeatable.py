"""A model gives the same program each time, wherever its graph lies in the host's memory."""

from __future__ import annotations

import random

from arch.config import load_config
from compiler.compile import compile_graph
from compiler.graph import Graph
from compiler.tflite_reader import read_model
from tests.model_builder import ModelBuilder

N_TIMES = 5


def in_other_order(data: bytes, rng: random.Random) -> Graph:
    """Read a model into memory that objects of the same kind left in any order."""
    tensors = [tensor for _ in range(20) for tensor in read_model(data, "m").tensors]
    rng.shuffle(tensors)
    while tensors:
        tensors.pop()
    return read_model(data, "m")


def test_equal_tensors_that_do_not_fit_move_in_the_same_order_each_time() -> None:
    b = ModelBuilder(1)
    x = b.conv2d(b.input((1, 32, 32, 3)), 16, (3, 3))
    for _ in range(2):
        x = b.add(x, b.conv2d(b.conv2d(x, 16, (3, 3)), 16, (3, 3)))
    data = b.build(x)
    rng = random.Random(1)
    config = load_config("tiny")
    graphs = [in_other_order(data, rng) for _ in range(N_TIMES)]
    orders = {tuple(sorted(range(len(g.tensors)), key=lambda i: id(g.tensors[i]))) for g in graphs}
    assert len(orders) > 1, "the graphs lie alike"
    assert len({bytes(compile_graph(graph, config).commands) for graph in graphs}) == 1
