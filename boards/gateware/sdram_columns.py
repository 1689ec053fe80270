"""Columns of an SDRAM: reads and writes in open rows, and the data."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Elaboratable, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from arch.params import Params, log2_exact
from boards.gateware.countdown import Countdown
from boards.gateware.sdram_chip import DATA_BITS, NOP, PERIODS_PER_CYCLE
from boards.gateware.sdram_rows import column_layout, command_pins
from boards.gateware.sdram_times import SdramTimes

QUEUE_DEPTH = 6
HEAD_START = 2  # cycles from the handshake of ``i`` to the start of the command, at least

OUTPUT_CYCLES = 3  # in an output buffer of an ECP5 (ODDRX1F)
INPUT_CYCLES = 1  # in an input buffer (IDDRX1F), behind the cycle in which the pair came
WIRE_PERIODS = 1  # of the chip's clock: its delay, the wires and the chip's access time

CYCLE_BITS = PERIODS_PER_CYCLE * DATA_BITS


class SdramColumns(wiring.Component):
    """A burst of the chip for each command, one behind the other.

    A burst takes half as many cycles as it has words. A write waits until the data of the last
    read have left the lines.

    Parameters
    ----------
    params : the configuration.
    times : of the chip.

    Members
    -------
    i : commands in rows that are open, or will be after HEAD_START; QUEUE_DEPTH of them wait.
    started, bank : a command goes to the chip in this cycle.
    valid, data : answers to reads, in order.
    pins : commands about columns, for the first half of each cycle.
    dq_o, dqm, dq_oe : data and masks of both halves, the first one below.
    dq_i : the data of both halves of the cycle that ended at the last rising edge.
    """

    def __init__(self, params: Params, times: SdramTimes):
        self.params = params
        self.times = times
        super().__init__(
            {
                "i": In(stream.Signature(column_layout(params, times))),
                "started": Out(1),
                "bank": Out(times.chip.bank_bits),
                "valid": Out(1),
                "data": Out(params.config.axi_data_bits),
                "pins": Out(command_pins(times.chip)),
                "dq_o": Out(CYCLE_BITS),
                "dqm": Out(CYCLE_BITS // 8),
                "dq_oe": Out(1),
                "dq_i": In(CYCLE_BITS),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        t, pins = self.times, self.pins
        layout = column_layout(self.params, t)
        m.submodules.queue = queue = SyncFIFOBuffered(width=layout.size, depth=QUEUE_DEPTH)
        wiring.connect(m, wiring.flipped(self.i), queue.w_stream)
        command = layout(queue.r_data)
        bursting = Countdown(m, t.burst, "bursting")
        turning = Countdown(m, t.read_to_write, "turning")
        start = Signal()
        m.d.comb += [
            start.eq(queue.r_rdy & ~bursting.busy & ~(command.write & turning.busy)),
            queue.r_en.eq(start),
            self.started.eq(start),
            self.bank.eq(command.bank),
        ]
        m.d.sync += [
            pins.code.eq(NOP),
            pins.ba.eq(command.bank),
            pins.a.eq(Cat(Const(0, log2_exact(t.burst_words)), command.column)),
        ]
        with m.If(start):
            m.d.sync += [pins.code[0].eq(~command.write), pins.code[1].eq(0)]
            bursting.start(t.burst - 1)
            with m.If(~command.write):
                turning.start(t.read_to_write - 1)
        self._write_data(m, command, start & command.write)
        self._read_data(m, start & ~command.write)
        return m

    def _write_data(self, m: Module, command, start) -> None:
        """Words and masks, the first two with the command."""
        n_masks = CYCLE_BITS // 8
        words, masks = Signal.like(command.data), Signal.like(command.mask)
        writing = Countdown(m, self.times.burst, "writing")
        m.d.comb += [
            self.dq_oe.eq(writing.busy),
            self.dq_o.eq(words[:CYCLE_BITS]),
            self.dqm.eq(masks[:n_masks]),
        ]
        m.d.sync += [words.eq(words >> CYCLE_BITS), masks.eq(masks >> n_masks)]
        with m.If(start):
            writing.start(self.times.burst)
            m.d.sync += [words.eq(command.data), masks.eq(~command.mask)]

    def _read_data(self, m: Module, start) -> None:
        """Collect the words of each burst; the answer is a register."""
        t = self.times
        there = t.chip.cas_latency_periods + WIRE_PERIODS
        if there % PERIODS_PER_CYCLE:
            raise ValueError("the CAS latency is odd, so that the first word comes in a first half")
        # The pins' registers, their buffers, the chip, and the words of a burst.
        delay = 1 + OUTPUT_CYCLES + there // PERIODS_PER_CYCLE + INPUT_CYCLES + t.burst
        arrives = Signal(delay - 1)
        m.d.sync += [
            arrives.eq(Cat(start, arrives)),
            self.data.eq(Cat(self.data, self.dq_i)[-len(self.data) :]),
            self.valid.eq(arrives[-1]),
        ]
