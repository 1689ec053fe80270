"""OrangeCrab r0.2, as far as its two FPGAs have it in common.

The serial line is at the Feather's pins RX (0) and TX (1); the DDR3 memory is not used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Elaboratable

from boards.board import Board, Fpga
from boards.gateware.block_ram import TIMING, make_block_ram
from boards.gateware.ecp5 import Pll, pll_settings
from boards.gateware.serial_pins import SerialPins, colours
from boards.gateware.top import BoardTop

CRYSTAL_HZ = 48e6


def _wire(clock_hz: int) -> Callable[[BoardTop], Elaboratable]:
    settings = pll_settings(CRYSTAL_HZ, clock_hz)
    return lambda top: SerialPins(top, colours, "clk", lambda clock: Pll(clock, settings))


def orangecrab(
    name: str, fpga: Fpga, clock_hz: int, memory_bytes: int, platform_name: str
) -> Board:
    """The board with one of its FPGAs, whose platform is in amaranth_boards.orangecrab_r0_2."""

    def platform() -> Any:
        from amaranth.build import Attrs
        from amaranth_boards import orangecrab_r0_2
        from amaranth_boards.resources import UARTResource

        made = getattr(orangecrab_r0_2, platform_name)()
        attributes = Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")
        made.add_resources([UARTResource(0, rx="0", tx="1", conn=("io", 0), attrs=attributes)])
        return made

    return Board(
        name=name,
        title=f"OrangeCrab r0.2 {fpga.name.split('-')[1]}",
        fpga=fpga,
        config="tiny",
        clock_hz=clock_hz,
        baud=1_000_000,
        memory="block RAM",
        memory_bytes=memory_bytes,
        memory_timing=TIMING,
        make_memory=make_block_ram,
        platform=platform,
        wire=_wire,
    )
