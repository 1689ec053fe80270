"""Sipeed Tang Primer 20K in its Dock; the DDR3 memory is not used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Elaboratable, Signal

from boards.board import Board
from boards.devices import GW2A_18
from boards.gateware.block_ram import TIMING, make_block_ram
from boards.gateware.gowin import Pll, pll_settings
from boards.gateware.serial_pins import SerialPins
from boards.gateware.top import BoardTop

CRYSTAL_HZ = 27e6


def _leds(platform: Any) -> tuple[Signal, ...]:
    return tuple(platform.request("led", i).o for i in range(3))


def _wire(clock_hz: int) -> Callable[[BoardTop], Elaboratable]:
    settings = pll_settings(CRYSTAL_HZ, clock_hz)
    return lambda top: SerialPins(top, _leds, "clk27", lambda clock: Pll(clock, settings))


def _platform() -> Any:
    from amaranth_boards.tang_primer_20k import TangPrimer20kDockPlatform

    return TangPrimer20kDockPlatform()


BOARD = Board(
    name="tangprimer20k",
    title="Tang Primer 20K",
    fpga=GW2A_18,
    config="smallest.yaml",
    clock_hz=27_000_000,
    baud=1_000_000,
    memory="block RAM",
    memory_bytes=16 * 1024,
    memory_timing=TIMING,
    make_memory=make_block_ram,
    platform=_platform,
    wire=_wire,
)
