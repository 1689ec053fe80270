"""What the clock generators of all families have in common."""

from __future__ import annotations

from arch.errors import WeftError


class ClockError(WeftError):
    """A frequency that a board cannot make."""


def cannot_make(input_hz: float, wanted_hz: float) -> ClockError:
    """The error for a frequency that ``input_hz`` gives none near enough for."""
    return ClockError(
        f"clock: {wanted_hz / 1e6:g} MHz cannot be made from {input_hz / 1e6:g} MHz; "
        "choose another with --clock"
    )
