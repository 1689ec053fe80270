"""Radiona ULX3S 85F."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Elaboratable, Module

from boards.board import Board
from boards.devices import LFE5U_85F
from boards.gateware.ecp5 import Pll, PllSettings, pll_settings
from boards.gateware.sdram import TIMING, make_sdram
from boards.gateware.sdram_chip import PERIODS_PER_CYCLE, SdramChip, clock_delay_ns
from boards.gateware.sdram_pins import SdramPins
from boards.gateware.top import BoardTop

CRYSTAL_HZ = 25e6


class Ulx3sPins(Elaboratable):
    """Clock, SDRAM, serial line (the FTDI chip) and LEDs: 0 the clock runs, 1 busy, 2 error."""

    def __init__(self, top: BoardTop, settings: PllSettings, chip_delay_ns: float):
        self.top = top
        self.settings = settings
        self.chip_delay_ns = chip_delay_ns

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        top = self.top
        clock = platform.request("clk25", 0)
        uart = platform.request("uart", 0)
        leds = [platform.request("led", i) for i in range(3)]
        m.submodules.pll = Pll(clock.i, self.settings, self.chip_delay_ns)
        m.submodules.top = top
        m.submodules.sdram = SdramPins(platform.request("sdram", 0, dir="-"), top.pins)
        m.d.comb += [top.rx.eq(uart.rx.i), uart.tx.o.eq(top.tx)]
        for led, value in zip(leds, (1, top.busy, top.error), strict=True):
            m.d.comb += led.o.eq(value)
        return m


def _wire(clock_hz: int) -> Callable[[BoardTop], Elaboratable]:
    settings = pll_settings(CRYSTAL_HZ, clock_hz, doubled=True)
    delay = clock_delay_ns(SdramChip(), settings.output_hz * PERIODS_PER_CYCLE)
    return lambda top: Ulx3sPins(top, settings, delay)


def _platform() -> Any:
    from amaranth_boards.ulx3s import ULX3S_85F_Platform

    return ULX3S_85F_Platform()


BOARD = Board(
    name="ulx3s",
    title="ULX3S 85F",
    fpga=LFE5U_85F,
    config="small",
    clock_hz=70_000_000,
    baud=1_000_000,
    memory="SDRAM",
    memory_bytes=SdramChip().n_bytes,
    memory_timing=TIMING,
    make_memory=make_sdram,
    platform=_platform,
    wire=_wire,
)
