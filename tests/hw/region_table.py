"""Regions as tests see them, and how they get into the table."""

from __future__ import annotations

from dataclasses import dataclass

from hw.regions import Part
from tests.hw.bench import Bench


@dataclass
class Region:
    base: int
    size: int
    flags: int


async def write_region(bench: Bench, index: int, region: Region) -> None:
    """Through the port that the host has; call at a falling edge."""
    parts = {
        Part.BASE: region.base & 0xFFFFFFFF,
        Part.BASE_HIGH: region.base >> 32,
        Part.SIZE: region.size,
        Part.FLAGS: region.flags,
    }
    bench.dut.region_write.value = 1
    bench.dut.region_index.value = index
    for part, value in parts.items():
        bench.dut.region_part.value = part.value
        bench.dut.region_value.value = value
        await bench.cycles(1)
    bench.dut.region_write.value = 0


def allowed(region: Region, offset: int, length: int, flag: int) -> bool:
    return bool(region.flags & flag) and offset + length <= region.size
