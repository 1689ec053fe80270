"""Pins of a board whose memory is on the FPGA: a serial line and LEDs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Elaboratable, Module, Signal

from boards.gateware.top import BoardTop

MakeClock = Callable[[Signal], Elaboratable]
FindLeds = Callable[[Any], tuple[Signal, Signal, Signal]]


class SerialPins(Elaboratable):
    """The design with its clock, serial line and LEDs.

    Parameters
    ----------
    top : the design.
    leds : of a platform, the outputs for: the clock runs, busy, error.
    clock : name of the platform's clock, for ``make_clock``.
    make_clock : makes what drives the domain ``sync`` from a clock; without it the platform does.
    """

    def __init__(
        self,
        top: BoardTop,
        leds: FindLeds,
        clock: str = "",
        make_clock: MakeClock | None = None,
    ):
        self.top = top
        self.leds = leds
        self.clock = clock
        self.make_clock = make_clock

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        top = self.top
        if self.make_clock is not None:
            m.submodules.clock = self.make_clock(platform.request(self.clock, 0).i)
        uart = platform.request("uart", 0)
        m.submodules.top = top
        m.d.comb += [top.rx.eq(uart.rx.i), uart.tx.o.eq(top.tx)]
        for led, value in zip(self.leds(platform), (1, top.busy, top.error), strict=True):
            m.d.comb += led.eq(value)
        return m


def colours(platform: Any) -> tuple[Signal, Signal, Signal]:
    """The first RGB LED: blue the clock runs, green busy, red error."""
    led = platform.request("rgb_led", 0)
    return led.b.o, led.g.o, led.r.o
