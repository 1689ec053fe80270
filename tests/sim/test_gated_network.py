"""A network with operators of every unit, in the Verilog of the whole accelerator."""

from __future__ import annotations

from pathlib import Path

from arch.config import load_config
from sim.reference import random_inputs
from sim.run import prepare, run_verilog
from tests.activation_networks import gated_network
from tests.model_builder import ModelBuilder


def test_tables_sums_and_products_are_bit_exact_in_verilog(tmp_path: Path) -> None:
    b = ModelBuilder(5)
    path = tmp_path / "gated.tflite"
    path.write_bytes(b.build(*gated_network(b)))
    prepared = prepare(path, load_config("small"))
    assert {layer.engine for layer in prepared.program.layers} == {"array", "core", "none"}
    run = run_verilog(prepared, [random_inputs(prepared.graph, seed) for seed in (1, 2)])
    assert run.bit_exact, [outcome.mismatch for outcome in run.outcomes]
