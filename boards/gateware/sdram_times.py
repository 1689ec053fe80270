"""A chip's times in cycles of the controller, whose commands have a half of the cycle each."""

from __future__ import annotations

from dataclasses import dataclass

from boards.gateware.sdram_chip import PERIODS_PER_CYCLE, SdramChip, periods

assert PERIODS_PER_CYCLE == 2  # a command has one half of the cycle or the other


def _same_half(n_periods: int) -> int:
    return -(-n_periods // 2)


def _second_to_first(n_periods: int) -> int:
    return -(-(n_periods + 1) // 2)


@dataclass(frozen=True)
class SdramTimes:
    """Cycles from one command to another, or more.

    Reads and writes go out in the first half of a cycle with the first word of a burst; commands
    about rows in the second half.

    Parameters
    ----------
    chip : the chip.
    clock_hz : of the controller.
    burst_words : an even number of words.
    """

    chip: SdramChip
    clock_hz: float
    burst_words: int

    def _periods(self, nanoseconds: float) -> int:
        return periods(nanoseconds, self.clock_hz * PERIODS_PER_CYCLE)

    @property
    def burst(self) -> int:
        return self.burst_words // 2

    @property
    def activate_to_column(self) -> int:
        return _second_to_first(self._periods(self.chip.t_rcd))

    @property
    def activate_to_activate(self) -> int:
        """Of another bank; the same one is precharged in between."""
        return _same_half(self._periods(self.chip.t_rrd))

    @property
    def activate_to_precharge(self) -> int:
        return _same_half(self._periods(self.chip.t_ras))

    @property
    def precharge(self) -> int:
        """To the next command; long enough that tRC is kept where tRAS was."""
        least = _same_half(self._periods(self.chip.t_rp))
        return max(least, self.refresh - self.activate_to_precharge)

    @property
    def refresh(self) -> int:
        """To the next command."""
        return _same_half(self._periods(self.chip.t_rc))

    @property
    def load_mode(self) -> int:
        """To the next command."""
        return _same_half(self.chip.t_mrd_periods)

    @property
    def column_to_precharge(self) -> int:
        """After a write, which needs more than a read; and not before the row may close."""
        written = self.burst - 1 + _same_half(self._periods(self.chip.t_wr))
        return max(written, self.burst, self.activate_to_precharge - self.activate_to_column)

    @property
    def read_to_write(self) -> int:
        """A period is left for the data lines to change hands."""
        return _same_half(self.chip.cas_latency_periods + self.burst_words + 1)

    @property
    def refresh_period(self) -> int:
        """From one refresh that is due to the next, or less."""
        return int(self.chip.refresh_ns * self.clock_hz / 1e9)

    @property
    def power_up_refreshes(self) -> int:
        """Refresh periods until the chip takes commands."""
        return -int(-self.chip.power_up_ns // self.chip.refresh_ns) + 1
