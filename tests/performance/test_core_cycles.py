"""What operators on the core are expected to take against what they take in Verilog."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from arch.config import load_config
from sim.layers import layer_cycles
from sim.reference import random_inputs
from sim.run import prepare_bytes, run_verilog
from tests.configs import SCALAR
from tests.configs import config as config_of
from tests.examples.gated_layer import SOURCE, gated_layer
from tests.model_builder import DType, Kind, ModelBuilder, schema
from tests.product_cases import svdf, unidirectional_sequence_lstm
from tests.typed import int32


def softmax(b: ModelBuilder) -> int:
    return b.softmax(b.input((12, 12)))


def resize(b: ModelBuilder) -> int:
    scale, zero_point = b.scale(), b.zero_point()
    x = b.input((1, 6, 5, 8), scale=scale, zero_point=zero_point)
    y = b.activation((1, 12, 10, 8), scale=scale, zero_point=zero_point)
    options = schema.ResizeBilinearOptionsT()
    b.operator(Kind.RESIZE_BILINEAR, [x, int32(b, [12, 10])], [y], options)
    return y


def logarithm(b: ModelBuilder) -> int:
    y = b.activation((9, 24), scale=16 / 256, zero_point=127)
    b.operator(Kind.LOG_SOFTMAX, [b.input((9, 24), scale=0.1)], [y], schema.LogSoftmaxOptionsT())
    return y


def normalisation(b: ModelBuilder) -> int:
    y = b.activation((9, 24), scale=1 / 128, zero_point=0)
    b.operator(Kind.L2_NORMALIZATION, [b.input((9, 24))], [y], schema.L2NormOptionsT())
    return y


def sine(b: ModelBuilder) -> int:
    x = b.tensor((40,), dtype=DType.FLOAT32)
    b.subgraph.inputs.append(x)
    y = b.tensor((40,), dtype=DType.FLOAT32)
    b.operator(Kind.SIN, [x], [y])
    return y


def gated(b: ModelBuilder) -> int:
    """Its weights are stored row by row, a word each on tiny."""
    return gated_layer(b, b.input((40, 64), scale=0.03, zero_point=-7), 48)


def _compare(
    outputs: Callable[[ModelBuilder], int | list[int]],
    config: str,
    op_sources: Sequence[Path],
    tolerance: float,
) -> None:
    b = ModelBuilder(1)
    made = outputs(b)
    data = b.build(*made) if isinstance(made, list) else b.build(made)
    prepared = prepare_bytes(data, outputs.__name__, config_of(config), op_sources)
    run = run_verilog(prepared, [random_inputs(prepared.graph, 1)])
    assert run.bit_exact, run.outcomes[0].mismatch
    (layer,) = prepared.program.layers
    (time,) = layer_cycles(prepared.program, run.outcomes[0].result)
    assert layer.engine == "core"
    print(f"predicted {layer.predicted_cycles}, measured {time.cycles}")
    assert layer.predicted_cycles == pytest.approx(time.cycles, rel=tolerance)


@pytest.mark.parametrize("network", [softmax, resize, logarithm, normalisation, sine])
def test_operators_on_the_core_take_what_is_predicted(
    network: Callable[[ModelBuilder], int],
) -> None:
    _compare(network, "small", (), 0.05)


@pytest.mark.parametrize("config", ["small", "tiny"])
@pytest.mark.parametrize("network", [gated, unidirectional_sequence_lstm, svdf])
def test_operators_that_give_commands_take_what_is_predicted(
    network: Callable[[ModelBuilder], int | list[int]], config: str
) -> None:
    _compare(network, config, (SOURCE,) if network is gated else (), 0.05)


@pytest.mark.parametrize("network", [unidirectional_sequence_lstm, svdf])
def test_commands_that_operators_give_to_the_scalar_datapath_are_in_its_prediction(
    network: Callable[[ModelBuilder], list[int]],
) -> None:
    _compare(network, SCALAR, (), 0.1)


def test_cycles_on_a_core_with_extensions_are_predicted_as_without() -> None:
    config = load_config("small")
    assert config.core != "none"
    core = config.core.model_copy(update={"zba": True, "zbb": True, "dot4": True})
    predicted = []
    for each in (config, config.model_copy(update={"core": core})):
        b = ModelBuilder(1)
        prepared = prepare_bytes(b.build(logarithm(b)), "logarithm", each)
        (layer,) = prepared.program.layers
        predicted.append(layer.predicted_cycles)
    assert predicted[1] == pytest.approx(predicted[0], rel=0.01)
