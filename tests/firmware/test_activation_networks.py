"""Networks with element-wise operators, compiled and run in the functional model."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from arch.config import Config, load_config
from arch.isa import Engine
from arch.params import Params
from compiler.compile import compile_graph
from compiler.fuse import FusedTables
from compiler.lower import engine_of
from compiler.program import Program
from compiler.tflite_reader import read_model
from compiler.transfers import ARENA_REGION, INPUT_REGION, OUTPUT_REGION, PROGRAM_REGION
from firmware.builder import FirmwareBuilder
from sim.model import FunctionalModel, Region
from sim.reference import Reference, random_inputs
from tests.activation_networks import FUNCTIONS, activation_network, function
from tests.firmware.helpers import BASE_SEED, roomy
from tests.model_builder import ModelBuilder

N_NETWORKS = int(os.environ.get("WEFT_CASES", "4"))


def config_of(preset: str, **changes: Any) -> Config:
    """A preset whose core has room for every operator of a random network."""
    config = load_config(preset)
    return config.model_copy(update={"core": roomy().config.core, **changes})


def in_model(data: bytes, config: Config, seed: int) -> tuple[Program, list[str]]:
    """Run a model once; its program, and what is wrong with its outputs."""
    graph, params = read_model(data), Params(config)
    builder = FirmwareBuilder(params)
    program = compile_graph(graph, config, builder)
    inputs = random_inputs(graph, seed)
    memory = {
        PROGRAM_REGION: bytearray(program.image),
        INPUT_REGION: bytearray(program.input_bytes),
        OUTPUT_REGION: bytearray(program.output_bytes),
        ARENA_REGION: bytearray(program.arena_bytes),
    }
    for place, array in zip(program.inputs, inputs, strict=True):
        memory[INPUT_REGION][place.offset : place.offset + place.n_bytes] = array.tobytes()
    regions = [Region(memory[i], read=True, write=True) for i in sorted(memory)]
    model = FunctionalModel(params, builder.host_core, regions)
    start = program.commands_offset
    model.run(program.image[start : start + program.commands_bytes])
    wrong = []
    for place, expected in zip(program.outputs, Reference(data).run(inputs), strict=True):
        raw = memory[OUTPUT_REGION][place.offset : place.offset + place.n_bytes]
        found: NDArray[Any] = np.frombuffer(bytes(raw), expected.dtype).reshape(expected.shape)
        if found.tobytes() != expected.tobytes():
            wrong.append(f"{place.name}: {np.sum(found != expected)} of {expected.size} differ")
    return program, wrong


@pytest.mark.parametrize("preset", ["tiny", "small", "medium"])
def test_random_networks_give_the_outputs_of_the_reference(preset: str) -> None:
    for seed in range(BASE_SEED, BASE_SEED + N_NETWORKS):
        b = ModelBuilder([seed, 7])
        data = b.build(*activation_network(b))
        _, wrong = in_model(data, config_of(preset), seed)
        assert not wrong, f"WEFT_SEED={seed} WEFT_CASES=1, {preset}: {wrong}"


def test_without_the_element_wise_unit_the_core_does_it() -> None:
    b = ModelBuilder([BASE_SEED, 8])
    data = b.build(*activation_network(b))
    _, wrong = in_model(data, config_of("tiny", elementwise=False), BASE_SEED)
    assert not wrong


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_functions_behind_a_convolution_cost_no_command(kind: str) -> None:
    b = ModelBuilder(BASE_SEED)
    x = b.conv2d(b.input((1, 6, 7, 5), scale=0.05), 9, scale=0.04, filter_scale=1e-4)
    y = function(b, kind, x)
    data = b.build(b.conv2d(y, 4))
    program, wrong = in_model(data, config_of("small"), BASE_SEED)
    assert not wrong
    assert [layer.engine for layer in program.layers] == ["array", "none", "array"]
    assert 1 not in program.command_layers[Engine.ARRAY]


def test_functions_whose_operand_is_needed_elsewhere_are_not_fused() -> None:
    b = ModelBuilder(BASE_SEED)
    x = b.conv2d(b.input((1, 6, 7, 5), scale=0.05), 9, scale=0.04, filter_scale=1e-4)
    y = function(b, "TANH", x)
    data = b.build(b.add(x, y))
    graph, params = read_model(data), Params(config_of("small"))
    assert not any(FusedTables(graph, params).is_gone(op) for op in graph.operators)
    assert engine_of(graph.operators[1], params) is Engine.ARRAY
    _, wrong = in_model(data, config_of("small"), BASE_SEED)
    assert not wrong


def test_tensors_beyond_the_scratchpad_pass_through_tables_in_slabs() -> None:
    for fused in (True, False):
        b = ModelBuilder(BASE_SEED)
        x = b.input((1, 60, 60, 16), scale=0.05, zero_point=4)
        if fused:
            x = b.conv2d(x, 16, (1, 1), scale=0.04, zero_point=0, filter_scale=1e-4)
        y = function(b, "HARD_SWISH", x)
        data = b.build(b.max_pool2d(y) if fused else y)
        program, wrong = in_model(data, config_of("tiny"), BASE_SEED)
        assert not wrong
        assert program.scratchpad_bytes < 60 * 60 * 16
