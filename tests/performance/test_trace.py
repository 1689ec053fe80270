"""The timeline of a run: fields of the Trace Event Format, and what the slices say."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from arch.config import load_config
from arch.isa import Engine
from sim.reference import random_inputs
from sim.run import ModelRun, prepare, run_verilog
from sim.trace import SHORTEST_WAIT, TITLES, trace_of, write_trace
from tests.sample_networks import sample_network

Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ModelRun:
    path = tmp_path_factory.mktemp("model") / "narrow.tflite"
    path.write_bytes(sample_network("narrow"))
    prepared = prepare(path, load_config("small"))
    return run_verilog(prepared, [random_inputs(prepared.graph, 1)])


@pytest.fixture(scope="module")
def events(run: ModelRun, tmp_path_factory: pytest.TempPathFactory) -> Events:
    """Events as a reader of the file sees them."""
    file = tmp_path_factory.mktemp("trace") / "trace.json"
    write_trace(file, trace_of(run.prepared.program, run.prepared.params, run.outcomes[0].result))
    trace = json.loads(file.read_text())
    assert trace["displayTimeUnit"] in ("ms", "ns")
    events: Events = trace["traceEvents"]
    return events


def slices_of(events: Events) -> dict[str, Events]:
    names = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    tracks: dict[str, Events] = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            tracks[names[event["tid"]]].append(event)
    return tracks


def test_every_event_has_the_fields_of_the_format(events: Events) -> None:
    for event in events:
        assert isinstance(event["name"], str) and event["name"]
        assert isinstance(event["pid"], int) and isinstance(event["tid"], int)
        assert isinstance(event["args"], dict)
        if event["ph"] == "X":
            assert isinstance(event["cat"], str)
            assert event["ts"] >= 0 and event["dur"] >= 0
        else:
            assert event["ph"] == "M"
            assert event["name"] in ("process_name", "thread_name", "thread_sort_index")


def test_slices_of_a_track_follow_each_other(events: Events) -> None:
    for slices in slices_of(events).values():
        for one, following in zip(slices, slices[1:], strict=False):
            assert one["ts"] + one["dur"] <= following["ts"]


def test_each_command_is_a_slice_named_by_its_layer(run: ModelRun, events: Events) -> None:
    program = run.prepared.program
    tracks = slices_of(events)
    for engine in Engine:
        work = [e for e in tracks[TITLES[engine]] if e["cat"] != "wait"]
        layers = program.command_layers[engine]
        assert [e["name"] for e in work] == [program.layers[i].name for i in layers]
        assert [e["args"]["command"] for e in work] == list(range(len(layers)))


def test_arguments_add_up_to_the_macs_and_bytes_of_the_program(
    run: ModelRun, events: Events
) -> None:
    program = run.prepared.program
    tracks = slices_of(events)
    array = [e for e in tracks["array"] if e["cat"] != "wait"]
    assert sum(e["args"]["macs"] for e in array) == pytest.approx(program.macs, rel=1e-3)
    stores = [e for e in tracks["store engine"] if e["cat"] != "wait"]
    assert sum(e["args"]["bytes"] for e in stores) == program.output_bytes


def test_waits_fill_the_time_between_commands(events: Events) -> None:
    array = slices_of(events)["array"]
    assert any(e["cat"] == "wait" for e in array)
    first = array[0]
    assert first["ts"] == 0 and first["cat"] == "wait"
    for one, following in zip(array, array[1:], strict=False):
        assert following["ts"] - (one["ts"] + one["dur"]) < SHORTEST_WAIT
