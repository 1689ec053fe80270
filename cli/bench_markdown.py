"""Tables of ``weft bench`` in Markdown files, between lines such as ``<!-- bench:start -->``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from arch.errors import WeftError

if TYPE_CHECKING:
    from sim.measure import Measurement

LOSSES = {
    "partial": "idle",
    "fill": "fill",
    "weights": "weights",
    "pixels": "pixels",
    "draining": "drain",
    "elementwise": "flat",
    "memory": "memory",
    "core": "core",
    "waiting": "wait",
}
"""Headings of the losses, by member of sim.losses.Losses."""


def cycles_lines(found: Sequence[Measurement]) -> list[str]:
    """Measured, predicted, bound, utilisation, Ethos-U55 of as many MACs."""
    lines = [
        "| model | configuration | MACs | measured | predicted | bound | use | U55 | ratio |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for m in found:
        u55 = f"{m.ethos_u55:,} | {m.cycles / m.ethos_u55:.2f}" if m.ethos_u55 else " | "
        lines.append(
            f"| {m.model} | {m.config} | {m.macs_per_cycle} | {m.cycles:,} |"
            f" {m.predicted_cycles:,} | {m.bound:,.0f} | {m.utilisation:.0%} | {u55} |"
        )
    return lines


def losses_lines(found: Sequence[Measurement]) -> list[str]:
    """Cycles by what they were spent on; those of a row add up to the measured ones."""
    lines = [
        "| model | configuration | measured | MACs | " + " | ".join(LOSSES.values()) + " |",
        "|---|---|---:|---:|" + "---:|" * len(LOSSES),
    ]
    for m in found:
        cells = [f"{m.losses[key]:,.0f}" for key in ("ideal", *LOSSES)]
        lines.append(f"| {m.model} | {m.config} | {m.cycles:,} | " + " | ".join(cells) + " |")
    return lines


def memory_lines(found: Sequence[Measurement]) -> list[str]:
    """Cycles by bytes per cycle and latency, and the worst error of the prediction in a row."""
    latencies = sorted({m.latency for m in found})
    lines = [
        "| model | configuration | bytes/cycle | "
        + " | ".join(f"latency {n}" for n in latencies)
        + " | error |",
        "|---|---|---:|" + "---:|" * (len(latencies) + 1),
    ]
    rows: dict[tuple[str, float, str], dict[int, Measurement]] = {}
    for m in found:
        rows.setdefault((m.model, m.bytes_per_cycle, m.config), {})[m.latency] = m
    order = {name: i for i, name in enumerate(dict.fromkeys(m.model for m in found))}
    for (model, bytes_per_cycle, config), row in sorted(
        rows.items(), key=lambda item: (order[item[0][0]], item[0][2], item[0][1])
    ):
        cells = [f"{row[n].cycles:,}" if n in row else "" for n in latencies]
        error = max((m.predicted_cycles / m.cycles - 1 for m in row.values()), key=abs)
        lines.append(
            f"| {model} | {config} | {bytes_per_cycle:g} | "
            + " | ".join(cells)
            + f" | {error:+.1%} |"
        )
    return lines


Lines = Callable[[Sequence["Measurement"]], list[str]]
ONE_MEMORY: dict[str, Lines] = {"bench": cycles_lines, "losses": losses_lines}
SEVERAL_MEMORIES: dict[str, Lines] = {"memory": memory_lines}
"""Tables by the names of their blocks."""


def memories_differ(found: Sequence[Measurement]) -> bool:
    """The measurements are of more than one external memory."""
    return len({(m.bytes_per_cycle, m.latency) for m in found}) > 1


def with_tables(text: str, found: Sequence[Measurement]) -> str:
    """The text with the tables of these measurements in their blocks."""
    for name, lines in (SEVERAL_MEMORIES if memories_differ(found) else ONE_MEMORY).items():
        found_block = _block(name).search(text)
        if found_block is not None:
            table = "\n".join(lines(found)) + "\n"
            text = text[: found_block.end(1)] + table + text[found_block.start(2) :]
    return text


def check_blocks(path: Path) -> None:
    """Raise :class:`WeftError` for a file without a block."""
    names = [*ONE_MEMORY, *SEVERAL_MEMORIES]
    if not path.is_file() or not any(_block(n).search(path.read_text()) for n in names):
        raise WeftError(
            f"{path}: has no lines '<!-- bench:start -->' and '<!-- bench:end -->'"
            f" (or {', '.join(names[1:])}); add them where the table shall be"
        )


def _block(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}:start -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
