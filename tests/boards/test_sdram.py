"""The SDRAM controller against a model of the chip that stops where a time is not kept."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from amaranth.hdl import Elaboratable, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.config import Config, load_config
from arch.params import Params
from boards.device import BoardDevice
from boards.gateware.link import Link
from boards.gateware.sdram import SdramController, sdram_pins
from boards.gateware.sdram_chip import SdramChip
from boards.simulation import build_board, running_board, sdram_surroundings
from sim.blocks import choose_seed
from sim.tools import SimulatorError

CYCLES_PER_BIT = 4
CHIP = SdramChip()


class LinkWithSdram(wiring.Component):
    """The host link on the controller, without an accelerator."""

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
        connect(m, link.memory, memory.bus)
        connect(m, memory.pins, flipped(self.pins))
        m.d.comb += [link.rx.eq(self.rx), self.tx.eq(link.tx)]
        return m


def exercise(config: Config, clock_hz: int, chip: SdramChip, seed: int) -> None:
    """Writes and reads all over the chip, against a dictionary of bytes.

    ``chip`` : what the model is; the controller's is CHIP.
    """
    simulation = build_board(LinkWithSdram(config, clock_hz), sdram_surroundings(clock_hz, chip))
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

    with running_board(simulation, CYCLES_PER_BIT) as port:
        device = BoardDevice(port, answer_seconds=20)
        asyncio.run(check(device))


@pytest.mark.parametrize(
    ("config", "clock_mhz"), [("tiny", 25), ("tiny", 71.4), ("small", 50), ("small", 71.4)]
)
def test_bytes_come_back_and_every_time_is_kept(config, clock_mhz):
    seed = choose_seed()
    print(f"seed {seed}")
    exercise(load_config(config), round(clock_mhz * 1_000_000), CHIP, seed)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"t_rcd": 45}, "tRCD"),
        ({"t_ras": 120}, "tRAS"),
        ({"t_rp": 45}, "tRP"),
        ({"t_rc": 150}, "tRC"),
        ({"t_wr": 60}, "tWR"),
        ({"power_up_ns": 400_000}, "before the power is stable"),
        ({"refresh_ns": 3000}, "refresh is overdue"),
    ],
)
def test_the_model_stops_where_a_time_is_not_kept(change, rule):
    """The chip is slower than the controller takes it for. Or the test above could not fail."""
    with pytest.raises(SimulatorError, match=rule):
        exercise(load_config("tiny"), 71_400_000, replace(CHIP, **change), 1)
