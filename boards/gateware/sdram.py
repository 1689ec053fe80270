"""A controller for single-data-rate SDRAM of 16 bits, such as the ULX3S has."""

from __future__ import annotations

import math
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Elaboratable, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, Signature

from arch.params import Params, log2_exact
from boards.gateware.memory_bus import MemoryBus, command_layout
from compiler.timing.memory import MemoryTiming

DATA_BITS = 16
TIMING = MemoryTiming(bytes_per_cycle=DATA_BITS / 8, latency=16)
"""Of an open row; both directions share it."""
PIN_CYCLES = 1  # registers in the output buffers, behind those of the controller


@dataclass(frozen=True)
class SdramTiming:
    """Size and times of a chip; the defaults are those of the IS42S16160G-7 (ISSI datasheet).

    Times in nanoseconds with the names that JEDEC gives them; ``cas_latency`` in cycles.
    """

    column_bits: int = 9
    row_bits: int = 13
    bank_bits: int = 2
    cas_latency: int = 2
    power_up_ns: float = 200_000
    t_rp: float = 20  # precharge to the next command
    t_rcd: float = 20  # activate to read or write
    t_ras: float = 45  # activate to precharge
    t_rc: float = 67.5  # activate to activate, refresh to activate
    t_mrd_cycles: int = 2  # mode register to the next command
    t_wr_cycles: int = 2  # last data written to precharge
    refresh_ns: float = 7812.5  # one of 8192 rows in 64 ms

    @property
    def n_bytes(self) -> int:
        return 2 << (self.column_bits + self.row_bits + self.bank_bits)


def cycles(nanoseconds: float, clock_hz: float) -> int:
    """Cycles that last so long or longer."""
    return math.ceil(nanoseconds * clock_hz / 1e9 - 1e-9)


def sdram_pins(timing: SdramTiming) -> Signature:
    """The chip's pins but the clock, as the controller drives them; all registers.

    Each passes one more register, in its output buffer. ``dq_i`` is what the data pins carried at
    the last rising edge of the controller's clock.
    """
    return Signature(
        {
            "cke": Out(1),
            "cs_n": Out(1, init=1),
            "ras_n": Out(1, init=1),
            "cas_n": Out(1, init=1),
            "we_n": Out(1, init=1),
            "ba": Out(timing.bank_bits),
            "a": Out(timing.row_bits),
            "dqm": Out(2),
            "dq_o": Out(DATA_BITS),
            "dq_oe": Out(1),
            "dq_i": In(DATA_BITS),
        }
    )


# (ras_n, cas_n, we_n)
NOP, ACTIVATE, READ, WRITE = 0b111, 0b011, 0b101, 0b100
PRECHARGE, REFRESH, LOAD_MODE = 0b010, 0b001, 0b000
ALL_BANKS = 1 << 10  # of the address, for PRECHARGE


def make_sdram(params: Params, memory_bytes: int, clock_hz: int) -> SdramController:
    """The controller for the default chip."""
    return SdramController(params, memory_bytes, clock_hz)


class SdramController(wiring.Component):
    """Beats to and from the chip, one burst of the chip for each; rows stay open.

    Beats of one row follow each other without a pause, ``axi_bytes / 2`` cycles for each. The
    next row costs precharge, activation and the latency of a read. A full refresh cycle takes
    place as often as the chip wants it.

    Parameters
    ----------
    params : the configuration; a beat is 32 to 128 bits.
    memory_bytes : of the chip.
    clock_hz : of this domain. The chip's clock is the same one, a quarter of a period later: it
        takes commands with time to spare on both sides, and its data are there at the rising edge
        ``cas_latency`` cycles after the one at which the command left the FPGA.
    timing : the chip.

    Members
    -------
    bus : commands; in order.
    pins : the chip.
    """

    def __init__(
        self,
        params: Params,
        memory_bytes: int,
        clock_hz: float,
        timing: SdramTiming | None = None,
    ):
        self.params = params
        self.timing = timing or SdramTiming()
        self.memory_bytes = memory_bytes
        self.clock_hz = clock_hz
        super().__init__(
            {"bus": In(MemoryBus(params, memory_bytes)), "pins": Out(sdram_pins(self.timing))}
        )

    def cycles(self, nanoseconds: float) -> int:
        return cycles(nanoseconds, self.clock_hz)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p, t, pins = self.params, self.timing, self.pins
        n_words = p.axi_bytes // 2  # the chip's burst
        layout = command_layout(p, self.memory_bytes)
        m.submodules.queue = queue = SyncFIFOBuffered(width=layout.size, depth=4)
        m.d.comb += [
            queue.w_data.eq(self.bus.commands.payload),
            queue.w_en.eq(self.bus.commands.valid),
            self.bus.commands.ready.eq(queue.w_rdy),
        ]
        command = layout(queue.r_data)
        beat_column_bits = t.column_bits - log2_exact(n_words)
        column = command.beat[:beat_column_bits]
        bank = command.beat[beat_column_bits:][: t.bank_bits]
        row = command.beat[beat_column_bits + t.bank_bits :]

        open_row = Signal(t.row_bits)
        open_bank, is_open = Signal(t.bank_bits), Signal()
        # A cycle late: whether it was the open row that the head of the queue wanted.
        looked, hit = Signal(), Signal()
        m.d.sync += [
            looked.eq(queue.r_rdy & ~queue.r_en),
            hit.eq(is_open & (open_row == row) & (open_bank == bank)),
        ]

        # Timers count down to the cycle in which something is allowed.
        wait = Signal(
            range(max(self.cycles(t.power_up_ns), 2) + 1), init=self.cycles(t.power_up_ns)
        )
        busy = Signal(range(n_words + t.cas_latency + t.t_wr_cycles + 2))  # until precharge
        active = Signal(range(self.cycles(t.t_ras) + 1))  # until precharge after activation
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.If(busy != 0):
            m.d.sync += busy.eq(busy - 1)
        with m.If(active != 0):
            m.d.sync += active.eq(active - 1)
        period = self.cycles(t.refresh_ns) - 1
        refresh_timer = Signal(range(period + 1))
        refresh_due = Signal()
        with m.If(refresh_timer == 0):
            m.d.sync += [refresh_timer.eq(period), refresh_due.eq(1)]
        with m.Else():
            m.d.sync += refresh_timer.eq(refresh_timer - 1)

        def send(code: int, then: int = 0) -> None:
            """A command now, and the next one after ``then`` cycles."""
            m.d.sync += [
                Cat(pins.we_n, pins.cas_n, pins.ras_n).eq(code),
                wait.eq(max(then - 1, 0)),
            ]

        m.d.sync += [
            pins.cke.eq(1),
            pins.cs_n.eq(0),
            Cat(pins.we_n, pins.cas_n, pins.ras_n).eq(NOP),
        ]
        setup = Signal(range(4))
        refreshes = Signal(range(8), init=7)
        turnaround = Signal(range(n_words + t.cas_latency + 3))  # until data may be driven
        next_column = Signal(range(n_words + 1))  # until the next burst may start
        with m.If(turnaround != 0):
            m.d.sync += turnaround.eq(turnaround - 1)
        with m.If(next_column != 0):
            m.d.sync += next_column.eq(next_column - 1)
        start_read, start_write = Signal(), Signal()
        mode = t.cas_latency << 4 | log2_exact(n_words)
        with m.FSM():
            with m.State("SETUP"), m.If(wait == 0):
                m.d.sync += setup.eq(setup + 1)
                with m.Switch(setup):
                    with m.Case(0):
                        send(PRECHARGE, self.cycles(t.t_rp))
                        m.d.sync += pins.a.eq(ALL_BANKS)
                    with m.Case(1):
                        send(REFRESH, self.cycles(t.t_rc))
                        m.d.sync += refreshes.eq(refreshes - 1)
                        with m.If(refreshes != 0):
                            m.d.sync += setup.eq(setup)
                    with m.Case(2):
                        send(LOAD_MODE, t.t_mrd_cycles)
                        m.d.sync += [pins.a.eq(mode), pins.ba.eq(0)]
                        m.next = "READY"
            with m.State("READY"), m.If(wait == 0):
                with m.If(refresh_due | (looked & ~hit)):
                    with m.If(is_open), m.If((busy == 0) & (active == 0)):
                        send(PRECHARGE, self.cycles(t.t_rp))
                        m.d.sync += [pins.a.eq(ALL_BANKS), is_open.eq(0), hit.eq(0)]
                    with m.Elif(refresh_due):
                        send(REFRESH, self.cycles(t.t_rc))
                        m.d.sync += refresh_due.eq(0)
                    with m.Else():
                        send(ACTIVATE, self.cycles(t.t_rcd))
                        m.d.sync += [
                            pins.a.eq(row),
                            pins.ba.eq(bank),
                            open_row.eq(row),
                            open_bank.eq(bank),
                            is_open.eq(1),
                            hit.eq(1),
                            active.eq(self.cycles(t.t_ras)),
                        ]
                with m.Elif(looked & (next_column == 0)):
                    with m.If(~command.write):
                        send(READ)
                        m.d.comb += start_read.eq(1)
                    with m.Elif(turnaround == 0):
                        send(WRITE)
                        m.d.comb += start_write.eq(1)
        with m.If(start_read | start_write):
            m.d.comb += queue.r_en.eq(1)
            m.d.sync += [
                pins.a.eq(Cat(Const(0, log2_exact(n_words)), column)),
                pins.ba.eq(bank),
                next_column.eq(n_words - 1),
                busy.eq(n_words + t.t_wr_cycles - 2),
            ]
        with m.If(start_read):
            m.d.sync += turnaround.eq(n_words + t.cas_latency)
        self._write_data(m, command, start_write, n_words)
        self._read_data(m, start_read, n_words)
        return m

    def _write_data(self, m: Module, command, start: Signal, n_words: int) -> None:
        """Words and masks, the first with the command."""
        pins = self.pins
        words = Signal(DATA_BITS * (n_words - 1))
        masks = Signal(2 * (n_words - 1))
        left = Signal(range(n_words))
        m.d.sync += [pins.dq_oe.eq(0), pins.dqm.eq(0)]
        with m.If(left != 0):
            m.d.sync += [
                left.eq(left - 1),
                pins.dq_oe.eq(1),
                pins.dq_o.eq(words[:DATA_BITS]),
                pins.dqm.eq(masks[:2]),
                words.eq(words >> DATA_BITS),
                masks.eq(masks >> 2),
            ]
        with m.If(start):
            m.d.sync += [
                left.eq(n_words - 1),
                pins.dq_oe.eq(1),
                pins.dq_o.eq(command.data[:DATA_BITS]),
                pins.dqm.eq(~command.mask[:2]),
                words.eq(command.data[DATA_BITS:]),
                masks.eq(~command.mask[2:]),
            ]

    def _read_data(self, m: Module, start: Signal, n_words: int) -> None:
        """Collect the words of each burst; the answer is a register."""
        t = self.timing
        delay = 1 + PIN_CYCLES + t.cas_latency + (n_words - 1)
        arrives = Signal(delay)
        m.d.sync += arrives.eq(Cat(start, arrives))
        collected = Signal(DATA_BITS * n_words)
        m.d.sync += [
            collected.eq(Cat(collected[DATA_BITS:], self.pins.dq_i)),
            self.bus.valid.eq(arrives[-1]),
        ]
        m.d.comb += self.bus.data.eq(collected)
