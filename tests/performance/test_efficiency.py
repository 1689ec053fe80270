"""Cycles of single layers in Verilog against what the array could do at best."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import ceil, prod
from pathlib import Path

import pytest

from arch.config import load_config
from arch.params import Params
from sim.layers import LayerCycles, layer_cycles
from sim.reference import random_inputs
from sim.run import prepare, run_verilog
from tests.model_builder import ModelBuilder

CONFIGS = ("small", "medium")


def separable(b: ModelBuilder) -> int:
    """Layers over 20x20 and 10x10 pixels of 64 channels, by their numbers."""
    x = b.conv2d(b.input((1, 20, 20, 16)), 64, (1, 1))  # 0
    y = b.depthwise_conv2d(x)  # 1
    x = b.add(x, y)  # 2
    x = b.conv2d(x, 64, (1, 1))  # 3
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
) -> list[LayerCycles]:
    b = ModelBuilder(1)
    path = folder / f"{network.__name__}.tflite"
    path.write_bytes(b.build(network(b)))
    prepared = prepare(path, load_config(config))
    run = run_verilog(prepared, [random_inputs(prepared.graph, 1)])
    assert run.bit_exact, run.outcomes[0].mismatch
    return layer_cycles(prepared.program, run.outcomes[0].result)


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
        pytest.param(3, 0.95, id="pointwise, 361 pixels"),
        pytest.param(6, 0.95, id="pointwise, 100 pixels"),
    ],
)
def test_layers_use_their_share_of_the_array(
    config: str, layer: int, least: float, folder: Path
) -> None:
    row = measured(separable, config, folder)[layer]
    share = row.info.macs / row.cycles / Params(load_config(config)).macs_per_cycle
    assert share >= least, f"{share:.3f} of the MACs"


@pytest.mark.parametrize("config", CONFIGS)
def test_additions_leave_at_lanes_elements_a_cycle(config: str, folder: Path) -> None:
    row = measured(separable, config, folder)[2]
    assert 20 * 20 * 64 / row.cycles >= 0.95 * Params(load_config(config)).lanes


@pytest.mark.parametrize("config", CONFIGS)
def test_pools_read_a_word_a_cycle(config: str, folder: Path) -> None:
    """A maximum reads one tap of all columns at a time; sums leave at ``lanes`` a cycle."""
    p = Params(load_config(config))
    words = 64 // p.cols
    maximum, average = (measured(separable, config, folder)[layer].cycles for layer in (4, 8))
    assert 4 * 20 * 20 * words / maximum >= 0.9
    assert 5 * 5 * words * p.lane_groups / average >= 0.4  # 100 cycles are mostly their latency


@pytest.mark.parametrize("config", (*CONFIGS, "large"))
def test_matrices_stream_at_the_bandwidth_of_memory(config: str, folder: Path) -> None:
    row = measured(matrices, config, folder)[1]
    assert row.info.macs / row.cycles >= 7.5


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("network", [speech, picture, four_channels], ids=lambda n: n.__name__)
def test_first_layers_are_twice_as_fast_as_tap_by_tap(
    config: str, network: Callable[[ModelBuilder], int], folder: Path
) -> None:
    (row,) = measured(network, config, folder)
    b = ModelBuilder(1)
    y = network(b)
    conv = b.subgraph.operators[0]
    n_out, height, width, _ = b.shape(conv.inputs[1])
    pixels = prod(b.shape(y)[1:3])
    tap_by_tap = height * width * pixels * ceil(n_out / Params(load_config(config)).cols)
    assert row.cycles <= tap_by_tap / 2, f"{row.cycles} cycles, tap by tap {tap_by_tap}"
