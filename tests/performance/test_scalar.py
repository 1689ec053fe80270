"""Cycles of the scalar datapath in Verilog against the prediction, and their own parts."""

from __future__ import annotations

import json
from pathlib import Path

from arch.isa import Engine
from boards.catalogue import find_board, own_config
from compiler.timing.memory import MemoryTiming
from compiler.timing.scalar_array import MOST_TAPS
from gen.microcode import SOURCE_FOLDER
from sim.job import BusSettings
from sim.measure import measurement_of
from sim.reference import random_inputs
from sim.run import prepare, run_verilog
from sim.trace import trace_of, write_trace
from tests.model_builder import ModelBuilder
from tests.performance.test_cycles import check_parts, check_prediction

MEMORY = MemoryTiming(bytes_per_cycle=4, latency=20)


def test_the_model_of_time_knows_how_many_taps_are_planned_at_a_time() -> None:
    assert f"constexpr uint32_t MOST_TAPS = {MOST_TAPS};" in (SOURCE_FOLDER / "plan.h").read_text()


def mixed(b: ModelBuilder) -> int:
    """None of the networks that the prediction's constants come from."""
    x = b.conv2d(b.input((1, 12, 10, 2)), 8, (5, 3), stride=(2, 2))
    y = b.depthwise_conv2d(x)
    x = b.max_pool2d(b.add(x, b.conv2d(y, 8, (1, 1))), (3, 3), (2, 2))
    x = b.conv2d(x, 12, (3, 3))
    return b.fully_connected(b.reshape(x, (1, 48)), 20)


def test_a_network_is_as_fast_as_predicted_and_its_commands_follow_each_other(
    tmp_path: Path,
) -> None:
    b = ModelBuilder(1)
    path = tmp_path / "mixed.tflite"
    path.write_bytes(b.build(mixed(b)))
    prepared = prepare(path, own_config(find_board("icebreaker")), memory=MEMORY)
    bus = BusSettings(
        read_latency_cycles=MEMORY.latency,
        write_latency_cycles=MEMORY.latency,
        read_bytes_per_cycle=MEMORY.bytes_per_cycle,
        write_bytes_per_cycle=MEMORY.bytes_per_cycle,
    )
    run = run_verilog(prepared, [random_inputs(prepared.graph, 1)], bus=bus)
    assert run.bit_exact, run.outcomes[0].mismatch
    measured = measurement_of("mixed", run, MEMORY, 1)
    check_prediction(measured)
    check_parts(measured)

    result = run.outcomes[0].result
    intervals = result.events.intervals
    for one, following in zip(intervals, intervals[1:], strict=False):
        assert one.end is not None and one.end <= following.start
    file = tmp_path / "trace.json"
    write_trace(file, trace_of(prepared.program, prepared.params, result))
    slices = [e for e in json.loads(file.read_text())["traceEvents"] if e["ph"] == "X"]
    assert len(slices) == len(intervals)
    array = int(Engine.ARRAY) + 1
    assert [(e["ts"], e["args"]["end"]) for e in slices if e["tid"] == array] == [
        (i.start, i.end) for i in result.events.of(Engine.ARRAY)
    ]
