"""Random operators and networks, compiled for many accelerators, give what the reference gives.

To repeat a failure: WEFT_SEED as it is printed, and WEFT_CASES=1. To search longer: raise
WEFT_CASES.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arch.params import Params
from compiler.errors import ModelError
from sim.blocks import choose_seed
from sim.job import Job, Run
from sim.reference import extreme_inputs, random_inputs
from sim.run import Prepared, prepare_bytes, run_functional
from tests.compiler.cases import CASES
from tests.configs import NAMES, config
from tests.cosim.workload import Expected, Workload, inferences, run_workload
from tests.model_builder import Kind, ModelBuilder
from tests.networks import random_network

N_CASES = int(os.environ.get("WEFT_CASES", "8"))
N_VERILOG_CASES = int(os.environ.get("WEFT_CASES", "3"))
KINDS = (*CASES, "network", "custom_network")
DIGITS = Path(__file__).parents[2] / "examples" / "digits"
SMALL_MEMORY = ("narrow", "tall", "wide")
VERILOG_CONFIGS = ("tiny", "tall")
SLOW_CONFIGS = ("narrow", "wide", "bare")  # whose Verilog takes minutes to build


def soft_knee(b: ModelBuilder, x: int) -> int:
    """The custom operator of examples/digits, whose operands are constants for each channel."""
    scale, n = b.quantisation(x)[0], b.shape(x)[-1]
    slope = b.constant(b.rng.integers(-128, 128, n, np.int8), scale=1 / 128, zero_point=0)
    knees = b.rng.integers(1, 8000, n, np.int16)
    knee = b.constant(knees, scale=np.float32(scale) / np.float32(256), zero_point=0)
    y = b.activation(b.shape(x), scale=scale * b.rng.uniform(0.3, 2))
    b.operator(Kind.CUSTOM, [x, slope, knee], [y], custom_name="SoftKnee")
    return y


def custom_network(b: ModelBuilder) -> int:
    """Convolutions with the custom operator between them, around all of which goes an addition."""
    channels = int(b.rng.choice([1, 3, 8, 13]))
    size = [int(n) for n in b.rng.integers(1, 8, 2)]
    x = b.conv2d(b.input((1, *size, 3)), channels, (3, 3))
    y = b.conv2d(soft_knee(b, x), channels, (1, 1))
    return b.add(soft_knee(b, y), x)


def model(kind: str, seed: int) -> bytes:
    """The file of one random operator, or of a network of several."""
    builder = ModelBuilder([seed, zlib.crc32(kind.encode())])
    if kind == "network":
        return builder.build(*random_network(builder, int(builder.rng.integers(2, 10))))
    if kind == "custom_network":
        return builder.build(custom_network(builder))
    return builder.build(CASES[kind](builder))


def compiled(kind: str, seed: int, config_name: str) -> Prepared | None:
    """The model compiled; None where the accelerator lacks the core or the memory that it needs."""
    chosen = config(config_name)
    op_sources = [DIGITS / "soft_knee.cc"] if kind == "custom_network" else []
    try:
        return prepare_bytes(model(kind, seed), kind, chosen, op_sources)
    except ModelError as error:
        no_core = "runs on the core" in str(error) and not chosen.has_core
        no_room = "bytes of scratchpad at once" in str(error) and config_name in SMALL_MEMORY
        assert no_core or no_room, f"{config_name}, {kind}, WEFT_SEED={seed}: {error}"
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_functional_model_equals_the_reference(kind: str) -> None:
    base = choose_seed()
    print(f"seed {base} (repeat with WEFT_SEED={base})")
    n_compiled = dict.fromkeys(NAMES, 0)
    for seed in range(base, base + N_CASES):
        for name in NAMES:
            ready = compiled(kind, seed, name)
            if ready is None:
                continue
            n_compiled[name] += 1
            inputs = [random_inputs(ready.graph, seed), *extreme_inputs(ready.graph)]
            for outcome in run_functional(ready, inputs).outcomes:
                where = f"{name}, WEFT_SEED={seed} WEFT_CASES=1"
                assert outcome.mismatch is None, f"{where}: {outcome.mismatch}"
    print(f"compiled: {n_compiled}")


@pytest.mark.regress("random_ops")
@pytest.mark.parametrize("name", [*VERILOG_CONFIGS, *SLOW_CONFIGS])
def test_verilog_equals_the_reference(name: str) -> None:
    """Many models one after the other on one device."""
    if name in SLOW_CONFIGS and "WEFT_SLOW" not in os.environ:
        pytest.skip("its Verilog takes minutes to build; set WEFT_SLOW=1")
    base = choose_seed()
    runs: list[Run] = []
    expected: list[Expected] = []
    memory_bytes = 0
    for kind in KINDS:
        for seed in range(base, base + N_VERILOG_CASES):
            ready = compiled(kind, seed, name)
            if ready is None:
                continue
            part = inferences(ready, [random_inputs(ready.graph, seed)])
            print(f"run {len(runs)}: {kind}, WEFT_SEED={seed} WEFT_CASES=1")
            (run,) = part.job.runs
            runs.append(
                replace(run, writes=(*part.job.image, *run.writes), regions=part.job.regions)
            )
            expected += part.expected
            memory_bytes = max(memory_bytes, part.job.memory_bytes)
    job = Job(tuple(runs), memory_bytes=memory_bytes)
    run_workload(Workload(Params(config(name)), job, tuple(expected)), base)
