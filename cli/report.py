"""Reports of runs: a table for people, JSON for programs."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from arch.registers import COUNTER_DOC, Counter
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
    rows = []
    for row in layer_cycles(run.prepared.program, outcome.result):
        info = row.info
        rows.append(
            {
                "name": info.name,
                "op": info.op,
                "engine": info.engine,
                "cycles": row.cycles,
                "macs": info.macs,
                "utilisation": round(info.macs / (peak * row.cycles), 4) if row.cycles else 0.0,
                "bytes": info.bytes_loaded + info.bytes_stored,
                "start": row.start,
                "end": row.end,
            }
        )
    return rows


def layer_table(report: dict[str, Any]) -> Table:
    """Layers of one inference and the total."""
    table = Table(title=f"{report['model']} on {report['config']}", title_justify="left")
    table.add_column("#", justify="right")
    table.add_column("layer", overflow="ellipsis", max_width=28, no_wrap=True)
    table.add_column("operator", no_wrap=True)
    table.add_column("engine")
    for heading in ("cycles", "MACs", "use", "bytes moved"):
        table.add_column(heading, justify="right")
    for i, row in enumerate(report["layers"]):
        use = f"{row['utilisation']:.0%}" if row["macs"] else ""
        table.add_row(
            str(i),
            row["name"],
            row["op"],
            row["engine"] if row["engine"] != "none" else "-",
            f"{row['cycles']:,}",
            f"{row['macs']:,}" if row["macs"] else "",
            use,
            f"{row['bytes']:,}" if row["bytes"] else "",
        )
    rest = report["cycles"] - sum(row["cycles"] for row in report["layers"])
    table.add_row("", "results to memory", "", "store", f"{rest:,}", "", "", "")
    table.add_section()
    total_bytes = sum(row["bytes"] for row in report["layers"])
    use = report["macs"] / (report["macs_per_cycle"] * report["cycles"])
    table.add_row(
        "",
        "doorbell to interrupt",
        "",
        "",
        f"{report['cycles']:,}",
        f"{report['macs']:,}",
        f"{use:.0%}",
        f"{total_bytes:,}",
        style="bold",
    )
    return table


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
