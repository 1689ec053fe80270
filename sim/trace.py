"""A run as a timeline for the Perfetto viewer (https://ui.perfetto.dev).

The file is JSON of the Trace Event Format ("Trace Event Format", Chromium, 2016), which Perfetto
reads: complete events (``ph`` X) on one thread for each engine. A microsecond stands for a cycle.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from arch.decode import Decoder
from arch.errors import WeftError
from arch.isa import Command, Engine, Mode
from arch.params import Params
from arch.registers import Counter
from compiler.program import Program
from sim.job import RunResult
from sim.losses import Causes, Gap

PID = 1
SHORTEST_WAIT = 4  # cycles; engines take less from one command to the next by themselves
TITLES = {
    Engine.LOAD: "load engine",
    Engine.ARRAY: "array",
    Engine.CORE: "core",
    Engine.STORE: "store engine",
}
MODES = {Mode.CONVOLUTION: "convolution", Mode.DEPTHWISE: "depthwise", Mode.ELEMENTWISE: "flat"}


def trace_of(program: Program, params: Params, result: RunResult) -> dict[str, Any]:
    """The trace of one inference."""
    commands: dict[Engine, list[Command]] = {engine: [] for engine in Engine}
    for engine, command in Decoder().commands(program.commands):
        commands[engine].append(command)
    events = list(_names(program))
    in_order = params.config.datapath == "scalar"  # commands wait for nothing but their turn
    causes = None if in_order else Causes(program, result)
    macs = _macs(program, commands[Engine.ARRAY])
    for engine in Engine:
        work = [_work(params, engine, command) for command in commands[engine]]
        if engine is Engine.ARRAY:
            work = [args | {"macs": n} for args, n in zip(work, macs, strict=True)]
        events += _track(program, result, engine, work, causes)
    return {
        "traceEvents": events,
        "displayTimeUnit": "ns",
        "otherData": {
            "model": program.model,
            "config": program.config,
            "cycles": result.counters[Counter.TOTAL],
            "unit": "1 us is 1 cycle",
        },
    }


def write_trace(path: Path, trace: dict[str, Any]) -> None:
    """Write a trace; one event a line."""
    head = {key: value for key, value in trace.items() if key != "traceEvents"}
    lines = ",\n".join(json.dumps(event) for event in trace["traceEvents"])
    text = json.dumps(head)[:-1] + f', "traceEvents": [\n{lines}\n]}}\n'
    try:
        path.write_text(text)
    except OSError as error:
        raise WeftError(f"{path}: {error.strerror}; choose another file for the trace") from None


def _names(program: Program) -> Iterator[dict[str, Any]]:
    def meta(name: str, tid: int, args: dict[str, Any]) -> dict[str, Any]:
        return {"ph": "M", "pid": PID, "tid": tid, "name": name, "args": args}

    yield meta("process_name", 0, {"name": f"{program.model} on {program.config}"})
    for engine, title in TITLES.items():
        yield meta("thread_name", _tid(engine), {"name": title})
        yield meta("thread_sort_index", _tid(engine), {"sort_index": int(engine)})


def _tid(engine: Engine) -> int:
    return int(engine) + 1


def _track(
    program: Program,
    result: RunResult,
    engine: Engine,
    work: list[dict[str, Any]],
    causes: Causes | None,
) -> Iterator[dict[str, Any]]:
    """Slices of one engine. A slice ends where the next begins: ``end`` tells when it was done."""
    intervals = result.events.of(engine)
    at = 0
    for i, (interval, args) in enumerate(zip(intervals, work, strict=True)):
        assert interval.end is not None
        waits = causes if interval.start > at else None
        for gap in waits.of(engine, i, at, interval.start) if waits else []:
            if gap.end - gap.start >= SHORTEST_WAIT:
                yield _wait(engine, gap)
        following = intervals[i + 1].start if i + 1 < len(intervals) else interval.end
        layer = program.command_layers[engine][i]
        info = program.layers[layer]
        yield {
            "ph": "X",
            "pid": PID,
            "tid": _tid(engine),
            "ts": interval.start,
            "dur": max(0, min(interval.end, following) - interval.start),
            "name": info.name,
            "cat": info.op,
            "args": {"command": i, "layer": layer, "end": interval.end, **args},
        }
        at = interval.end


def _wait(engine: Engine, gap: Gap) -> dict[str, Any]:
    on = "commands" if gap.engine is None else f"{gap.engine.name.lower()} {gap.index}"
    return {
        "ph": "X",
        "pid": PID,
        "tid": _tid(engine),
        "ts": gap.start,
        "dur": gap.end - gap.start,
        "name": f"wait for {on}",
        "cat": "wait",
        "args": {"waits_for": on},
    }


def _work(params: Params, engine: Engine, command: Command) -> dict[str, Any]:
    """What a command moves or computes."""
    c = command.config
    if engine is Engine.CORE:
        return {"function": f"0x{c['function']:x}"}
    if engine is not Engine.ARRAY:
        return {"bytes": c["length"] * c["n1"] * c["n2"]}
    pixels = c["tile_w"] * c["tile_h"]
    channels = (c["blocks"] - 1) * params.cols + c["last_cols"]
    return {
        "mode": MODES[Mode(c["mode"])],
        "pixels": pixels,
        "channels": channels,
        "bytes": pixels * channels,
    }


def _macs(program: Program, commands: list[Command]) -> list[int]:
    """Multiply-accumulates of array commands: their share of their layer's, by passes."""
    slots = []
    for command in commands:
        c = command.config
        passes = c["entries"] * c["cb_count"] * c["blocks"] * (c["mode"] != Mode.ELEMENTWISE)
        slots.append(passes * c["tile_w"] * c["tile_h"])
    layers = program.command_layers[Engine.ARRAY]
    totals = dict.fromkeys(layers, 0)
    for layer, n in zip(layers, slots, strict=True):
        totals[layer] += n
    return [
        round(program.layers[layer].macs * n / max(1, totals[layer]))
        for layer, n in zip(layers, slots, strict=True)
    ]
