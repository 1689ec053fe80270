"""``weft bench``: models on configurations in Verilog, against their bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from arch.config import load_config
from arch.errors import WeftError
from arch.params import Params
from cli.bench_markdown import LOSSES, check_blocks, memories_differ, with_tables
from cli.common import IncludesOption, OpsOption, err, model_path, op_files, out, progress_line
from cli.models import SOURCES
from compiler.timing.memory import MemoryTiming
from firmware.sources import OpSources

if TYPE_CHECKING:
    from sim.measure import Measurement

CONFIGS = ("small", "medium", "large")


def bench(
    model: Annotated[
        list[str] | None,
        typer.Option("-m", "--model", help="kws, vww, ic, ad or a .tflite file; all four if none."),
    ] = None,
    config: Annotated[
        list[str] | None,
        typer.Option("-c", "--config", help="Preset or YAML file; small, medium, large if none."),
    ] = None,
    op: OpsOption = None,
    op_include: IncludesOption = None,
    bandwidth: Annotated[
        list[float] | None, typer.Option(help="Bytes per cycle of external memory; 8 if none.")
    ] = None,
    latency: Annotated[
        list[int] | None, typer.Option(help="Cycles of latency of external memory; 32 if none.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="File for all measurements.")
    ] = None,
    cycles_file: Annotated[
        Path | None, typer.Option("--cycles", help="File for cycles alone, as tests compare them.")
    ] = None,
    roofline: Annotated[
        Path | None, typer.Option(help="Picture (.png or .svg) of models and layers.")
    ] = None,
    readme: Annotated[
        Path | None, typer.Option(help="Markdown file whose blocks of tables are rewritten.")
    ] = None,
) -> None:
    """Measure models on configurations in Verilog; every option may be given several times."""
    if readme is not None:
        check_blocks(readme)
    found: list[Measurement] = []
    for measurement in _measure_all(
        model or list(SOURCES),
        config or list(CONFIGS),
        op_files(op, op_include),
        [MemoryTiming(b, n) for b in bandwidth or [8.0] for n in latency or [32]],
    ):
        found.append(measurement)
        if json_file is not None:  # now, so that a long series that is stopped is not lost
            _write(json_file, json.dumps([m.as_dict() for m in found], indent=1) + "\n")
    if not found:
        raise WeftError(
            "nothing to measure: every bandwidth is beyond the bus of every configuration; lower"
            " --bandwidth or raise axi_data_bits"
        )
    out.print(cycles_table(found))
    out.print(losses_table(found))
    if cycles_file is not None:
        _write(cycles_file, json.dumps(cycles_of(found), indent=2) + "\n")
    if roofline is not None:
        from sim.roofline import draw

        draw(found, roofline)
    if readme is not None:
        _write(readme, with_tables(readme.read_text(), found))


def _measure_all(
    models: Sequence[str], configs: Sequence[str], ops: OpSources, memories: list[MemoryTiming]
) -> Iterator[Measurement]:
    from sim.measure import measure

    chosen = [load_config(name) for name in configs]
    paths = {name: model_path(name) for name in models}
    with progress_line() as progress:
        task = progress.add_task("measuring", total=None)
        for config in chosen:
            for memory in memories:
                width = Params(config).axi_bytes
                if memory.bytes_per_cycle > width:
                    err.print(
                        f"{config.name}: left out at {memory.bytes_per_cycle:g} bytes/cycle: its"
                        f" bus moves {width}; raise axi_data_bits",
                        soft_wrap=True,
                    )
                    continue
                for name, path in paths.items():
                    at = f"{path.stem} on {config.name}"

                    def tell(stage: str, at: str = at) -> None:
                        progress.update(task, description=f"{at}: {stage}")

                    short = name if name in SOURCES else path.stem
                    yield measure(short, path, config, memory, op_sources=ops, stage=tell)


def cycles_table(found: Sequence[Measurement]) -> Table:
    """Measured, predicted, bound, utilisation, Ethos-U55."""
    headings = ("measured", "predicted", "error", "bound", "use", "U55", "ratio")
    table = _table("Cycles from doorbell to interrupt", found, headings)
    for m in found:
        error = m.predicted_cycles / m.cycles - 1
        u55 = (f"{m.ethos_u55:,}", f"{m.cycles / m.ethos_u55:.2f}") if m.ethos_u55 else ("", "")
        table.add_row(
            *_what(m, found),
            f"{m.cycles:,}",
            f"{m.predicted_cycles:,}",
            f"{error:+.1%}",
            f"{m.bound:,.0f}",
            f"{m.utilisation:.0%}",
            *u55,
        )
    return table


def losses_table(found: Sequence[Measurement]) -> Table:
    """Cycles beyond those of the multiply-accumulates, and what share went where."""
    title = "Cycles lost, and on what, in percent of the run (see docs/performance.md)"
    table = _table(title, found, ("lost", *LOSSES.values()))
    for m in found:
        lost = [m.losses[key] for key in LOSSES]
        table.add_row(
            *_what(m, found), f"{sum(lost):,.0f}", *(f"{100 * n / m.cycles:.1f}" for n in lost)
        )
    return table


def _table(title: str, found: Sequence[Measurement], headings: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=0)
    table.pad_edge = False
    for heading in ("model", "config"):
        table.add_column(heading, no_wrap=True)
    memory = ("B/cycle", "latency") if memories_differ(found) else ()
    for heading in (*memory, *headings):
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _what(m: Measurement, found: Sequence[Measurement]) -> tuple[str, ...]:
    """The first cells of a row: what was measured."""
    memory = (f"{m.bytes_per_cycle:g}", str(m.latency)) if memories_differ(found) else ()
    return (m.model, m.config, *memory)


def cycles_of(found: Sequence[Measurement]) -> dict[str, dict[str, int]]:
    """Cycles by configuration and model."""
    cycles: dict[str, dict[str, int]] = {}
    for m in found:
        cycles.setdefault(m.config, {})[m.model] = m.cycles
    return cycles


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise WeftError(f"{path}: {error.strerror}; choose another file") from None
