"""The host's registers: most of them are words of the processor's data."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch import registers
from arch.params import Params
from arch.registers import CONTROL, OFFSET, REGISTERS, Access
from hw.axi_lite import AxiLiteTarget
from hw.core.memories import MemoryPort
from hw.host import ALL_BITS, pack, writable_bits
from hw.interfaces import axi_lite_signature
from hw.scalar.memories import DATA_WORD_BITS

N_INTERRUPTS = len(registers.INTERRUPT.fields)


class ScalarHost(wiring.Component):
    """AXI4-Lite subordinate with the registers of arch.registers; it refuses what hw.host refuses.

    Counters and what is known of an error are written at the end of a program.

    Members
    -------
    bus : the registers.
    data, data_valid : accesses to the words that the processor keeps, which go before its own.
    interrupt : level, while a cause is pending that is enabled.
    doorbell, soft_reset : one cycle each.
    state, quiet : what STATUS shows.
    raised : interrupt causes, one cycle.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "bus": In(axi_lite_signature(registers.ADDRESS_BITS)),
                "data": Out(MemoryPort(DATA_WORD_BITS)),
                "data_valid": Out(1),
                "interrupt": Out(1),
                "doorbell": Out(1),
                "soft_reset": Out(1),
                "state": In(2),
                "quiet": In(1),
                "raised": In(N_INTERRUPTS),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.target = target = AxiLiteTarget(registers.ADDRESS_BITS)
        connect(m, flipped(self.bus), target.bus)
        enable, pending, cleared = (
            Signal(N_INTERRUPTS, name=name) for name in ("enable", "pending", "cleared")
        )
        lacking, write_refused, read_refused = Signal(32), Signal(init=1), Signal(init=1)
        bits = writable_bits(self.params)
        with m.Switch(target.word):
            for register in REGISTERS:
                with m.Case(register.offset // 4):
                    m.d.comb += [
                        write_refused.eq(register.access is Access.READ),
                        read_refused.eq(register.access is Access.WRITE),
                        lacking.eq(ALL_BITS & ~bits.get(register.name, ALL_BITS)),
                    ]
        refused = Mux(target.write, write_refused | (target.data & lacking).any(), read_refused)
        writes, asked = target.write & ~refused, Signal()
        m.d.sync += asked.eq(target.read & ~asked)
        m.d.comb += [
            target.refused.eq(refused),
            target.read_done.eq(asked),
            self.data.word.eq(target.word),
            self.data.wdata.eq(target.data),
            self.data.read.eq(target.read),
            self.data.strobe.eq(writes.replicate(4)),
            self.data_valid.eq(target.read | writes),
        ]
        control = writes & (target.word == OFFSET["CONTROL"] // 4)
        m.d.comb += [
            self.doorbell.eq(control & target.data[CONTROL["start"].lsb]),
            self.soft_reset.eq(control & target.data[CONTROL["reset"].lsb]),
            target.read_data.eq(self.data.rdata),
        ]
        own = {
            "STATUS": pack(registers.STATUS, {"state": self.state, "quiet": self.quiet}),
            "INTERRUPT_ENABLE": enable,
            "INTERRUPT": pending,
        }
        for name, value in own.items():
            with m.If(target.word == OFFSET[name] // 4):
                m.d.comb += target.read_data.eq(value)
        with m.If(writes & (target.word == OFFSET["INTERRUPT_ENABLE"] // 4)):
            m.d.sync += enable.eq(target.data)
        with m.If(writes & (target.word == OFFSET["INTERRUPT"] // 4)):
            m.d.comb += cleared.eq(target.data)
        m.d.sync += [
            pending.eq((pending & ~cleared) | self.raised),
            self.interrupt.eq((enable & pending).any()),
        ]
        with m.If(self.soft_reset):
            m.d.sync += [enable.eq(0), pending.eq(0)]
        return m
