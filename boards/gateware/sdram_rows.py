"""Rows of an SDRAM: set-up, opening, closing and refresh."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Elaboratable, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, Signature

from arch.params import Params, log2_exact
from boards.gateware.countdown import Countdown
from boards.gateware.memory_bus import command_layout
from boards.gateware.sdram_chip import (
    ACTIVATE,
    ALL_BANKS,
    LATENCY_SHIFT,
    LOAD_MODE,
    NOP,
    PRECHARGE,
    REFRESH,
    SdramChip,
)
from boards.gateware.sdram_times import SdramTimes

SETUP_REFRESHES = 8
OWED_AT_MOST = 4  # refreshes that wait for a pause; JEDEC allows 8


def column_layout(params: Params, times: SdramTimes) -> data.StructLayout:
    """Read or write a beat in an open row; ``column`` counts beats."""
    chip = times.chip
    return data.StructLayout(
        {
            "write": 1,
            "bank": chip.bank_bits,
            "column": chip.column_bits - log2_exact(times.burst_words),
            "data": params.config.axi_data_bits,
            "mask": params.axi_bytes,
        }
    )


def command_pins(chip: SdramChip) -> Signature:
    """A command for the chip: (ras_n, cas_n, we_n), bank and address; registers."""
    return Signature(
        {
            "code": Out(3, init=NOP),
            "ba": Out(chip.bank_bits),
            "a": Out(chip.row_bits),
        }
    )


class SdramRows(wiring.Component):
    """Passes commands on, in order, when the rows that they want are open.

    A row stays open until its bank is wanted for another one or refreshes are due. Commands that
    were passed on wait in a queue, so that a row opens while others are in use. Refreshes wait for
    a pause, but not for long.

    Parameters
    ----------
    params : the configuration.
    memory_bytes : of the chip.
    times : of the chip.
    queue_depth : commands that may have been passed on and not started.
    head_start : cycles from the handshake of ``o`` to the start of the command, at least.

    Members
    -------
    i : commands; rows that follow each other are in different banks.
    o : commands whose rows will be open when ``head_start`` has passed.
    started, bank : a command is sent to the chip in this cycle.
    pins : commands about rows.
    """

    def __init__(
        self,
        params: Params,
        memory_bytes: int,
        times: SdramTimes,
        queue_depth: int,
        head_start: int,
    ):
        if times.activate_to_column > 1 + head_start:
            raise ValueError("tRCD: a command would come before its row is open")
        self.params = params
        self.times = times
        self.queue_depth = queue_depth
        super().__init__(
            {
                "i": In(stream.Signature(command_layout(params, memory_bytes))),
                "o": Out(stream.Signature(column_layout(params, times))),
                "started": In(1),
                "bank": In(times.chip.bank_bits),
                "pins": Out(command_pins(times.chip)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        t, chip, pins, command = self.times, self.times.chip, self.pins, self.i.payload
        n_banks = 1 << chip.bank_bits
        column = self.o.payload
        row_at = len(column.column) + chip.bank_bits
        new_bank, new_row = command.beat[len(column.column) : row_at], command.beat[row_at:]

        # The command that waits for its row. It has settled when ``blocked`` knows of the one
        # before it.
        valid, hit, settled, row = Signal(), Signal(), Signal(), Signal(chip.row_bits)
        is_open = Array(Signal(name=f"is_open_{bank}") for bank in range(n_banks))
        rows = Array(Signal(chip.row_bits, name=f"row_{bank}") for bank in range(n_banks))
        same = Cat(is_open[bank] & (rows[bank] == new_row) for bank in range(n_banks))
        running, advance, passed, activated = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            self.o.valid.eq(running & valid & hit),
            passed.eq(self.o.valid & self.o.ready),
            advance.eq(running & (~valid | (hit & self.o.ready))),
            self.i.ready.eq(advance),
        ]
        m.d.sync += settled.eq(1)
        with m.If(advance):
            m.d.sync += [
                valid.eq(self.i.valid),
                hit.eq(same.bit_select(new_bank, 1)),
                settled.eq(0),
                row.eq(new_row),
                column.write.eq(command.write),
                column.bank.eq(new_bank),
                column.column.eq(command.beat),
                column.data.eq(command.data),
                column.mask.eq(command.mask),
            ]
        blocked = self._blocked(m, activated, passed)

        pause = Countdown(m, max(t.refresh, t.precharge, t.activate_to_activate), "pause")
        m.d.sync += [pins.code.eq(NOP), pins.ba.eq(column.bank), pins.a.eq(row)]

        def send(code: int, wait: int) -> None:
            """A command now, and the next one ``wait`` cycles later or more."""
            m.d.sync += pins.code.eq(code)
            pause.start(wait - 1)

        powered, due, refreshed, owed = self._refreshes(m, idle=~valid & ~self.i.valid)
        ready = Signal()
        with m.FSM(init="POWER_UP") as fsm:
            m.d.comb += running.eq(fsm.ongoing("RUN"))
            with m.State("POWER_UP"), m.If(powered):
                m.next = "CLOSE"
            with m.State("RUN"):
                with m.If(~pause.busy & due):
                    pause.start(1)  # until ``blocked`` knows of the last command
                    m.next = "CLOSE"
                with m.Elif(~pause.busy & valid & settled & ~hit):
                    with m.If(~is_open[column.bank]):
                        m.d.comb += activated.eq(1)
                        send(ACTIVATE, t.activate_to_activate)
                        m.d.sync += [
                            rows[column.bank].eq(row),
                            is_open[column.bank].eq(1),
                            hit.eq(1),
                        ]
                    with m.Elif(~blocked.bit_select(column.bank, 1)):
                        send(PRECHARGE, t.precharge)
                        m.d.sync += [
                            pins.a[log2_exact(ALL_BANKS)].eq(0),
                            is_open[column.bank].eq(0),
                        ]
            with m.State("CLOSE"):
                m.d.sync += hit.eq(0)
                with m.If(~pause.busy & ~blocked.any()):
                    send(PRECHARGE, t.precharge)
                    m.d.sync += [pins.a.eq(ALL_BANKS), *(bank.eq(0) for bank in is_open)]
                    m.next = "REFRESH"
            with m.State("REFRESH"), m.If(~pause.busy):
                with m.If(owed):
                    m.d.comb += refreshed.eq(1)
                    send(REFRESH, t.refresh)
                with m.Elif(ready):
                    m.next = "RUN"
                with m.Else():
                    send(LOAD_MODE, t.load_mode)
                    mode = chip.cas_latency_periods << LATENCY_SHIFT | log2_exact(t.burst_words)
                    m.d.sync += [pins.a.eq(mode), pins.ba.eq(0), ready.eq(1)]
                    m.next = "RUN"
        return m

    def _blocked(self, m: Module, activated: Signal, passed: Signal) -> Signal:
        """Banks that must not be closed, as of the cycle before."""
        t = self.times
        late = 2  # cycles from an event to the bit, which tells what was a cycle ago
        after_activate = max(0, t.activate_to_precharge - late)
        after_column = max(0, t.column_to_precharge - late)
        n_banks = 1 << t.chip.bank_bits
        blocked = Signal(n_banks)
        for bank in range(n_banks):
            pending = Signal(range(self.queue_depth + 1), name=f"pending_{bank}")
            hold = Countdown(m, max(after_activate, after_column), f"hold_{bank}")
            wanted = self.o.payload.bank == bank
            started = self.started & (self.bank == bank)
            m.d.sync += [
                pending.eq(pending + (passed & wanted) - started),
                blocked[bank].eq((pending != 0) | hold.busy),
            ]
            with m.If(started):
                hold.start(after_column)
            with m.If(activated & wanted):
                hold.start(after_activate)
        return blocked

    def _refreshes(self, m: Module, idle: Value) -> tuple[Signal, Signal, Signal, Signal]:
        """Signals: the chip has power; refreshes are due; one is done (set by the user); owed."""
        t = self.times
        timer, tick = Signal(range(t.refresh_period)), Signal()
        m.d.sync += [tick.eq(timer == 0), timer.eq(timer - 1)]
        with m.If(timer == 0):
            m.d.sync += timer.eq(t.refresh_period - 1)
        ticks = Signal(range(t.power_up_refreshes + 1))
        powered, due, done, owed = Signal(), Signal(), Signal(), Signal()
        n_owed = Signal(range(2 * SETUP_REFRESHES), init=SETUP_REFRESHES)
        m.d.sync += [
            powered.eq(ticks == t.power_up_refreshes),
            ticks.eq(ticks + (tick & ~powered)),
            n_owed.eq(n_owed + (tick & powered) - done),
            due.eq((n_owed >= OWED_AT_MOST) | (owed & idle)),
        ]
        m.d.comb += owed.eq(n_owed != 0)
        return powered, due, done, owed
