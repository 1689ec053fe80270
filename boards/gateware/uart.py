"""A serial line: eight data bits, no parity, one stop bit."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from arch.errors import WeftError

MIN_CYCLES_PER_BIT = 4


class UartError(WeftError):
    """A bit rate that the clock cannot give."""


def cycles_per_bit(clock_hz: float, baud: int) -> int:
    """Clock cycles of a bit; raises :class:`UartError` if that is off by more than 2 %."""
    cycles = round(clock_hz / baud)
    if cycles < MIN_CYCLES_PER_BIT or abs(clock_hz / cycles / baud - 1) > 0.02:
        raise UartError(
            f"baud: {baud} cannot be made from a clock of {clock_hz / 1e6:g} MHz; "
            "choose a divisor of the clock"
        )
    return cycles


class UartReceiver(wiring.Component):
    """Bytes from a serial line, without back pressure; one with a bad stop bit is dropped.

    Members
    -------
    rx : the line, asynchronous; high when idle.
    valid, octet : one cycle for each byte.
    """

    def __init__(self, cycles_per_bit: int):
        self.cycles_per_bit = cycles_per_bit
        super().__init__({"rx": In(1, init=1), "valid": Out(1), "octet": Out(8)})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        n = self.cycles_per_bit
        rx = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, rx, init=1)
        timer = Signal(range(n + n // 2))
        bits_left = Signal(range(10))
        m.d.sync += self.valid.eq(0)
        with m.If(bits_left == 0):
            # A start bit: the middle of the first data bit is one and a half bits away.
            m.d.sync += [bits_left.eq(Mux(rx, 0, 9)), timer.eq(n + n // 2 - 2)]
        with m.Elif(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Else():
            m.d.sync += [timer.eq(n - 1), bits_left.eq(bits_left - 1)]
            with m.If(bits_left == 1):
                m.d.sync += self.valid.eq(rx)
            with m.Else():
                m.d.sync += self.octet.eq(Cat(self.octet[1:], rx))
        return m


class UartTransmitter(wiring.Component):
    """Bytes to a serial line.

    Members
    -------
    octets : taken when the last one has left.
    tx : the line, a register.
    """

    def __init__(self, cycles_per_bit: int):
        self.cycles_per_bit = cycles_per_bit
        super().__init__({"octets": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        timer = Signal(range(self.cycles_per_bit))
        bits_left = Signal(range(11))
        bits = Signal(9, init=-1)
        m.d.comb += self.octets.ready.eq(bits_left == 0)
        m.d.sync += self.tx.eq(1)
        with m.If(bits_left != 0):
            m.d.sync += [self.tx.eq(bits[0]), timer.eq(timer - 1)]
            with m.If(timer == 0):
                m.d.sync += [
                    timer.eq(self.cycles_per_bit - 1),
                    bits.eq(Cat(bits[1:], Const(1, 1))),
                    bits_left.eq(bits_left - 1),
                ]
        with m.Elif(self.octets.valid):
            m.d.sync += [
                bits.eq(Cat(Const(0, 1), self.octets.payload)),
                bits_left.eq(10),
                timer.eq(self.cycles_per_bit - 1),
            ]
        return m
