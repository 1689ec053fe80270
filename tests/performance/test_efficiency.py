"""Cycles of single layers in Verilog against what the array could do at best."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import ceil, prod
from pathlib import Path

import pytest

from arch.config import load_config
from arch.params import Params
from compiler.layer_times import LayerTime
from compiler.program import LayerInfo
from sim.layers import layer_cycles
from sim.reference import random_inputs
from sim.run import prepare, run_verilog
from tests.model_builder import ModelBuilder

CONFIGS = ("small", "medium")


def separable(b: ModelBuilder) -> int:
    """Layers over 20x20 and 10x10 pixels of 64 channels, by their numbers."""
    x = b.conv2d(b.input((1, 20, 20, 16)), 64, (1, 1))  # 0
    x = b.depthwise_conv2d(x)  # 1
    y = b.conv2d(x, 64, (1, 1))  # 2
    x = b.add(x, y)  # 3
    x = b.max_pool2d(x, (2, 2), (1, 1))  # 4
    x = b.depthwise_conv2d(x, stride=(2, 2))  # 5
    x = b.conv2d(x, 64, (1, 1))  # 6
    x = b.depthwise_conv2d(x, 1, (10, 8))  # 7
    x = b.average_pool2d(x, (2, 2), (2, 2))  # 8
    return b.conv2d(x, 64)  # 9


def matrices(b: ModelBuilder) -> int:
    return b.fully_connected(b.fully_connected(b.input((1, 256)), 768), 512)


def speech(b: ModelBuilder) -> int:
    return b.conv2d(b.input((1, 49, 10, 1)), 64, (10, 4), stride=(2, 2))


def picture(b: ModelBuilder) -> int:
    return b.conv2d(b.input((1, 48, 48, 3)), 16, stride=(2, 2))


def four_channels(b: ModelBuilder) -> int:
    return b.conv2d(b.input((1, 24, 24, 4)), 16, (5, 5))


@cache
def measured(
    network: Callable[[ModelBuilder], int], config: str, folder: Path
) -> list[tuple[LayerInfo, LayerTime]]:
    b = ModelBuilder(1)
    path = folder / f"{network.__name__}.tflite"
    path.write_bytes(b.build(network(b)))
    prepared = prepare(path, load_config(config))
    run = run_verilog(prepared, [random_inputs(prepared.graph, 1)])
    assert run.bit_exact, run.outcomes[0].mismatch
    times = layer_cycles(prepared.program, run.outcomes[0].result)
    return list(zip(prepared.program.layers, times, strict=True))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("efficiency")


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize(
    "layer, least",
    [
        pytest.param(1, 0.50, id="depthwise 3x3"),
        pytest.param(5, 0.20, id="depthwise 3x3 with stride 2"),
        pytest.param(7, 0.50, id="depthwise 10x8"),
        pytest.param(2, 0.95, id="pointwise, 400 pixels"),
        pytest.param(6, 0.95, id="pointwise, 100 pixels"),
    ],
)
def test_layers_use_their_share_of_the_array(
    config: str, layer: int, least: float, folder: Path
) -> None:
    info, time = measured(separable, config, folder)[layer]
    share = info.macs / time.cycles / Params(load_config(config)).macs_per_cycle
    assert share >= least, f"{share:.3f} of the MACs"


@pytest.mark.parametrize("config", CONFIGS)
def test_additions_leave_at_lanes_elements_a_cycle(config: str, folder: Path) -> None:
    _, time = measured(separable, config, folder)[3]
    assert 20 * 20 * 64 / time.cycles >= 0.95 * Params(load_config(config)).lanes


@pytest.mark.parametrize("config", CONFIGS)
def test_pools_read_a_word_a_cycle(config: str, folder: Path) -> None:
    """A maximum reads one tap of all columns at a time; sums leave at ``lanes`` a cycle."""
    p = Params(load_config(config))
    words = 64 // p.cols
    maximum, average = (measured(separable, config, folder)[i][1].cycles for i in (4, 8))
    assert 4 * 20 * 20 * words / maximum >= 0.9
    assert 5 * 5 * words * p.lane_groups / average >= 0.4  # 100 cycles are mostly their latency


@pytest.mark.parametrize("config", (*CONFIGS, "large"))
def test_matrices_stream_at_the_bandwidth_of_memory(config: str, folder: Path) -> None:
    info, time = measured(matrices, config, folder)[1]
    assert info.macs / time.cycles >= 7.5


@pytest.mark.parametrize(
    ("network", "config", "least"),
    [
        (speech, "small", 2.0),
        (speech, "medium", 2.0),
        (picture, "small", 2.0),
        (picture, "medium", 2.0),
        # Tap by tap four channels fill half of the eight rows, so 2.0 would take every MAC.
        (four_channels, "small", 1.85),
        (four_channels, "medium", 2.0),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_first_layers_are_about_twice_as_fast_as_tap_by_tap(
    network: Callable[[ModelBuilder], int], config: str, least: float, folder: Path
) -> None:
    ((_, time),) = measured(network, config, folder)
    b = ModelBuilder(1)
    y = network(b)
    n_out, height, width, _ = b.shape(b.subgraph.operators[0].inputs[1])
    pixels = prod(b.shape(y)[1:3])
    tap_by_tap = height * width * pixels * ceil(n_out / Params(load_config(config)).cols)
    assert tap_by_tap / (time.end - time.start) >= least
