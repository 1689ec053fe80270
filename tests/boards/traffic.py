"""Long streams on an AXI4 port, and how many cycles they take."""

from __future__ import annotations

from enum import IntEnum

from amaranth.hdl import Elaboratable, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch import registers
from arch.params import Params, log2_exact
from hw.axi_lite import AxiLiteTarget
from hw.interfaces import axi_lite_signature, axi_signature


class Register(IntEnum):
    """Words of the port ``bus``."""

    START = 0  # 1: read, 2: write, 3: both; reads as 1 while it runs
    READ_FROM = 1  # byte addresses
    WRITE_TO = 2
    N_BURSTS = 3  # of each direction
    N_BEATS = 4  # of each burst; the next one starts where this one would end if it were full
    CYCLES = 5  # from the first address to the last beat or answer
    FIRST_BEAT = 6  # from the handshake of the first address to the first beat
    FIRST_ANSWER = 7  # from the last beat of the first burst to its answer


SETTINGS = (Register.READ_FROM, Register.WRITE_TO, Register.N_BURSTS, Register.N_BEATS)


class Traffic(wiring.Component):
    """Reads, writes or both, burst behind burst, as fast as the memory takes them.

    Beat ``n`` that is written has ``n`` in each word of 32 bits.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "bus": In(axi_lite_signature(registers.ADDRESS_BITS)),
                "axi": Out(axi_signature(params)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        axi = self.axi
        m.submodules.target = target = AxiLiteTarget(registers.ADDRESS_BITS)
        connect(m, flipped(self.bus), target.bus)
        values = {r: Signal(32, name=r.name.lower()) for r in Register}
        with m.Switch(target.word):
            for register, value in values.items():
                with m.Case(register):
                    m.d.comb += target.read_data.eq(value)
        m.d.comb += target.read_done.eq(1)
        start = Signal(2)
        with m.If(target.write), m.Switch(target.word):
            for register in SETTINGS:
                with m.Case(register):
                    m.d.sync += values[register].eq(target.data)
            with m.Case(Register.START):
                m.d.comb += start.eq(target.data)

        clear, n_bursts = start.any(), values[Register.N_BURSTS]
        running = values[Register.START][0]
        cycles = values[Register.CYCLES]
        first = self._reads(m, start, values[Register.READ_FROM], n_bursts)
        last = self._writes(m, start, values[Register.WRITE_TO], n_bursts)
        since_address, since_last = Signal(32), Signal(32)
        left = Signal(32)  # bursts that are not complete
        ended = (axi.rvalid & axi.rlast) + axi.bvalid
        m.d.sync += [
            running.eq(left != 0),
            cycles.eq(cycles + running),
            left.eq(left - ended),
            since_address.eq(since_address + first),
            since_last.eq(since_last + last),
        ]
        with m.If(axi.rvalid & (values[Register.FIRST_BEAT] == 0)):
            m.d.sync += values[Register.FIRST_BEAT].eq(since_address + 1)
        with m.If(axi.bvalid & (values[Register.FIRST_ANSWER] == 0)):
            m.d.sync += values[Register.FIRST_ANSWER].eq(since_last + 1)
        with m.If(clear):
            m.d.sync += [
                left.eq(Mux(start == 3, 2 * n_bursts, n_bursts)),
                cycles.eq(0),
                since_address.eq(0),
                since_last.eq(0),
                values[Register.FIRST_BEAT].eq(0),
                values[Register.FIRST_ANSWER].eq(0),
            ]
        last_beat = values[Register.N_BEATS] - 1
        m.d.comb += [axi.arlen.eq(last_beat), axi.awlen.eq(last_beat)]
        return m

    def _reads(self, m: Module, start: Signal, address: Signal, n_bursts: Signal) -> Signal:
        """Whether the first address was taken."""
        axi, left, taken = self.axi, Signal(32), Signal()
        step = self.params.axi_bytes * self.params.config.dma_burst_beats
        m.d.comb += [axi.arvalid.eq(left != 0), axi.rready.eq(1)]
        m.d.comb += [axi.arburst.eq(1), axi.arsize.eq(log2_exact(self.params.axi_bytes))]
        with m.If(axi.arvalid & axi.arready):
            m.d.sync += [axi.araddr.eq(axi.araddr + step), left.eq(left - 1), taken.eq(1)]
        with m.If(start[0]):
            m.d.sync += [left.eq(n_bursts), axi.araddr.eq(address), taken.eq(0)]
        return taken

    def _writes(self, m: Module, start: Signal, address: Signal, n_bursts: Signal) -> Signal:
        """Whether the last beat of the first burst was taken."""
        axi, left, taken = self.axi, Signal(32), Signal()
        step = self.params.axi_bytes * self.params.config.dma_burst_beats
        beat, in_burst, bursts_left = Signal(32), Signal(8), Signal(32)
        m.d.comb += [
            axi.awvalid.eq(left != 0),
            axi.wvalid.eq(bursts_left != 0),
            axi.bready.eq(1),
            axi.awburst.eq(1),
            axi.awsize.eq(log2_exact(self.params.axi_bytes)),
            axi.wdata.eq(beat.replicate(len(axi.wdata) // len(beat))),
            axi.wstrb.eq(-1),
            axi.wlast.eq(in_burst == axi.awlen),
        ]
        with m.If(axi.awvalid & axi.awready):
            m.d.sync += [axi.awaddr.eq(axi.awaddr + step), left.eq(left - 1)]
        with m.If(axi.wvalid & axi.wready):
            m.d.sync += [beat.eq(beat + 1), in_burst.eq(in_burst + 1)]
            with m.If(axi.wlast):
                m.d.sync += [in_burst.eq(0), bursts_left.eq(bursts_left - 1), taken.eq(1)]
        with m.If(start[1]):
            m.d.sync += [
                left.eq(n_bursts),
                bursts_left.eq(n_bursts),
                axi.awaddr.eq(address),
                beat.eq(0),
                taken.eq(0),
            ]
        return taken
