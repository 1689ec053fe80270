"""1BitSquared iCEBreaker: the crystal is the clock; memory is half of the single-port RAM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Elaboratable, Signal

from boards.board import Board
from boards.devices import ICE40UP5K
from boards.gateware.clock import cannot_make
from boards.gateware.serial_pins import SerialPins
from boards.gateware.spram import SPRAM_BYTES, TIMING, make_spram
from boards.gateware.top import BoardTop

CRYSTAL_HZ = 12_000_000


def _leds(platform: Any) -> tuple[Signal, Signal, Signal]:
    """Green busy, red error; there is none for the clock."""
    return Signal(), platform.request("led_g", 0).o, platform.request("led_r", 0).o


def _wire(clock_hz: int) -> Callable[[BoardTop], Elaboratable]:
    if clock_hz != CRYSTAL_HZ:
        raise cannot_make(CRYSTAL_HZ, clock_hz)
    return lambda top: SerialPins(top, _leds)


def _platform() -> Any:
    from amaranth_boards.icebreaker import ICEBreakerPlatform

    return ICEBreakerPlatform()


BOARD = Board(
    name="icebreaker",
    title="iCEBreaker",
    fpga=ICE40UP5K,
    config="tiny_scalar.yaml",
    clock_hz=CRYSTAL_HZ,
    baud=1_000_000,
    memory="single-port RAM",
    memory_bytes=2 * SPRAM_BYTES,  # the accelerator has the other two
    memory_timing=TIMING,
    make_memory=make_spram,
    platform=_platform,
    wire=_wire,
)
