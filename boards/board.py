"""What weft knows of a board: its FPGA, clock, memory and link, and how to wire them up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from amaranth.hdl import Elaboratable

from arch.params import Params
from boards.gateware.top import BoardTop, LinkSettings, MakeMemory
from boards.gateware.uart import cycles_per_bit
from compiler.timing.memory import MemoryTiming


@dataclass(frozen=True)
class Fpga:
    """A device and the tools for it.

    Members
    -------
    family : ``ecp5``, ``ice40`` or ``gowin``.
    name : as its maker writes it.
    limits : resources by the name that :mod:`boards.resources` gives them.
    arguments : of nextpnr, for device, package and speed.
    sites : of block RAM and multipliers by the kind of cell, where :mod:`boards.floorplan` chooses.
    tiles : last column and row of its tiles, where there are sites.
    """

    family: str
    name: str
    limits: Mapping[str, int]
    arguments: tuple[str, ...]
    sites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tiles: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Board:
    """A board that ``weft synth`` builds for.

    Members
    -------
    name : for the command line; 16 characters or fewer, the board answers with it.
    title : what people call it.
    fpga : its device.
    config : what ``weft synth`` builds unless told otherwise: a preset, or a file in
        ``boards/configs``.
    clock_hz : of the accelerator, unless the user chooses another.
    baud : of the host link.
    memory : what external memory is, in words; ``memory_bytes`` : its size.
    memory_timing : how fast it is.
    make_memory : the memory; see :class:`boards.gateware.top.BoardTop`.
    platform : makes the Amaranth platform.
    wire : for a clock in Hz, what puts clock and pins around a :class:`BoardTop`; raises
        :class:`boards.gateware.clock.ClockError` if the board cannot make it.
    """

    name: str
    title: str
    fpga: Fpga
    config: str
    clock_hz: int
    baud: int
    memory: str
    memory_bytes: int
    memory_timing: MemoryTiming
    make_memory: MakeMemory
    platform: Callable[[], Any]
    wire: Callable[[int], Callable[[BoardTop], Elaboratable]]

    def top(self, params: Params, clock_hz: int) -> BoardTop:
        """The design without pins."""
        settings = LinkSettings(self.name, clock_hz, cycles_per_bit(clock_hz, self.baud))
        return BoardTop(params, settings, self.memory_bytes, self.make_memory)

    def design(self, params: Params, clock_hz: int) -> Elaboratable:
        """The whole design."""
        around = self.wire(clock_hz)  # what it refuses is refused before anything is made
        return around(self.top(params, clock_hz))
