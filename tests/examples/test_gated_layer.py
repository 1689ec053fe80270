"""An operator on the core that uses DMA and array itself gives what it gives without them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from arch.config import load_config
from sim.reference import random_inputs
from sim.run import Prepared, prepare, run_functional, run_verilog
from tests.configs import SCALAR, config
from tests.examples.gated_layer import SOURCE, gated_layer
from tests.model_builder import ModelBuilder


def prepared(folder: Path, config_name: str, rows: int, depth: int, columns: int) -> Prepared:
    b = ModelBuilder(rows + depth)
    x = b.fully_connected(b.input((rows, 5), scale=0.02), depth, scale=0.03, zero_point=-7)
    path = folder / "gated.tflite"
    path.write_bytes(b.build(b.fully_connected(gated_layer(b, x, columns), 4)))
    return prepare(path, config(config_name), [SOURCE])


@pytest.mark.parametrize("name", ["small", "large", "tall", "wide"])
@pytest.mark.parametrize("shape", [(2, 3, 5), (5, 19, 13)])
def test_products_and_tables_on_the_accelerator_are_those_of_plain_loops(
    name: str, shape: tuple[int, int, int], tmp_path: Path
) -> None:
    ready = prepared(tmp_path, name, *shape)
    assert "core" in [layer.engine for layer in ready.program.layers]
    run = run_functional(ready, [random_inputs(ready.graph, seed) for seed in (1, 2)])
    assert run.bit_exact, [outcome.mismatch for outcome in run.outcomes]


def test_operator_gives_commands_to_the_scalar_datapath_in_verilog(tmp_path: Path) -> None:
    ready = prepared(tmp_path, SCALAR, 2, 3, 5)
    assert "core" in [layer.engine for layer in ready.program.layers]
    run = run_verilog(ready, [random_inputs(ready.graph, 1)])
    assert run.bit_exact, run.outcomes[0].mismatch


def test_operator_uses_the_accelerator_in_verilog(tmp_path: Path) -> None:
    ready = prepared(tmp_path, "small", 9, 19, 21)
    assert ready.params.config == load_config("small")
    run = run_verilog(ready, [random_inputs(ready.graph, seed) for seed in (3, 4)])
    assert run.bit_exact, [outcome.mismatch for outcome in run.outcomes]
    outputs = [outcome.outputs[0] for outcome in run.outcomes]
    assert not np.array_equal(outputs[0], outputs[1])
