"""Runs a model on a configuration and checks every output against TensorFlow Lite Micro."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from arch.config import Config
from arch.decode import Decoder
from arch.isa import Engine
from arch.params import Params
from compiler.builtin import Kind
from compiler.compile import compile_graph
from compiler.graph import Graph
from compiler.program import Program
from compiler.tflite_reader import read_model
from compiler.timing.memory import MemoryTiming
from firmware.builder import FirmwareBuilder
from firmware.image import FirmwareImage
from firmware.sources import OpSources
from sim.detection import detect
from sim.failure import inference_error
from sim.functional import run_job
from sim.given import without_given
from sim.hardware import verilog_path
from sim.inference import job_of, outputs_of
from sim.job import BusSettings, JobResult, Progress, RunResult
from sim.reference import Reference, difference
from sim.simulate import build_npu, simulate

Arrays = Sequence[NDArray[Any]]
OnStage = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """A model that is ready to run: graph, program, and the reference for its results."""

    graph: Graph
    config: Config
    program: Program
    builder: FirmwareBuilder | None
    reference: Reference

    @property
    def params(self) -> Params:
        return Params(self.config)

    @property
    def images(self) -> list[FirmwareImage]:
        """The core's software, if the model needs any, in the order of its boots."""
        return [] if self.builder is None else self.builder.images

    def image_at(self, number: int) -> FirmwareImage | None:
        """The software in which the core's command ``number`` (from 0) runs."""
        commands = [c for e, c in Decoder().commands(self.program.commands) if e is Engine.CORE]
        boots = sum(command.config["boot"] for command in commands[: number + 1])
        return self.images[max(0, boots - 1)] if self.images else None


@dataclass
class Outcome:
    """What one inference gave: outputs, counters and events, and the first difference if any."""

    inputs: Arrays
    outputs: list[NDArray[Any]]
    expected: list[NDArray[Any]]
    result: RunResult
    mismatch: str | None = None


@dataclass
class ModelRun:
    """All inferences of a model on a configuration."""

    prepared: Prepared
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def bit_exact(self) -> bool:
        return all(outcome.mismatch is None for outcome in self.outcomes)


def prepare(
    path: Path,
    config: Config,
    op_sources: OpSources | Sequence[Path] = (),
    memory: MemoryTiming | None = None,
) -> Prepared:
    """Read and compile a model file, for external memory like ``memory``.

    Raises subclasses of WeftError.
    """
    return prepare_bytes(path.read_bytes(), path.name, config, op_sources, memory)


def prepare_bytes(
    data: bytes,
    name: str,
    config: Config,
    op_sources: OpSources | Sequence[Path] = (),
    memory: MemoryTiming | None = None,
) -> Prepared:
    """The same for the bytes of a model file; ``name`` stands in messages."""
    graph = read_model(data, name)
    builder = FirmwareBuilder(Params(config), op_sources) if config.has_core else None
    program = compile_graph(graph, config, builder, memory)
    custom = {op.custom_name: op for op in graph.operators if op.kind is Kind.CUSTOM}
    references = {}
    if builder is not None:
        references = {
            name: detect if builder.is_library_op(op) else builder.custom_reference()
            for name, op in custom.items()
        }
    return Prepared(graph, config, program, builder, Reference(data, references, name))


def run_verilog(
    prepared: Prepared,
    inputs: Sequence[Arrays],
    *,
    bus: BusSettings | None = None,
    watchdog_cycles: int = 0,
    simulator: str = "verilator",
    waves: Path | None = None,
    stage: OnStage | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ModelRun:
    """Simulate the Verilog on each set of inputs and compare with the reference.

    ``stage`` is told what is being done; ``progress`` where the simulation is. A command on the
    core may take ``watchdog_cycles`` (0: no limit). Raises :class:`sim.failure.InferenceError` for
    the first inference that the device stopped.
    """
    tell = stage or (lambda text: None)
    params = prepared.params
    tell("generating Verilog")
    verilog = verilog_path(params)
    job = job_of(prepared.program, inputs, bus=bus, watchdog_cycles=watchdog_cycles)
    tell("building the simulator (about a minute, once)")
    build_npu(
        verilog,
        params,
        simulator=simulator,
        waves_format=waves.suffix.removeprefix(".") if waves else "",
        memory_bytes=job.memory_bytes,
    )
    tell("simulating")
    result = simulate(verilog, params, job, simulator=simulator, waves=waves, progress=progress)
    return judge(prepared, inputs, result, watchdog_cycles)


def run_functional(prepared: Prepared, inputs: Sequence[Arrays]) -> ModelRun:
    """The same on the functional model, which is fast and knows no cycles."""
    core = prepared.builder.host_core if prepared.builder is not None else None
    result = run_job(prepared.params, job_of(prepared.program, inputs), core)
    return judge(prepared, inputs, result)


def judge(
    prepared: Prepared, inputs: Sequence[Arrays], result: JobResult, watchdog_cycles: int = 0
) -> ModelRun:
    """Compare the results of a job with the reference, tensor by tensor in the model's order.

    Raises :class:`sim.failure.InferenceError` for the first inference that the device stopped.
    """
    for one in result.runs:
        if one.error is not None:
            image = prepared.image_at(one.error.command)
            raise inference_error(prepared.program, image, one, watchdog_cycles)
    run = ModelRun(prepared, seconds=result.seconds)
    for arrays, one in zip(inputs, result.runs, strict=True):
        outputs = outputs_of(prepared.program, one)
        expected = prepared.reference.run(arrays)
        own = replace(one, events=without_given(prepared.program, one.events))
        outcome = Outcome(arrays, outputs, expected, own)
        for i, (ours, theirs) in enumerate(zip(outputs, expected, strict=True)):
            tensor = prepared.graph.outputs[i]
            found = difference(tensor, prepared.graph.producer(tensor), theirs, ours)
            if found is not None:
                outcome.mismatch = str(found)
                break
        run.outcomes.append(outcome)
    return run
