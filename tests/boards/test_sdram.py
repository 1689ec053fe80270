"""The SDRAM controller against a model of the chip that stops where a time is not kept."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache

import pytest
from amaranth.hdl import Elaboratable, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.config import Config, load_config
from arch.params import Params
from boards.device import BoardDevice
from boards.gateware.axi_memory import AxiMemory
from boards.gateware.clock import ClockError
from boards.gateware.ecp5 import pll_settings
from boards.gateware.link import Link
from boards.gateware.sdram import TIMING, SdramController, sdram_pins
from boards.gateware.sdram_chip import SdramChip, clock_delay_ns
from boards.simulation import build_board, running_board, sdram_surroundings
from sim.blocks import choose_seed
from sim.build import Simulation
from sim.tools import SimulatorError
from tests.boards.traffic import Register, Traffic

CYCLES_PER_BIT = 4
CHIP = SdramChip()
FASTEST_HZ = 71_400_000
SAME_BANK = 1 << 20  # from address 0


class LinkWithSdram(wiring.Component):
    """A board with streams of reads and writes in place of the accelerator."""

    def __init__(self, config: Config, clock_hz: int):
        self.params = Params(config)
        self.clock_hz = clock_hz
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "busy": Out(1),
                "error": Out(1),
                "pins": Out(sdram_pins(CHIP)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        size, clock_hz = CHIP.n_bytes, self.clock_hz
        m.submodules.link = link = Link(self.params, size, "bench", clock_hz, CYCLES_PER_BIT, 2000)
        m.submodules.memory = memory = SdramController(self.params, size, clock_hz, CHIP)
        m.submodules.axi = axi = AxiMemory(self.params, size)
        m.submodules.traffic = traffic = Traffic(self.params)
        connect(m, traffic.axi, axi.axi)
        connect(m, link.bus, traffic.bus)
        connect(m, link.memory, axi.host)
        connect(m, axi.memory, memory.bus)
        connect(m, memory.pins, flipped(self.pins))
        m.d.comb += [link.rx.eq(self.rx), self.tx.eq(link.tx)]
        return m


@cache
def _simulation(config: str, clock_hz: int) -> Simulation:
    return build_board(LinkWithSdram(load_config(config), clock_hz), sdram_surroundings(clock_hz))


@dataclass(frozen=True)
class Bench:
    """A simulation and its chip; the controller takes the chip for CHIP."""

    config: str
    clock_hz: int
    chip: SdramChip = CHIP

    @contextmanager
    def device(self) -> Iterator[BoardDevice]:
        around = sdram_surroundings(self.clock_hz, self.chip)
        with running_board(_simulation(self.config, self.clock_hz), around, CYCLES_PER_BIT) as port:
            yield BoardDevice(port, answer_seconds=20)


@pytest.mark.parametrize(("config", "clock_hz"), [("tiny", 25_000_000), ("small", FASTEST_HZ)])
def test_bytes_come_back_and_every_time_is_kept(config, clock_hz):
    """Writes and reads all over the chip, against a dictionary of bytes."""
    seed = choose_seed()
    print(f"seed {seed}")
    rng = random.Random(seed)
    mirror: dict[int, int] = {}

    async def check(device: BoardDevice) -> None:
        # Rows and banks next to each other, and the ends of the chip.
        bases = [0, 1000, 1 << 10, 1 << 12, CHIP.n_bytes // 2, CHIP.n_bytes - 300]
        for _ in range(25):
            address = rng.choice(bases) + rng.randrange(40)
            data = rng.randbytes(rng.randrange(1, 240))
            await device.write_memory(address, data)
            mirror.update(enumerate(data, address))
            start = rng.choice(sorted(mirror))
            n_bytes = next(n for n in range(1, 300) if start + n not in mirror or n == 200)
            expected = bytes(mirror[start + i] for i in range(n_bytes))
            assert await device.read_memory(start, n_bytes) == expected

    with Bench(config, clock_hz).device() as device:
        asyncio.run(check(device))


@dataclass(frozen=True)
class Streams:
    """What runs through the memory at once.

    Members
    -------
    read_from, write_to : addresses; None: not that direction.
    n_bursts : of each direction.
    n_beats : of each burst.
    """

    read_from: int | None
    write_to: int | None
    n_bursts: int = 64
    n_beats: int = 0


@dataclass(frozen=True)
class Speed:
    """Bytes a cycle of all streams together, and cycles until the first beat or answer."""

    bytes_per_cycle: float
    first_beat: int
    first_answer: int


def measure(bench: Bench, streams: Streams) -> Speed:
    params = Params(load_config(bench.config))
    full_burst = params.config.dma_burst_beats
    n_beats = streams.n_beats or full_burst
    reads, writes = streams.read_from is not None, streams.write_to is not None

    async def run(device: BoardDevice) -> Speed:
        async def write(register: Register, value: int) -> None:
            await device.write_register(register * 4, value)

        async def read(register: Register) -> int:
            return await device.read_register(register * 4)

        # Answered once the chip has started, which takes longer than a host does; of another bank.
        await device.read_memory(CHIP.n_bytes - 4, 4)
        await write(Register.READ_FROM, streams.read_from or 0)
        await write(Register.WRITE_TO, streams.write_to or 0)
        await write(Register.N_BURSTS, streams.n_bursts)
        await write(Register.N_BEATS, n_beats)
        await write(Register.START, reads | writes << 1)
        while await read(Register.START):
            pass
        if streams.write_to is not None:
            step = params.axi_bytes * full_burst
            last_burst = streams.write_to + (streams.n_bursts - 1) * step
            last = last_burst + (n_beats - 1) * params.axi_bytes
            word = int.from_bytes(await device.read_memory(last, 4), "little")
            assert word == streams.n_bursts * n_beats - 1
        n_bytes = (reads + writes) * streams.n_bursts * n_beats * params.axi_bytes
        return Speed(
            n_bytes / await read(Register.CYCLES),
            await read(Register.FIRST_BEAT),
            await read(Register.FIRST_ANSWER),
        )

    with bench.device() as device:
        return asyncio.run(run(device))


@pytest.mark.parametrize("streams", [Streams(0, None), Streams(None, 0)])
def test_the_memory_is_as_fast_as_the_board_says(streams):
    speed = measure(Bench("small", FASTEST_HZ), streams)
    assert speed.bytes_per_cycle == pytest.approx(TIMING.bytes_per_cycle, rel=0.01)
    if streams.read_from is not None:
        opening = 2  # cycles, as no row is open at the beginning
        assert speed.first_beat == TIMING.latency + opening


@pytest.mark.parametrize(
    ("write_to", "least"),
    [(SAME_BANK + 2048, 0.97), (SAME_BANK, 0.92)],  # where each burst wants another row
)
def test_two_streams_share_the_memory_with_little_loss(write_to, least):
    speed = measure(Bench("small", FASTEST_HZ), Streams(0, write_to))
    assert least * TIMING.bytes_per_cycle < speed.bytes_per_cycle < TIMING.bytes_per_cycle


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({}, None),
        ({"t_rcd": 45}, "tRCD"),
        ({"t_ras": 85}, "tRAS"),
        ({"t_rp": 35}, "tRP"),
        ({"t_rc": 150}, "tRC"),
        ({"t_rrd": 70}, "tRRD"),
        ({"t_wr": 30}, "tWR"),
        ({"power_up_ns": 400_000}, "before the power is stable"),
        ({"refresh_ns": 3000}, "refresh is overdue"),
    ],
)
def test_the_model_stops_where_a_chip_is_slower_than_the_controller_takes_it_for(change, rule):
    """Single beats in turn, each in another row of the same bank: nothing but times to keep."""
    bench = Bench("tiny", FASTEST_HZ, replace(CHIP, **change))
    streams = Streams(0, SAME_BANK, 200, 1)
    if rule is None:
        assert 0 < measure(bench, streams).bytes_per_cycle < 1
    else:
        with pytest.raises(SimulatorError, match=rule):
            measure(bench, streams)


@pytest.mark.parametrize("clock_mhz", [25, 50, 62.5, 70, 1000 / 14])
def test_the_chips_clock_leaves_every_time_between_fpga_and_chip(clock_mhz):
    period = 1e3 / clock_mhz / 2
    delay = clock_delay_ns(CHIP, 2e6 * clock_mhz)
    setup, hold = 1.5, 0.8  # of the chip's inputs
    assert setup <= delay <= period - hold
    shortest, longest = 1.7, 4.9  # out of a pin and in at another
    # A word is sampled two periods after the edge at which the registers changed that the chip's
    # clock follows: behind its access time, and before the next one takes its place.
    assert delay + CHIP.t_ac + longest <= 2 * period
    assert period <= delay + CHIP.t_oh + shortest


def test_a_clock_that_is_too_fast_for_the_chip_is_refused():
    with pytest.raises(ClockError, match="clock: 75 MHz is too fast for the SDRAM.* 71.4 MHz"):
        clock_delay_ns(CHIP, 150e6)


@pytest.mark.parametrize("wanted", [25e6, 50e6, 60e6, 62.5e6, 70e6, 500e6 / 7])
def test_the_pll_makes_both_clocks(wanted):
    s = pll_settings(25e6, wanted, doubled=True)
    assert s.output_hz == pytest.approx(wanted, rel=0.005)
    assert s.output_divider % 2 == 0 and 400e6 <= s.output_hz * s.output_divider <= 800e6
