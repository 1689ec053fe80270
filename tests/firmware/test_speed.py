"""Instructions that the main loop and the operators take, on RV32."""

from __future__ import annotations

import numpy as np
import pytest

from arch.op_interface import OpDescription
from firmware.describe import describe
from sim.reference import Reference, random_inputs
from tests.firmware.helpers import library_image, on_core, small, with_arrays, zeros
from tests.firmware.machine import Machine
from tests.model_builder import VALID, ModelBuilder


def _use(builder: ModelBuilder, output: int, seed: int = 0) -> OpDescription:
    graph = Reference(builder.build(output)).graph
    (op,) = graph.operators
    arrays = dict(zip(map(id, graph.inputs), random_inputs(graph, seed), strict=True))
    return with_arrays(describe(op, lambda t: arrays.get(id(t), 0)), zeros)


def _instructions(use: OpDescription, seed: int = 0) -> int:
    machine = Machine(small(), library_image())
    status, _ = on_core(machine, use, np.random.default_rng(seed), alignment=4)
    assert status == 0
    return machine.instructions


# Classes and scales of the last layers of KWS, IC and VWW.
@pytest.mark.parametrize(
    ("classes", "scale", "limit"), [(12, 0.1447, 640), (10, 0.1719, 570), (2, 0.0146, 290)]
)
def test_softmax_is_quick(classes: int, scale: float, limit: int) -> None:
    most = 0
    for seed in range(20):
        b = ModelBuilder(seed)
        use = _use(b, b.softmax(b.input((1, classes), scale=scale)), seed)
        most = max(most, _instructions(use, seed))
    print(f"SOFTMAX over {classes} classes: at most {most} instructions, dispatch included")
    assert most <= limit


def test_average_pool_of_kws_takes_under_three_instructions_a_code() -> None:
    b = ModelBuilder(0)
    use = _use(b, b.average_pool2d(b.input((1, 25, 5, 64)), (25, 5), (25, 5), VALID))
    n = _instructions(use)
    print(f"AVERAGE_POOL_2D of 25x5x64: {n} instructions")
    assert n < 3 * 25 * 5 * 64


def test_add_takes_under_sixty_instructions_a_code() -> None:
    b = ModelBuilder(0)
    use = _use(b, b.add(b.input((1, 8, 8, 64)), b.input((1, 8, 8, 64))))
    n = _instructions(use)
    print(f"ADD of 8x8x64: {n} instructions")
    assert n < 60 * 8 * 8 * 64
