"""Cycles in Verilog against the committed ones, the prediction, and their own parts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arch.config import load_config
from cli.models import locate
from compiler.timing.memory import MemoryTiming
from sim.measure import Measurement, measure
from tests.mlperf import MLPERF_NAMES, mlperf_model
from tests.sample_networks import SAMPLES, sample_network

BASELINE = Path(__file__).with_name("cycles.json")
"""Renewed by: weft bench --cycles tests/performance/cycles.json"""

CONFIGS = ("small", "medium", "large")
MOST_LOSS = 0.02
MOST_ERROR = 0.05


def check_parts(m: Measurement) -> None:
    """What cycles were spent on adds up to them, and the bound is one."""
    assert sum(m.losses.values()) == pytest.approx(m.cycles, abs=1)
    assert min(m.losses.values()) >= 0, m.losses
    assert m.bound <= m.cycles
    assert m.bytes_read >= m.least_read and m.bytes_written >= m.least_written


def check_prediction(m: Measurement) -> None:
    error = m.predicted_cycles / m.cycles - 1
    assert abs(error) <= MOST_ERROR, f"predicted {m.predicted_cycles}, measured {m.cycles}"


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("name", MLPERF_NAMES)
def test_network_is_as_fast_as_committed_and_as_predicted(name: str, config: str) -> None:
    mlperf_model(name)  # skips where it is not here
    path = locate(name)
    assert path is not None
    m = measure(name, path, load_config(config), MemoryTiming())
    before = json.loads(BASELINE.read_text())[config][name]
    assert m.cycles <= before * (1 + MOST_LOSS), (
        f"{name} on {config}: {m.cycles} cycles, {before} before; if the loss is meant, renew the"
        f" baseline with: weft bench --cycles {BASELINE.name}"
    )
    assert m.ethos_u55 is not None and m.cycles < m.ethos_u55
    check_prediction(m)
    check_parts(m)


@pytest.mark.parametrize(
    ("config", "memory"),
    [
        ("small", MemoryTiming()),
        ("medium", MemoryTiming()),
        ("medium", MemoryTiming(bytes_per_cycle=2, latency=100)),
    ],
    ids=["small", "medium", "medium-slow-memory"],
)
@pytest.mark.parametrize("name", SAMPLES)
def test_other_networks_are_as_fast_as_predicted(
    name: str, config: str, memory: MemoryTiming, tmp_path: Path
) -> None:
    path = tmp_path / f"{name}.tflite"
    path.write_bytes(sample_network(name))
    m = measure(name, path, load_config(config), memory)
    check_prediction(m)
    check_parts(m)
