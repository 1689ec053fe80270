"""Cycles of products on the array and on the core: python -m tests.performance.products

Attention, an LSTM and an SVDF on ``small``, in Verilog. The core alone takes minutes to simulate.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import compiler.compile as back_end
from arch.config import load_config
from compiler.builtin import Kind
from compiler.lower import CONDITIONS
from sim.layers import layer_cycles
from sim.reference import random_inputs
from sim.run import prepare, run_verilog
from tests.attention_network import attention_block
from tests.model_builder import ModelBuilder
from tests.recurrent_networks import lstm_layer, svdf_layer

OPERATORS = (Kind.BATCH_MATMUL, Kind.UNIDIRECTIONAL_SEQUENCE_LSTM, Kind.SVDF)
NETWORKS: Mapping[str, Callable[[ModelBuilder], list[int]]] = {
    "32 tokens of 64, 2 heads": lambda b: attention_block(b, 32, 64, 2),
    "8 steps of 40, 64 units": lambda b: [lstm_layer(b, 8, 40, 64)],
    "392 inputs, 256 filters of 8": lambda b: [svdf_layer(b, 392, 256, 8)],
}


@contextmanager
def core_alone() -> Iterator[None]:
    """Compiled as if the array could do none of it."""
    never = {Kind.BATCH_MATMUL: lambda op, params: False}
    with (
        mock.patch.dict(CONDITIONS, never),  # type: ignore[arg-type]
        mock.patch.object(back_end, "core_products", lambda op, params: None),
    ):
        yield


def cycles(model: Path) -> list[tuple[str, int]]:
    """Names and cycles of the operators in question."""
    prepared = prepare(model, load_config("small"))
    run = run_verilog(prepared, [random_inputs(prepared.graph, 1)])
    assert run.bit_exact, run.outcomes[0].mismatch
    times = layer_cycles(prepared.program, run.outcomes[0].result)
    names = {kind.name for kind in OPERATORS}
    layers = zip(prepared.program.layers, times, strict=True)
    return [(layer.op, time.cycles) for layer, time in layers if layer.op in names]


def main() -> None:
    print("| network | operator | core alone | with the array |\n|---|---|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for name, network in NETWORKS.items():
            b, model = ModelBuilder(3), Path(folder) / "model.tflite"
            model.write_bytes(b.build(*network(b)))
            with_array = cycles(model)
            with core_alone():
                alone = cycles(model)
            for (op, before), (_, after) in zip(alone, with_array, strict=True):
                print(f"| {name} | {op} | {before:,} | {after:,} |", flush=True)


if __name__ == "__main__":
    main()
