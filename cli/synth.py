"""``weft synth`` and ``weft boards``: bitstreams, what they take and how fast they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from arch.config import load_config
from arch.errors import WeftError
from cli.common import err, out, progress_line
from cli.models import SOURCES, locate

if TYPE_CHECKING:
    from boards.board import Board
    from boards.build import BuildReport
    from boards.inference import Inference

RESOURCES = ("LUT4", "FF", "logic cell", "DSP", "block RAM", "SPRAM")


def synth(
    board: Annotated[str, typer.Option("--board", help="Board; see weft boards.")],
    config: Annotated[
        str | None,
        typer.Argument(metavar="CONFIG", help="Preset or YAML file; the board's own if not given."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", help="Folder; build/synth/CONFIG-BOARD if not given.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Placements to try; 0: synthesise only.")] = 1,
    clock: Annotated[
        float | None, typer.Option(help="MHz of the accelerator; the board's own if not given.")
    ] = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="JSON with area and timing.")
    ] = None,
) -> None:
    """Build a board's bitstream with open tools; say how big and how fast it is."""
    from boards.build import place, synthesise
    from boards.catalogue import find_board, need_tools, own_config
    from boards.inference import inferences

    target = find_board(board)
    chosen = load_config(config) if config else own_config(target)
    need_tools()
    folder = output or Path("build") / "synth" / f"{chosen.name}-{target.name}"
    clock_hz = round(clock * 1e6) if clock else None
    slow: WeftError | None = None
    with progress_line() as progress:
        task = progress.add_task("starting", total=None)

        def tell(text: str) -> None:
            progress.update(task, description=text)
            if progress.disable:  # a log; what follows may take half an hour
                err.print(text, soft_wrap=True)

        report = synthesise(chosen, target, folder, clock_hz, tell)
        if seeds:
            try:
                place(report, folder, range(1, seeds + 1), tell)
            except WeftError as error:
                if not report.timings:
                    raise
                slow = error  # but the report is worth having
        tell("predicting cycles of networks")
        here = {name: path for name in SOURCES if (path := locate(name)) is not None}
        report.inferences = inferences(chosen, target, here)
    out.print(area_table(report))
    for timing in report.timings:
        out.print(
            f"seed {timing.seed}: {timing.fmax_mhz:.1f} MHz; critical path {timing.path}"
            f" ({timing.logic_ns:.1f} ns logic, {timing.routing_ns:.1f} ns routing)",
            soft_wrap=True,
        )
    for seed, failure in report.failures.items():
        err.print(f"seed {seed}: {failure}", style="yellow", soft_wrap=True)
    if report.timings:
        out.print(
            f"{report.fmax_mhz:.1f} MHz at most (median);"
            f" at the bitstream's {report.clock_mhz:g} MHz {report.gmacs_per_second:.2f} GMAC/s",
            style="bold",
        )
        for inference in report.inferences:
            out.print(speed_line(report, inference), soft_wrap=True)
    made_with = ", ".join(f"{tool} {version}" for tool, version in report.tools.items())
    out.print(f"made with {made_with}", soft_wrap=True)
    if report_file is not None:
        try:
            report_file.write_text(json.dumps(report.as_json(), indent=2) + "\n")
        except OSError as error:
            raise WeftError(f"{report_file}: {error.strerror}; choose another file") from None
    if slow is not None:
        raise slow
    if report.bitstream is not None:
        out.print(f"{report.bitstream}", style="green", soft_wrap=True)


def area_table(report: BuildReport) -> Table:
    """Resources of each component and of the whole design."""
    limits = report.board.fpga.limits
    shown = [name for name in RESOURCES if name in limits]
    table = Table(
        title=f"{report.config.name} on {report.board.title} ({report.board.fpga.name})",
        title_justify="left",
    )
    table.add_column("component")
    for name in shown:
        table.add_column(name, justify="right")
    ordered = sorted(report.components.items(), key=lambda item: -item[1]["LUT4"])
    for component, counts in ordered:
        table.add_row(component, *(f"{counts[name]:,}" if counts[name] else "" for name in shown))
    table.add_section()
    table.add_row("total", *(f"{report.needs[name]:,}" for name in shown), style="bold")
    table.add_row("there are", *(f"{limits[name]:,}" for name in shown))
    table.add_row("used", *(f"{report.needs[name] / limits[name]:.0%}" for name in shown))
    return table


def speed_line(report: BuildReport, inference: Inference) -> str:
    """How long a network takes, or why it does not run."""
    if not inference.fits:
        return (
            f"{inference.model}: needs {inference.memory_bytes:,} bytes of external memory, the"
            f" board has {report.board.memory_bytes:,}"
        )
    return (
        f"{inference.model}: {inference.milliseconds(report.clock_mhz):.2f} ms"
        f" ({inference.cycles:,} cycles predicted)"
    )


def boards() -> None:
    """List the boards that weft builds for."""
    from boards.catalogue import NAMES, find_board

    for name in NAMES:
        out.print(describe(find_board(name)), soft_wrap=True)


def describe(board: Board) -> str:
    """One line about a board, and what has been built for it."""
    from boards.results import built

    found = [f"{config} ({mhz:.0f} MHz)" for config, mhz in built(board.name)]
    done = f"built: {', '.join(found)}" if found else "nothing built yet"
    limits = ", ".join(f"{limit:,} {name}" for name, limit in board.fpga.limits.items())
    return (
        f"{board.name:12} {board.title}: {board.fpga.name} ({limits});"
        f" {board.memory_bytes // 1024:,} KiB of {board.memory}; {done}"
    )
