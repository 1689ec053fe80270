"""The MLPerf Tiny networks in Verilog: equal to TensorFlow Lite Micro, and fast enough.

Random inputs follow from the seed, which is printed; WEFT_SEED gives it back.
"""

from __future__ import annotations

import pytest

from arch.config import load_config
from arch.params import Params
from arch.registers import Counter
from sim.blocks import choose_seed
from sim.ethos_u55 import CYCLES
from sim.job import BusSettings
from sim.reference import extreme_inputs, random_inputs
from sim.run import ModelRun, Prepared, prepare_bytes, run_verilog
from tests.mlperf import MLPERF_NAMES, mlperf_model

N_INPUTS = {"kws": 10, "ad": 10, "vww": 3, "ic": 3}


def prepared(name: str, config: str) -> Prepared:
    return prepare_bytes(mlperf_model(name), name, load_config(config))


def exact(ready: Prepared, n_random: int, bus: BusSettings | None = None) -> ModelRun:
    """Run all extreme and so many random inputs; every one must give the reference's outputs."""
    seed = choose_seed()
    print(f"seed {seed} (repeat with WEFT_SEED={seed})")
    inputs = [random_inputs(ready.graph, seed + i) for i in range(n_random)]
    run = run_verilog(ready, [*extreme_inputs(ready.graph), *inputs], bus=bus)
    for i, outcome in enumerate(run.outcomes):
        assert outcome.mismatch is None, f"input {i}: {outcome.mismatch}"
    return run


def cycles(run: ModelRun) -> int:
    """Cycles of the slowest inference."""
    return max(outcome.result.counters[Counter.TOTAL] for outcome in run.outcomes)


@pytest.mark.parametrize("config", ["small", "medium", "large"])
@pytest.mark.parametrize("name", MLPERF_NAMES)
def test_network_is_exact_and_no_slower_than_ethos_u55(name: str, config: str) -> None:
    run = exact(prepared(name, config), N_INPUTS[name] - 2)
    limit = CYCLES[name, Params(load_config(config)).macs_per_cycle]
    print(f"{name} on {config}: {cycles(run):,} cycles; Ethos-U55: {limit:,}")
    assert cycles(run) <= limit


@pytest.mark.parametrize("name", MLPERF_NAMES)
def test_network_is_exact_on_tiny(name: str) -> None:
    run = exact(prepared(name, "tiny"), N_INPUTS[name] - 2)
    print(f"{name} on tiny: {cycles(run):,} cycles")


@pytest.mark.parametrize("name", MLPERF_NAMES)
def test_network_is_exact_under_random_stalls(name: str) -> None:
    stalls = BusSettings(
        read_latency_cycles=60,
        read_bytes_per_cycle=5,
        stall_probability=0.3,
        out_of_order=True,
        interleave=True,
        seed=choose_seed(),
    )
    exact(prepared(name, "small"), 1, stalls)
