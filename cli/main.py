"""The command ``weft``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from arch.config import Config, load_config
from arch.errors import WeftError
from arch.params import Params
from cli import models, synth
from cli.bench import bench
from cli.common import (
    IncludesOption,
    OpsOption,
    ToolchainOption,
    err,
    model_path,
    op_files,
    out,
    progress_line,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="weft: neural-network accelerators as Verilog, and the software for them.",
)
DEFAULT_WATCHDOG_CYCLES = 20_000_000  # several minutes of simulation

ConfigOption = Annotated[
    str, typer.Option("-c", "--config", help="Preset (tiny, small, medium, large) or YAML file.")
]
ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="A .tflite file, or kws, vww, ic, ad.")
]


def show_log(text: str) -> None:
    """What operators printed, as it is."""
    if text:
        out.print("log of the operators:")
        out.print(text, end="" if text.endswith("\n") else "\n", markup=False, highlight=False)


@app.command()
def generate(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="Preset or YAML file.")],
    output: Annotated[Path, typer.Option("-o", help="Folder for the files.")],
    core_only: Annotated[
        bool, typer.Option("--core-only", help="The RISC-V core alone, with its memory buses.")
    ] = False,
    rvfi: Annotated[
        bool, typer.Option("--rvfi", help="With --core-only: a RISC-V Formal Interface.")
    ] = False,
) -> None:
    """Write Verilog, lint waivers, JSON sidecar, C header and linker map."""
    from gen.generate import generate as write
    from gen.generate import generate_core

    chosen = load_config(config)
    if rvfi and not core_only:
        raise WeftError("--rvfi: is a port of the core alone; add --core-only")
    paths = generate_core(chosen, output, rvfi=rvfi) if core_only else write(Params(chosen), output)
    for path in paths:
        out.print(str(path), soft_wrap=True)


@app.command("compile")
def compile_command(
    model: ModelArgument,
    config: ConfigOption,
    output: Annotated[Path, typer.Option("-o", help="File for the program.")],
    op: OpsOption = None,
    op_include: IncludesOption = None,
    toolchain: ToolchainOption = "zig",
) -> None:
    """Compile a model into a program that runs wherever the configuration runs."""
    from compiler.compile import compile_graph
    from compiler.tflite_reader import load_model
    from firmware.builder import FirmwareBuilder

    chosen = load_config(config)
    graph = load_model(model_path(model))
    sources = op_files(op, op_include, toolchain)
    builder = FirmwareBuilder(Params(chosen), sources) if chosen.has_core else None
    program = compile_graph(graph, chosen, builder)
    try:
        program.save(output)
    except OSError as error:
        raise WeftError(f"{output}: {error.strerror}; choose another file with -o") from None
    commands = sum(len(row) for row in program.command_layers)
    out.print(
        f"{output}: {len(program.image):,} bytes, {commands} commands,"
        f" {program.scratchpad_bytes:,} bytes of scratchpad,"
        f" about {program.predicted_cycles:,} cycles",
        soft_wrap=True,
    )


@app.command()
def run(
    model: ModelArgument,
    config: ConfigOption,
    op: OpsOption = None,
    op_include: IncludesOption = None,
    toolchain: ToolchainOption = "zig",
    input_file: Annotated[
        Path | None, typer.Option("--input", help=".npz with input_0, input_1, ...")
    ] = None,
    output_file: Annotated[
        Path | None, typer.Option("--output", help=".npz for output_0, output_1, ...")
    ] = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="JSON with cycles of every layer.")
    ] = None,
    waves: Annotated[
        Path | None, typer.Option("--vcd", help="Waveform (.vcd or .fst) of the whole run.")
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(help="Timeline of the engines for the Perfetto viewer (JSON).")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of random inputs; printed where none is given.")
    ] = None,
    latency: Annotated[int, typer.Option(help="Cycles of latency of external memory.")] = 32,
    bandwidth: Annotated[
        float, typer.Option(help="Bytes per cycle of external memory, in each direction.")
    ] = 8.0,
    watchdog: Annotated[
        int, typer.Option(min=0, help="Cycles that one call on the core may take; 0: no limit.")
    ] = DEFAULT_WATCHDOG_CYCLES,
    board: Annotated[
        str | None, typer.Option(help="Run on this board instead of the simulation.")
    ] = None,
    port: Annotated[str | None, typer.Option(help="Serial port of the board.")] = None,
) -> None:
    """Compile a model, run it in the Verilog or on a board, check outputs against TFLite Micro."""
    from cli.inputs import read_inputs, write_outputs
    from cli.report import counter_table, layer_table, run_report
    from compiler.timing.memory import MemoryTiming
    from firmware.trap import read_log
    from sim.blocks import choose_seed
    from sim.job import BusSettings
    from sim.reference import random_inputs
    from sim.run import prepare, run_verilog
    from sim.trace import trace_of, write_trace

    if (board is None) != (port is None):
        raise WeftError("run: --board and --port belong together; give both")
    chosen = load_config(config)
    path = model_path(model)
    bus = BusSettings(
        read_latency_cycles=latency,
        write_latency_cycles=latency,
        read_bytes_per_cycle=bandwidth,
        write_bytes_per_cycle=bandwidth,
    )
    with progress_line() as progress:
        task = progress.add_task("compiling", total=None)
        memory = MemoryTiming(bandwidth, latency)
        prepared = prepare(path, chosen, op_files(op, op_include, toolchain), memory)
        if input_file is not None:
            inputs = read_inputs(input_file, prepared.graph)
        else:
            seed = choose_seed(seed)
            inputs = random_inputs(prepared.graph, seed)
        n_commands = sum(len(row) for row in prepared.program.command_layers)
        if board is not None and port is not None:
            from boards.run import run_model

            result = run_model(
                prepared,
                [inputs],
                board,
                port,
                lambda text: progress.update(task, description=text),
                watchdog_cycles=watchdog,
            )
        else:
            result = run_verilog(
                prepared,
                [inputs],
                bus=bus,
                watchdog_cycles=watchdog,
                waves=waves,
                stage=lambda text: progress.update(task, description=text),
                progress=lambda at: progress.update(
                    task,
                    description=f"simulating, cycle {at.run_cycles:,}",
                    completed=at.commands,
                    total=n_commands,
                ),
            )
    report = run_report(result)
    # A board has counters, and no log of when each command started and ended.
    out.print(layer_table(report, out.width) if board is None else counter_table(report))
    for outcome in result.outcomes:
        show_log(read_log(outcome.result.events.log).text)
    out.print(
        f"{report['cycles']:,} cycles from doorbell to interrupt"
        f" (predicted {report['predicted_cycles']:,}); took {result.seconds:.1f} s"
    )
    if input_file is None:
        out.print(f"random inputs, seed {seed} (repeat with --seed {seed})")
    first = result.outcomes[0]
    if output_file is not None:
        write_outputs(output_file, first.outputs)
    if report_file is not None:
        try:
            report_file.write_text(json.dumps(report, indent=2) + "\n")
        except OSError as error:
            raise WeftError(f"{report_file}: {error.strerror}; choose another file") from None
    if trace is not None:
        write_trace(trace, trace_of(prepared.program, prepared.params, first.result))
    if first.mismatch is not None:
        raise WeftError(f"results differ from TensorFlow Lite Micro: {first.mismatch}")
    n = len(first.outputs)
    out.print(f"bit-exact: {n} output{'s' * (n > 1)} equal to TensorFlow Lite Micro", style="green")


app.command()(bench)


@app.command("new-op")
def new_op(
    name: Annotated[str, typer.Argument(help="Name under which models call the operator.")],
    output: Annotated[Path, typer.Option("-o", help="Folder for the two files.")] = Path("."),
) -> None:
    """Write a C++ file for an operator on the core, and a test of it."""
    from cli.new_op import write_stub

    source, test = write_stub(name, output)
    out.print(f"{source}\n{test}", soft_wrap=True)
    out.print(
        f"try it: python -m pytest {test}; use it: weft run MODEL -c CONFIG --op {source}",
        soft_wrap=True,
    )


@app.command("models")
def models_command() -> None:
    """Fetch the four MLPerf Tiny networks (looked up first in the folder WEFT_MODELS)."""
    for name in models.SOURCES:
        out.print(f"{name:4} {models.find(name)}", soft_wrap=True)


app.command("synth")(synth.synth)
app.command("boards")(synth.boards)


@app.command("configs")
def configs_command() -> None:
    """List the presets."""
    from arch.config import PRESETS

    for name in PRESETS:
        out.print(_describe(load_config(name)), soft_wrap=True)


def _describe(config: Config) -> str:
    p = Params(config)
    core = "no core" if config.core == "none" else "RISC-V core"
    return (
        f"{config.name:7} {p.rows}x{p.cols} array ({p.macs_per_cycle} MACs), {p.lanes} lanes,"
        f" {config.scratchpad_kib} KiB scratchpad, {config.weight_memory_kib} KiB for weights,"
        f" {config.axi_data_bits}-bit AXI, {core}"
    )


def main() -> None:
    """Entry point: failures that the user can act on are one line and exit with 1."""
    from sim.failure import InferenceError

    try:
        app(standalone_mode=True)
    except WeftError as error:
        if isinstance(error, InferenceError):
            show_log(error.log)
            for number, frame in enumerate(error.backtrace):
                err.print(f"  #{number} {frame}", markup=False, highlight=False, soft_wrap=True)
        err.print(f"weft: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
