"""The tables of sizes and speeds in the documentation: ``python -m boards.results``.

They are made from the reports in ``boards/results``, each written by ``weft synth CONFIG --board
NAME --seeds N --report boards/results/CONFIG-NAME.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gen.markdown import fill, table

FOLDER = Path(__file__).with_name("results")
ROOT = Path(__file__).resolve().parent.parent
PAGES = {"README.md": ("boards",), "docs/boards.md": ("boards", "paths", "tools")}
RESOURCES = ("LUT4", "FF", "DSP", "block RAM")
NETWORKS = ("kws", "vww", "ic", "ad")

Report = Mapping[str, Any]


def reports() -> list[Report]:
    """All reports, the smallest design of a board first."""
    found = [json.loads(path.read_text()) for path in FOLDER.glob("*.json")]
    return sorted(found, key=lambda r: (r["macs_per_cycle"], r["board"]))


def built(board: str) -> list[tuple[str, float]]:
    """Configurations that were placed and routed on a board, each with its MHz."""
    return [
        (r["config"], r["fmax_mhz"]) for r in reports() if r["board"] == board and "fmax_mhz" in r
    ]


def sizes(found: Sequence[Report]) -> str:
    """Area, frequency; with the bitstream's clock, throughput and milliseconds of each network."""
    headings = ["", "board", "FPGA", *(f"{name}>" for name in RESOURCES)]
    headings += ["MHz>", "clock>", "GMAC/s>", *(f"{name}>" for name in NETWORKS)]
    rows = []
    for r in found:
        row = [f"`{r['config']}`", r["board"], r["fpga"]]
        row += [_share(r["needs"].get(name, 0), r["limits"][name]) for name in RESOURCES]
        clock = r.get("clock_mhz")
        if clock:
            row += [f"{r['fmax_mhz']:.1f}", f"{clock:g}", f"{r['gmacs_per_second']:.2f}"]
        else:
            row += ["-"] * 3
        times = {i["model"]: i for i in r.get("inferences", ()) if i["fits"]}
        row += [_time(times.get(name), clock) for name in NETWORKS]
        rows.append(row)
    return table(headings, rows)


def _share(need: int, limit: int) -> str:
    return f"{need:,} ({need / limit:.0%})"


def _time(inference: Mapping[str, Any] | None, clock: float | None) -> str:
    """Milliseconds, or cycles where nothing was placed."""
    if inference is None:
        return "-"
    cycles: int = inference["cycles"]
    return f"{cycles / clock / 1e3:.2f} ms" if clock else f"{cycles:,} cycles"


def paths(found: Sequence[Report]) -> str:
    """The critical path of each seed, by component."""
    headings = ["", "board", "seed>", "MHz>", "logic ns>", "routing ns>", "critical path"]
    rows = [
        [
            f"`{r['config']}`",
            r["board"],
            str(t["seed"]),
            f"{t['fmax_mhz']:.1f}",
            f"{t['logic_ns']:.1f}",
            f"{t['routing_ns']:.1f}",
            t["path"],
        ]
        for r in found
        for t in r.get("seeds", ())
    ]
    return table(headings, rows)


def versions(found: Sequence[Report]) -> str:
    """What the reports were made with."""
    used = sorted({(tool, version) for r in found for tool, version in r["tools"].items()})
    return table(["tool", "version"], [[f"`{tool}`", version] for tool, version in used])


MAKERS = {"boards": sizes, "paths": paths, "tools": versions}


def filled(page: str) -> str:
    """A page with its tables as they must be."""
    text = (ROOT / page).read_text()
    found = reports()
    for name in PAGES[page]:
        text = fill(text, page, name, MAKERS[name](found))
    return text


if __name__ == "__main__":
    for page in PAGES:
        (ROOT / page).write_text(filled(page))
