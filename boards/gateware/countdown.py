"""Short times as registers that need no comparison."""

from __future__ import annotations

from amaranth.hdl import Module, Signal


class Countdown:
    """Counts down from ``n`` or less, a bit for each cycle.

    Members
    -------
    busy : a register: the time is not over.
    """

    def __init__(self, m: Module, n: int, name: str):
        self._left = Signal(max(n, 1), name=f"{name}_left")
        self.busy = self._left[0]
        self._m = m
        m.d.sync += self._left.eq(self._left >> 1)

    def start(self, n: int) -> None:
        """``busy`` for ``n`` cycles from the next one on."""
        self._m.d.sync += self._left.eq((1 << n) - 1)
