"""Products of variable matrices, and sums that operators on the core give to the array."""

from __future__ import annotations

from pathlib import Path

from arch.config import load_config
from sim.reference import random_inputs
from sim.run import prepare, run_verilog
from tests.attention_network import attention_block
from tests.model_builder import ModelBuilder
from tests.product_cases import svdf, unidirectional_sequence_lstm


def test_attention_lstm_and_svdf_are_bit_exact_in_verilog(tmp_path: Path) -> None:
    b = ModelBuilder(7)
    outputs = attention_block(b, tokens=13, width=20, heads=2)
    outputs += [*unidirectional_sequence_lstm(b), *svdf(b)]
    path = tmp_path / "products.tflite"
    path.write_bytes(b.build(*outputs))
    prepared = prepare(path, load_config("small"))
    engines = {layer.op: layer.engine for layer in prepared.program.layers}
    assert engines["BATCH_MATMUL"] == "array" and engines["SVDF"] == "core"
    run = run_verilog(prepared, [random_inputs(prepared.graph, seed) for seed in (1, 2)])
    assert run.bit_exact, [outcome.mismatch for outcome in run.outcomes]
