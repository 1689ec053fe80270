"""LambdaConcept ECPIX-5 with an ECP5-85F; the DDR3 memory is not used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Elaboratable

from boards.board import Board
from boards.devices import LFE5UM5G_85F
from boards.gateware.block_ram import TIMING, make_block_ram
from boards.gateware.ecp5 import Pll, pll_settings
from boards.gateware.serial_pins import SerialPins, colours
from boards.gateware.top import BoardTop

CRYSTAL_HZ = 100e6


def _wire(clock_hz: int) -> Callable[[BoardTop], Elaboratable]:
    settings = pll_settings(CRYSTAL_HZ, clock_hz)
    return lambda top: SerialPins(top, colours, "clk100", lambda clock: Pll(clock, settings))


def _platform() -> Any:
    from amaranth_boards.ecpix5 import ECPIX585Platform

    return ECPIX585Platform()


BOARD = Board(
    name="ecpix5",
    title="ECPIX-5 85F",
    fpga=LFE5UM5G_85F,
    config="tiny",
    clock_hz=100_000_000,
    baud=1_000_000,
    memory="block RAM",
    memory_bytes=128 * 1024,
    memory_timing=TIMING,
    make_memory=make_block_ram,
    platform=_platform,
    wire=_wire,
)
