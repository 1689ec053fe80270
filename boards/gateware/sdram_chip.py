"""SDRAM chips of 16 bits: size, times and commands."""

from __future__ import annotations

import math
from dataclasses import dataclass

from boards.gateware.clock import ClockError

DATA_BITS = 16
PERIODS_PER_CYCLE = 2  # the chip's clock is twice the system's

# (ras_n, cas_n, we_n)
NOP, ACTIVATE, READ, WRITE = 0b111, 0b011, 0b101, 0b100
PRECHARGE, REFRESH, LOAD_MODE = 0b010, 0b001, 0b000
ALL_BANKS = 1 << 10  # of the address, for PRECHARGE
LATENCY_SHIFT = 4  # of the CAS latency in the mode register

# What the wires between two registers take: out of one pin and in at another, at least and at most,
# less the hold and with the setup time of the register behind it. Of an ECP5 with LVCMOS33.
WIRES_NS = (1.7, 4.9)
COMMAND_HOLD_NS = 2.5  # chips want 0.8


@dataclass(frozen=True)
class SdramChip:
    """Size and times of a chip.

    The defaults are what each chip keeps that ULX3S boards are sold with: IS42S16160G-7,
    AS4C32M16SB-7 (half of it), M12L2561616A-6 and MT48LC16M16A2-6A. Times have the names that
    JEDEC gives them and are in nanoseconds, those in ``_periods`` in periods of the chip's clock.
    """

    column_bits: int = 9
    row_bits: int = 13
    bank_bits: int = 2
    cas_latency_periods: int = 3
    t_ck: float = 7  # with this CAS latency
    t_ac: float = 5.4  # clock to data, at most
    t_oh: float = 2.5  # clock to the end of data, at least
    power_up_ns: float = 200_000
    t_rp: float = 21  # precharge to the next command
    t_rcd: float = 21  # activate to read or write
    t_ras: float = 45  # activate to precharge
    t_ras_max: float = 100_000
    t_rc: float = 67.5  # activate to activate, refresh to activate
    t_rrd: float = 15  # activate to activate of another bank
    t_wr: float = 15  # last data written to precharge
    t_mrd_periods: int = 2  # mode register to the next command
    refresh_ns: float = 7812.5  # one of 8192 rows in 64 ms

    @property
    def n_bytes(self) -> int:
        return DATA_BITS // 8 << (self.column_bits + self.row_bits + self.bank_bits)


def periods(nanoseconds: float, chip_hz: float) -> int:
    """Periods of the chip's clock that last so long or longer."""
    return math.ceil(nanoseconds * chip_hz / 1e9 - 1e-9)


def clock_delay_ns(chip: SdramChip, chip_hz: float) -> float:
    """How far the chip's clock is behind that of the registers at the pins.

    Between command and data lie the CAS latency and one period more, in which the clock's delay,
    both ways through the wires and the chip's access time must find room. The delay puts the
    moment of capture in the middle of the data, but leaves commands their hold time. Raises
    :class:`ClockError` for a clock that is too fast for the chip.
    """
    period = 1e9 / chip_hz
    if period < chip.t_ck * (1 - 1e-6):
        mhz, most_mhz = (hz / PERIODS_PER_CYCLE / 1e6 for hz in (chip_hz, 1e9 / chip.t_ck))
        raise ClockError(
            f"clock: {mhz:g} MHz is too fast for the SDRAM, whose clock is twice as fast; "
            f"choose {math.floor(most_mhz * 10) / 10:g} MHz or less with --clock"
        )
    least, most = WIRES_NS
    earliest = period - (least + chip.t_oh)  # the last word is still there
    latest = 2 * period - (most + chip.t_ac)  # the word has come
    return min((earliest + latest) / 2, period - COMMAND_HOLD_NS)
