"""Digits on the terminal, with what the network makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

N_ROWS = 2
GAP = 3  # columns between two pictures

_UPPER_HALF = "\N{UPPER HALF BLOCK}"
_SHADES = " \N{LIGHT SHADE}\N{MEDIUM SHADE}\N{DARK SHADE}\N{FULL BLOCK}"
_ASCII_SHADES = " .+*#"

Picture = list[Text]
"""Lines of equal width."""


def show(
    images: NDArray[np.int8],
    labels: NDArray[Any],
    predictions: NDArray[Any],
    probabilities: NDArray[Any],
    console: Console | None = None,
) -> None:
    """Print some digits with their predictions below, and those that are misread, if any.

    Parameters
    ----------
    images : inputs of the network, (n, 8, 8) or (n, 8, 8, 1), from -128 (paper) to 127 (ink).
    labels, predictions : (n,), digits.
    probabilities : of the predictions, (n,), 0 to 1; or of every digit, (n, 10).
    console : where to print; colours are used if it has them.
    """
    console = console or Console()
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if probabilities.ndim == 2:
        probabilities = probabilities[np.arange(len(predictions)), predictions]
    draw, width = _drawing(console)
    per_row = max(1, (console.width + GAP) // (width + GAP))

    def row(chosen: NDArray[np.int64]) -> None:
        cells = []
        for i in chosen:
            caption = _caption(int(labels[i]), int(predictions[i]), float(probabilities[i]))
            cells.append([*draw(_ink(images[i])), *caption])
        _print_beside(console, cells, width)

    n_shown = min(len(labels), N_ROWS * per_row)
    for start in range(0, n_shown, per_row):
        row(np.arange(start, min(start + per_row, n_shown)))
    misread = np.flatnonzero(predictions != labels)
    if len(misread):
        console.print(f"Misread, {len(misread)} of {len(labels)}:\n", highlight=False)
        row(misread[:per_row])


def _ink(image: NDArray[np.int8]) -> NDArray[np.float64]:
    """Darkness of each pixel, 0 to 1, (8, 8)."""
    ink: NDArray[np.float64] = (image.reshape(8, 8).astype(np.float64) + 128) / 255
    return ink


def _drawing(console: Console) -> tuple[Callable[[NDArray[np.float64]], Picture], int]:
    """How this console draws a picture, and its width in columns."""
    if console.color_system is not None and not console.options.ascii_only:
        return _in_colour, 8
    shades = _ASCII_SHADES if console.options.ascii_only else _SHADES
    return lambda ink: _in_shades(ink, shades), 16


def _in_colour(ink: NDArray[np.float64]) -> Picture:
    """Two pixels in each character, above each other: its colour and its background."""
    lines = []
    for upper, lower in zip(ink[::2], ink[1::2], strict=True):
        line = Text()
        for above, below in zip(upper, lower, strict=True):
            line.append(_UPPER_HALF, style=f"{_grey(above)} on {_grey(below)}")
        lines.append(line)
    return lines


def _grey(ink: float) -> str:
    level = round(24 + 231 * ink)
    return f"rgb({level},{level},{level})"


def _in_shades(ink: NDArray[np.float64], shades: str) -> Picture:
    """One pixel in two characters next to each other."""
    levels = np.rint(ink * (len(shades) - 1)).astype(int)
    return [Text("".join(2 * shades[level] for level in row)) for row in levels]


def _caption(label: int, prediction: int, probability: float) -> Picture:
    """The prediction, and below it how sure it is."""
    sure = Text(f"{probability:.0%}", style="dim")
    if prediction == label:
        return [Text(str(prediction), style="bold green"), sure]
    return [Text(str(prediction), style="bold red").append(f", not {label}", "not bold"), sure]


def _print_beside(console: Console, cells: list[Picture], width: int) -> None:
    for lines in zip(*cells, strict=True):
        whole = Text()
        for line in lines:
            indent = (width - line.cell_len) // 2
            whole.append(" " * indent).append_text(line)
            whole.append(" " * (width - indent - line.cell_len + GAP))
        whole.rstrip()
        console.print(whole, no_wrap=True, crop=False)
    console.print()
