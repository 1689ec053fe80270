"""Simulates a whole accelerator: builds it with its bench and runs jobs in a process of its own."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from arch.errors import WeftError
from arch.memory_map import MAIN_LOOP_BYTES
from arch.params import Params
from arch.registers import OFFSET
from sim.blocks import TIMEOUT_SECONDS, run_verilog
from sim.build import BuildOptions, Simulation, build_simulation, first_error, new_run_folder
from sim.cocotb_names import JOB_FILE, PROGRESS_VARIABLE, RESULT_FILE
from sim.device import DeviceError
from sim.events import parse_events
from sim.job import DEFAULT_MEMORY_BYTES, ErrorReport, Job, JobResult, Progress
from sim.tools import SimulatorError

TOP = "npu_bench"
BENCH = Path(__file__).parent / "bench"
# Speed over visibility: only what the bench marks can be seen by Python; a waveform shows all.
VERILATOR_FLAGS = (
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--timing",
    "--output-split",
    "20000",
)

OnProgress = Callable[[Progress], None]


def top_name(params: Params) -> str:
    """Module name of the accelerator's Verilog."""
    return f"weft_{params.config.name}"


def npu_sources(verilog: str) -> dict[str, str]:
    """The accelerator's Verilog with the bench around it, file name to text."""
    bench = {path.name: path.read_text() for path in sorted(BENCH.glob("*.v"))}
    return {**bench, "npu.v": verilog}


def npu_options(
    params: Params,
    *,
    simulator: str = "verilator",
    waves_format: str = "",
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
) -> BuildOptions:
    """How the bench is built for a configuration and at least so much memory."""
    from hw.interfaces import AXI_ID_BITS

    size = 1 << (max(memory_bytes, DEFAULT_MEMORY_BYTES) - 1).bit_length()
    parameters = {
        "DATA_BITS": params.config.axi_data_bits,
        "ADDRESS_BITS": params.config.axi_address_bits,
        "ID_BITS": AXI_ID_BITS,
        "WORDS": size // params.axi_bytes,
        "CONTROL_OFFSET": OFFSET["CONTROL"],
        "MAIN_LOOP_BYTES": MAIN_LOOP_BYTES,
    }
    return BuildOptions(
        simulator=simulator,
        waves=waves_format,
        public_depth=0,
        verilator_flags=VERILATOR_FLAGS,
        defines=(("NPU", top_name(params)),),
        parameters=tuple((name, str(value)) for name, value in parameters.items()),
    )


def build_npu(
    verilog: str | Path,
    params: Params,
    *,
    simulator: str = "verilator",
    waves_format: str = "",
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
) -> Simulation:
    """Build the simulation of an accelerator, or take it from the cache.

    Parameters
    ----------
    verilog : path of the accelerator's Verilog.
    params : its configuration.
    simulator : ``verilator`` or ``icarus``.
    waves_format : empty, ``vcd`` or ``fst``: what the simulation can record.
    memory_bytes : the largest external memory that a job may want.
    """
    options = npu_options(
        params, simulator=simulator, waves_format=waves_format, memory_bytes=memory_bytes
    )
    return build_simulation(npu_sources(Path(verilog).read_text()), TOP, options)


def simulate(
    verilog: str | Path,
    params: Params,
    job: Job,
    *,
    simulator: str = "verilator",
    waves: str | Path | None = None,
    progress: OnProgress | None = None,
) -> JobResult:
    """Run a job on the Verilog of an accelerator.

    Parameters
    ----------
    verilog : path of the accelerator's Verilog, whose module is ``weft_<configuration's name>``.
    params : its configuration.
    job : what to run.
    simulator : ``verilator`` or ``icarus``.
    waves : file for a waveform, ``.vcd`` or ``.fst``.
    progress : called at the start of each run and a few times a second.

    Raises :class:`arch.decode.ProgramError` when the device stops a program of a run that may not
    fail, :class:`sim.driver.ProgramTimeout` when a program does not end, and
    :class:`SimulatorError` or :class:`DeviceError` when simulator or device misbehave.
    """
    waves_path = Path(waves).resolve() if waves is not None else None
    simulation = build_npu(
        verilog,
        params,
        simulator=simulator,
        waves_format=waves_path.suffix.removeprefix(".") if waves_path else "",
        memory_bytes=job.memory_bytes,
    )
    folder = new_run_folder(top_name(params))
    started = time.monotonic()
    _run_process(simulation, folder, job, params, waves_path, progress)
    result = _collect(folder)
    result.seconds = time.monotonic() - started
    shutil.rmtree(folder)
    return result


def run_npu_tests(
    verilog: str | Path,
    params: Params,
    test_module: str,
    *,
    simulator: str = "verilator",
    seed: int | None = None,
    env: Mapping[str, str] | None = None,
    waves: str | Path | None = None,
    test_filter: str | None = None,
    results: str | Path | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> None:
    """Run the cocotb tests of ``test_module`` on the whole accelerator; see sim.blocks.run_block.

    The top level is bench/npu_bench.v: a test makes a sim.cocotb_device.VerilogDevice of its
    ``dut``, resets it, and hands it to a sim.driver.Driver.
    """
    run_verilog(
        npu_sources(Path(verilog).read_text()),
        TOP,
        test_module,
        npu_options(params, simulator=simulator),
        seed=seed,
        env=env,
        waves=waves,
        test_filter=test_filter,
        results=results,
        timeout_seconds=timeout_seconds,
        label=top_name(params),
    )


@contextmanager
def _process(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not outlive the caller's interest in it."""
    process = subprocess.Popen(command, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _run_process(
    simulation: Simulation,
    folder: Path,
    job: Job,
    params: Params,
    waves_path: Path | None,
    progress: OnProgress | None,
) -> None:
    (folder / JOB_FILE).write_bytes(pickle.dumps((job, params)))
    reader, writer = os.pipe()
    environment = simulation.environment(
        "sim.cocotb_job",
        seed=job.bus.seed & 0x7FFFFFFF,
        results=folder / "results.xml",
        # Rewriting the asserts of tests would import pytest, a tenth of a second.
        extra={PROGRESS_VARIABLE: str(writer), "COCOTB_REWRITE_ASSERTION_FILES": ""},
    )
    with open(reader) as pipe, (folder / "run.log").open("w") as log:
        options = {
            "cwd": folder,
            "env": environment,
            "stdout": log,
            "stderr": log,
            "pass_fds": (writer,),
        }
        try:
            context = _process(simulation.command(waves_path=waves_path), **options)
            with context as process:
                os.close(writer)
                writer = -1
                _follow(pipe, progress)
                process.wait()
        finally:
            if writer >= 0:
                os.close(writer)


def _follow(pipe: IO[str], progress: OnProgress | None) -> None:
    """Pass progress on until the process closes its end."""
    for line in pipe:
        if progress is not None:
            progress(Progress(**json.loads(line)))


def _collect(folder: Path) -> JobResult:
    """The results with their events; raises what went wrong."""
    log = folder / "run.log"
    file = folder / RESULT_FILE
    if not file.exists():
        text = first_error(log.read_text(errors="replace"))
        raise SimulatorError(f"simulation: ended without results: {text}; log: {log}")
    result, failure = pickle.loads(file.read_bytes())
    if isinstance(failure, ErrorReport):
        raise failure.exception()
    if isinstance(failure, WeftError):
        raise _with_rule(failure, log)
    runs = parse_events((folder / "events.log").read_text())
    if len(runs) != len(result.runs):
        raise SimulatorError(
            f"event log: {len(runs)} doorbells for {len(result.runs)} runs; folder: {folder}"
        )
    for run, events in zip(result.runs, runs, strict=True):
        run.events = events
    assert isinstance(result, JobResult)
    return result


def _with_rule(failure: WeftError, log: Path) -> WeftError:
    """Name the rule of AXI that was broken: the checker writes it to the log."""
    if isinstance(failure, DeviceError):
        for line in log.read_text(errors="replace").splitlines():
            if line.startswith("axi_checker: "):
                return DeviceError(f"{failure}: {line.removeprefix('axi_checker: ')}; log: {log}")
    return type(failure)(f"{failure}; log: {log}")
