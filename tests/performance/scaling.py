"""How generation and compilation grow: python -m tests.performance.scaling

Prints seconds, and how much faster than linearly they grow from the step before: 1.0 is linear,
less is better.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from arch.config import Config, load_config, parse_config
from arch.params import Params
from compiler.compile import compile_graph
from compiler.graph import Graph
from compiler.tflite_reader import read_model
from tests.model_builder import ModelBuilder

ARRAYS = (4, 8, 16, 32, 64)
LAYERS = (3, 10, 30, 100)
REPEATS = 3


def array_config(n: int) -> Config:
    """A square array of ``n`` rows with memories that fit it."""
    return parse_config(
        {
            "name": f"array_{n}",
            "rows": n,
            "cols": n,
            "lanes": max(2, n // 4),
            "streams": 2 if n < 8 else 4,
            "scratchpad_kib": 256,
            "scratchpad_banks": 8,
            "weight_memory_kib": 64,
            "weight_rows_per_cycle": 2,
            "axi_data_bits": 64,
            "core": "none",
        }
    )


def chain(n_layers: int) -> Graph:
    """Pointwise and depthwise convolutions in turn, each of the same size."""
    b = ModelBuilder(1)
    x = b.input((1, 16, 16, 32))
    for layer in range(n_layers):
        x = b.depthwise_conv2d(x) if layer % 2 else b.conv2d(x, 32, (1, 1))
    return read_model(b.build(x), "chain")


def seconds_of(work: Callable[[], object], repeats: int) -> float:
    """The least of several times, which other work on the machine disturbs least."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def generation(repeats: int = 1) -> Iterator[tuple[int, float]]:
    """(PEs, seconds) of Verilog for growing arrays."""
    from gen.verilog import npu_verilog

    npu_verilog(Params(array_config(ARRAYS[0])))  # tools that compile themselves when first used
    for n in ARRAYS:
        params = Params(array_config(n))
        yield n * n, seconds_of(lambda params=params: npu_verilog(params), repeats)


def compilation(repeats: int = REPEATS) -> Iterator[tuple[int, float]]:
    """(layers, seconds) of programs for growing models."""
    config = load_config("small").model_copy(update={"core": "none"})
    for n in LAYERS:
        graph = chain(n)
        yield n, seconds_of(lambda graph=graph: compile_graph(graph, config), repeats)


def report(title: str, rows: Iterator[tuple[int, float]]) -> None:
    print(f"{title:>8} {'seconds':>8} {'growth over linear':>20}")
    before: tuple[int, float] | None = None
    for n, seconds in rows:
        growth = "" if before is None else f"{seconds / before[1] / (n / before[0]):.2f}"
        print(f"{n:8} {seconds:8.2f} {growth:>20}", flush=True)
        before = (n, seconds)


if __name__ == "__main__":
    report("PEs", generation())
    report("layers", compilation())
