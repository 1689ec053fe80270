"""A controller for SDRAM of 16 bits whose clock is twice its own, such as the ULX3S has."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, Signature, connect, flipped

from arch.params import Params
from boards.gateware.memory_bus import MemoryBus, command_layout
from boards.gateware.sdram_chip import DATA_BITS, SdramChip
from boards.gateware.sdram_columns import CYCLE_BITS, HEAD_START, QUEUE_DEPTH, SdramColumns
from boards.gateware.sdram_rows import SdramRows, command_pins
from boards.gateware.sdram_times import SdramTimes
from compiler.timing.memory import MemoryTiming
from hw.skid import SkidBuffer

TIMING = MemoryTiming(bytes_per_cycle=3.95, latency=17)
"""Of a stream, refreshes included, and of an open row; both directions share it."""


def sdram_pins(chip: SdramChip) -> Signature:
    """What goes to the chip in each cycle: two periods of its clock.

    ``columns`` is the command of the first, ``rows`` that of the second one. Data and masks have
    the first period's below. ``dq_i`` are the data lines at the rising edge before the last one
    and at the falling edge behind it, as the pins' input registers give them.
    """
    return Signature(
        {
            "columns": Out(command_pins(chip)),
            "rows": Out(command_pins(chip)),
            "dqm": Out(CYCLE_BITS // 8),
            "dq_o": Out(CYCLE_BITS),
            "dq_oe": Out(1),
            "dq_i": In(CYCLE_BITS),
        }
    )


def make_sdram(params: Params, memory_bytes: int, clock_hz: int) -> SdramController:
    """The controller for the default chip."""
    return SdramController(params, memory_bytes, clock_hz)


class SdramController(wiring.Component):
    """Beats to and from the chip, one burst of the chip for each.

    Four bytes a cycle, also from row to row, as rows are opened ahead: one in each bank. All
    logic is in one clock domain: double data rate registers at the pins carry two commands, words
    and masks a cycle, and the chip's clock is twice as fast.

    Parameters
    ----------
    params : the configuration; a beat is 32 to 128 bits.
    memory_bytes : of the chip.
    clock_hz : of this domain.
    chip : the chip.

    Members
    -------
    bus : commands; in order.
    pins : see :func:`sdram_pins`.
    """

    def __init__(
        self,
        params: Params,
        memory_bytes: int,
        clock_hz: float,
        chip: SdramChip | None = None,
    ):
        self.params = params
        self.memory_bytes = memory_bytes
        burst_words = params.config.axi_data_bits // DATA_BITS
        self.times = SdramTimes(chip or SdramChip(), clock_hz, burst_words)
        super().__init__(
            {
                "bus": In(MemoryBus(params, memory_bytes)),
                "pins": Out(sdram_pins(self.times.chip)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p, t = self.params, self.times
        m.submodules.commands = commands = SkidBuffer(command_layout(p, self.memory_bytes))
        m.submodules.rows = rows = SdramRows(p, self.memory_bytes, t, QUEUE_DEPTH, HEAD_START)
        m.submodules.columns = columns = SdramColumns(p, t)
        connect(m, flipped(self.bus.commands), commands.i)
        connect(m, commands.o, rows.i)
        connect(m, rows.o, columns.i)
        connect(m, columns.pins, flipped(self.pins.columns))
        connect(m, rows.pins, flipped(self.pins.rows))
        m.d.comb += [
            rows.started.eq(columns.started),
            rows.bank.eq(columns.bank),
            self.bus.valid.eq(columns.valid),
            self.bus.data.eq(columns.data),
            self.pins.dqm.eq(columns.dqm),
            self.pins.dq_o.eq(columns.dq_o),
            self.pins.dq_oe.eq(columns.dq_oe),
            columns.dq_i.eq(self.pins.dq_i),
        ]
        return m
