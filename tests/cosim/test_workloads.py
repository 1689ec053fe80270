"""Layers, an operator of one's own and networks on the whole accelerator in Verilog."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from arch.config import load_config
from sim.blocks import choose_seed
from sim.reference import extreme_inputs, random_inputs
from sim.run import Prepared, prepare, prepare_bytes
from tests.cosim.workload import Workload, inferences, judge_workload, run_workload
from tests.model_builder import SAME, VALID, Activation, ModelBuilder
from tests.networks import random_network

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
Layer = Callable[[ModelBuilder], list[int]]


def conv(b: ModelBuilder) -> list[int]:
    """A first layer of three channels, then strides, dilation, and channels that fill no word."""
    x = b.input((1, 13, 11, 3))
    x = b.conv2d(x, 12, (3, 3), stride=(2, 2), activation=Activation.RELU)
    x = b.conv2d(x, 21, (1, 1), padding=VALID)
    return [b.conv2d(x, 9, (3, 2), dilation=(2, 1), activation=Activation.RELU6)]


def depthwise(b: ModelBuilder) -> list[int]:
    """With a multiplier, with strides and dilation."""
    x = b.input((1, 12, 9, 10))
    x = b.depthwise_conv2d(x, 1, (3, 3), activation=Activation.RELU)
    x = b.depthwise_conv2d(x, 2, (3, 3), stride=(2, 1), padding=VALID)
    return [b.depthwise_conv2d(x, 1, (5, 1), dilation=(1, 2), padding=SAME)]


def fully_connected(b: ModelBuilder) -> list[int]:
    """More weights than their memory holds on tiny, and a softmax on the core."""
    x = b.fully_connected(b.input((1, 150)), 70, activation=Activation.RELU)
    return [b.softmax(b.fully_connected(x, 11))]


def residual(b: ModelBuilder) -> list[int]:
    """Additions, pools and a mean around convolutions."""
    x = b.input((1, 8, 8, 8))
    y = b.conv2d(x, 8, (3, 3))
    x = b.max_pool2d(b.add(x, y, activation=Activation.RELU))
    x = b.average_pool2d(b.pad(x, [(0, 0), (1, 0), (0, 1), (0, 0)]), (3, 3), (1, 1), SAME)
    return [b.mean(x)]


def inverted_residual(b: ModelBuilder) -> list[int]:
    """Between its operators lie tensors of almost twice the scratchpad of tiny."""
    x = b.input((1, 48, 48, 8))
    y = b.conv2d(x, 24, (1, 1), activation=Activation.RELU6)
    y = b.depthwise_conv2d(y, activation=Activation.RELU6)
    return [b.add(x, b.conv2d(y, 8, (1, 1)))]


def network(b: ModelBuilder) -> list[int]:
    return random_network(b, 8)


LAYERS: dict[str, Layer] = {
    layer.__name__: layer for layer in (conv, depthwise, fully_connected, residual, network)
}


def workload(prepared: Prepared, seed: int) -> Workload:
    """Two random inputs and the extreme ones."""
    inputs = [random_inputs(prepared.graph, seed + i) for i in range(2)]
    return inferences(prepared, [*inputs, *extreme_inputs(prepared.graph)])


def layer_workload(name: str, config: str, seed: int) -> Workload:
    builder = ModelBuilder(seed)
    data = builder.build(*LAYERS[name](builder))
    return workload(prepare_bytes(data, name, load_config(config)), seed)


@pytest.mark.regress("npu")
@pytest.mark.parametrize("config", ["tiny", "small"])
@pytest.mark.parametrize("layer", LAYERS)
def test_layers_equal_the_reference(layer: str, config: str) -> None:
    seed = choose_seed()
    run_workload(layer_workload(layer, config, seed), seed)


@pytest.mark.regress("npu")
def test_operators_side_by_side_over_rings_of_rows_equal_the_reference() -> None:
    seed = choose_seed()
    builder = ModelBuilder(seed)
    data = builder.build(*inverted_residual(builder))
    prepared = prepare_bytes(data, "inverted_residual", load_config("tiny"))
    assert prepared.program.arena_bytes == 0, "nothing in between goes to external memory"
    run_workload(inferences(prepared, [random_inputs(prepared.graph, seed)]), seed)


@pytest.mark.regress("npu_custom_op")
@pytest.mark.parametrize("config", ["tiny", "small"])
def test_an_operator_of_ones_own_equals_its_host_build(config: str) -> None:
    seed = choose_seed()
    op = DIGITS / "soft_knee.cc"
    prepared = prepare(DIGITS / "digits.tflite", load_config(config), [op])
    run_workload(workload(prepared, seed), seed)


@pytest.mark.regress("npu_axi_judge")
@pytest.mark.parametrize("layer", ["conv", "fully_connected"])
def test_independent_bus_models_agree(layer: str) -> None:
    seed = choose_seed()
    judge_workload(layer_workload(layer, "tiny", seed), seed)
