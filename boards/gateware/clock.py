"""What the clock generators of all families have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from arch.errors import WeftError

MOST_OFF = 0.005  # of the wanted frequency


class Settings(Protocol):
    """Dividers of a clock generator, of any family."""

    @property
    def output_hz(self) -> float: ...


S = TypeVar("S", bound=Settings)


class ClockError(WeftError):
    """A frequency that a board cannot make."""


def cannot_make(input_hz: float, wanted_hz: float) -> ClockError:
    """The error for a frequency that ``input_hz`` gives none near enough for."""
    return ClockError(
        f"clock: {wanted_hz / 1e6:g} MHz cannot be made from {input_hz / 1e6:g} MHz; "
        "choose another with --clock"
    )


def closest(found: Iterable[S], input_hz: float, wanted_hz: float) -> S:
    """The settings nearest to a frequency; raises ClockError above 0.5 % off."""
    best = min(found, key=lambda s: abs(s.output_hz - wanted_hz), default=None)
    if best is None or abs(best.output_hz / wanted_hz - 1) > MOST_OFF:
        raise cannot_make(input_hz, wanted_hz)
    return best
