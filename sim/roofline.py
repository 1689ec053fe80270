"""A roofline picture: models and layers against the array and the bandwidth of memory.

Source: Williams, Waterman, Patterson, "Roofline: an insightful visual performance model for
multicore architectures", CACM 52(4), 2009.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from arch.errors import WeftError
from sim.measure import Measurement

MARKERS = "osD^vPX*"


def draw(found: Sequence[Measurement], path: Path) -> None:
    """One panel for each configuration and memory; the ending of ``path`` chooses the format.

    Raises :class:`WeftError` without matplotlib, or for a file that cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise WeftError(
            "a roofline needs matplotlib, which is not here; pip install matplotlib brings it"
        ) from None
    panels: dict[tuple[str, float, int], list[Measurement]] = {}
    for m in found:
        panels.setdefault((m.config, m.bytes_per_cycle, m.latency), []).append(m)
    n_columns = min(3, len(panels))
    n_rows = -(-len(panels) // n_columns)
    figure = Figure(figsize=(4.6 * n_columns, 4.4 * n_rows + 0.4), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True).reshape(-1)
    colours = {name: f"C{i}" for i, name in enumerate(dict.fromkeys(m.model for m in found))}
    for axis, members in zip(axes, panels.values(), strict=False):
        _panel(axis, members, colours)
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    for row in range(n_rows):
        axes[row * n_columns].set_ylabel("MACs per cycle")
    try:
        figure.savefig(path, dpi=130)
    except (OSError, ValueError) as error:
        raise WeftError(f"{path}: {error}; choose another file for the roofline") from None


def _panel(axis: Any, members: Sequence[Measurement], colours: dict[str, str]) -> None:
    first = members[0]
    roof, slope = first.macs_per_cycle, first.bytes_per_cycle
    points = [
        (name, macs / n_bytes, macs / cycles, is_model)
        for m in members
        for name, macs, n_bytes, cycles, is_model in _points(m)
    ]
    low = min([x for _, x, _, _ in points] + [roof / slope]) / 2
    high = max([x for _, x, _, _ in points] + [roof / slope]) * 2
    ridge = roof / slope
    axis.plot([low, ridge, high], [slope * low, roof, roof], color="black", linewidth=1.2)
    axis.annotate(
        f"{roof} MACs/cycle", (high, roof), xytext=(-4, 4), textcoords="offset points", ha="right"
    )
    axis.annotate(
        f"{slope:g} bytes/cycle",
        (low, slope * low),
        xytext=(6, 2),
        textcoords="offset points",
        rotation=0,
        ha="left",
        va="top",
    )
    for name, x, y, is_model in points:
        marker = MARKERS[list(colours).index(name) % len(MARKERS)]
        axis.plot(
            x,
            y,
            marker,
            color=colours[name],
            markersize=11 if is_model else 4,
            markeredgecolor="black" if is_model else colours[name],
            alpha=1.0 if is_model else 0.55,
            label=name if is_model else None,
            linestyle="",
        )
    axis.set_xscale("log", base=2)
    axis.set_yscale("log", base=2)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_xlabel("MACs per byte of external memory")
    axis.set_title(f"{first.config}, latency {first.latency}")
    axis.grid(True, which="major", linewidth=0.3)
    axis.legend(title="model (small: layers)", loc="lower right", fontsize=8, title_fontsize=8)


def _points(m: Measurement) -> list[tuple[str, int, int, int, bool]]:
    """(model, MACs, bytes, cycles, is the model) of the layers that have all three, model last."""
    points = [
        (m.model, row["macs"], row["bytes"], row["cycles"], False)
        for row in m.layers
        if row["macs"] and row["bytes"] and row["cycles"]
    ]
    return [*points, (m.model, m.macs, m.bytes_read + m.bytes_written, m.cycles, True)]
