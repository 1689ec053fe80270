"""Reports of runs: a table for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from arch.registers import COUNTER_DOC, Counter
from sim.dispatch import dispatches
from sim.layers import layer_cycles, total_cycles
from sim.run import ModelRun, Outcome


def run_report(run: ModelRun) -> dict[str, Any]:
    """What ``weft run --report`` writes; cycles are those of the first inference."""
    program = run.prepared.program
    first = run.outcomes[0]
    return {
        "model": program.model,
        "config": program.config,
        "cycles": total_cycles(first.result),
        "predicted_cycles": program.predicted_cycles,
        "macs": program.macs,
        "macs_per_cycle": run.prepared.params.macs_per_cycle,
        "bit_exact": run.bit_exact,
        "inferences": len(run.outcomes),
        "cycles_of_inferences": [total_cycles(o.result) for o in run.outcomes],
        "simulation_seconds": round(run.seconds, 3),
        "counters": {c.name.lower(): first.result.counters[c] for c in Counter},
        "layers": _layers(run, first),
    }


def _layers(run: ModelRun, outcome: Outcome) -> list[dict[str, Any]]:
    peak = run.prepared.params.macs_per_cycle
    program = run.prepared.program
    images = run.prepared.images  # several have no functions of the runtime among their calls
    runtime = (images[0].prepare, images[0].keep) if len(images) == 1 else ()
    calls = {call.layer: call for call in dispatches(program, outcome.result, runtime)}
    rows = []
    for index, (info, row) in enumerate(
        zip(program.layers, layer_cycles(program, outcome.result), strict=True)
    ):
        call = calls.get(index)
        rows.append(
            {
                "name": info.name,
                "op": info.op,
                "engine": info.engine,
                "cycles": row.cycles,
                "predicted_cycles": info.predicted_cycles,
                "macs": info.macs,
                "utilisation": round(info.macs / (peak * row.cycles), 4) if row.cycles else 0.0,
                "bytes": info.bytes_loaded + info.bytes_stored,
                "start": row.start,
                "end": row.end,
                "dispatch_cycles": None if call is None else [call.entry, call.exit],
            }
        )
    return rows


def _dispatch(cycles: list[int | None] | None) -> str:
    return "" if cycles is None else "/".join("-" if n is None else str(n) for n in cycles)


def layer_table(report: dict[str, Any], width: int) -> Table:
    """Layers of one inference and the total.

    Where operators ran on the core, "in/out" has the cycles of :class:`sim.dispatch.Dispatch`.

    Names are those of the layers (see :func:`layer_name`); where the table would be wider than
    ``width`` columns, they and the operators are shortened in their middle. Nothing else is.
    """
    rows = [_cells(i, layer) for i, layer in enumerate(report["layers"])]
    calls = [_dispatch(layer.get("dispatch_cycles")) for layer in report["layers"]]
    rest = report["cycles"] - sum(row["cycles"] for row in report["layers"])
    predicted_rest = report["predicted_cycles"] - sum(
        row["predicted_cycles"] for row in report["layers"]
    )
    n_bytes = sum(row["bytes"] for row in report["layers"])
    use = report["macs"] / (report["macs_per_cycle"] * report["cycles"])
    rows += [
        ["", "results to memory", "", "store", f"{rest:,}", f"{predicted_rest:,}", "", "", ""],
        ["", "total", "", "", f"{report['cycles']:,}", f"{report['predicted_cycles']:,}"]
        + [f"{report['macs']:,}", f"{use:.0%}", f"{n_bytes:,}"],
    ]
    headings: tuple[str, ...] = _HEADINGS
    if any(calls):
        headings = (*_HEADINGS, "in/out")
        for cells, call in zip(rows, [*calls, "", ""], strict=True):
            cells.append(call)
    _fit(headings, rows, width - len(headings) + 1)
    roomy = sum(_widths(headings, rows)) + 2 * (len(headings) - 1) <= width
    table = Table(
        title=f"{report['model']} on {report['config']}",
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=(0, int(roomy), 0, 0),
        pad_edge=False,
    )
    for heading in headings:
        table.add_column(heading, justify="left" if heading in _TEXTS else "right", no_wrap=True)
    for cells in rows[:-1]:
        table.add_row(*map(escape, cells))
    table.add_section()
    table.add_row(*rows[-1], style="bold")
    return table


_HEADINGS = ("#", "layer", "operator", "on", "cycles", "predict", "MACs", "use", "bytes")
_TEXTS = ("layer", "operator", "on")
_LAYER, _OPERATOR = 1, 2
_LONGEST_OPERATOR = len("DEPTHWISE_CONV_2D")  # that a narrow table shows in full
_SHORTEST_LAYER = 6


def _cells(index: int, row: dict[str, Any]) -> list[str]:
    return [
        str(index),
        layer_name(row["name"]),
        row["op"],
        row["engine"] if row["engine"] != "none" else "-",
        f"{row['cycles']:,}",
        f"{row['predicted_cycles']:,}",
        f"{row['macs']:,}" if row["macs"] else "",
        f"{row['utilisation']:.0%}" if row["macs"] else "",
        f"{row['bytes']:,}" if row["bytes"] else "",
    ]


def layer_name(name: str) -> str:
    """The layer in a tensor's name.

    Converters join the names of all that they fused by semicolons, the last operation first, and
    each of them is a path that ends in the layer and its operation.
    """
    path = name.split(";")[0].split("/")
    return path[-2] if len(path) > 1 else path[0]


def _widths(headings: Sequence[str], rows: list[list[str]]) -> list[int]:
    return [max(len(cells[i]) for cells in [headings, *rows]) for i in range(len(headings))]


def _fit(headings: Sequence[str], rows: list[list[str]], width: int) -> None:
    """Shorten operators and then layers, so that all columns together are as wide at most."""
    for column, least in ((_OPERATOR, _LONGEST_OPERATOR), (_LAYER, _SHORTEST_LAYER)):
        widths = _widths(headings, rows)
        most = max(least, widths[column] - max(0, sum(widths) - width))
        for cells in rows:
            cells[column] = _shortened(cells[column], most)


def _shortened(text: str, most: int) -> str:
    """At most ``most`` characters: the middle gives way, because layers differ at their ends."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}\N{HORIZONTAL ELLIPSIS}{text[len(text) - tail :]}"


def counter_table(report: dict[str, Any]) -> Table:
    """The counters of one inference, with their meaning."""
    table = Table(title=f"{report['model']} on {report['config']}", title_justify="left")
    table.add_column("counter")
    table.add_column("value", justify="right")
    table.add_column("meaning")
    for counter in Counter:
        name = counter.name.lower()
        table.add_row(name, f"{report['counters'][name]:,}", COUNTER_DOC[counter])
    return table
