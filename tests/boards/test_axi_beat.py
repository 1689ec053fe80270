"""One beat at a time between accelerator, host and memory, against bytes in a dictionary."""

from __future__ import annotations

import random

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.sim import Simulator

from arch.params import Params
from boards.catalogue import find_board, own_config
from boards.gateware.axi_beat import AxiBeat
from boards.gateware.block_ram import BlockRam
from boards.gateware.memory_bus import MemoryBus
from hw.scalar.bus_port import BusPort
from sim.blocks import choose_seed

PARAMS = Params(own_config(find_board("icebreaker")))
MEMORY_BYTES = 1024
N_ACCESSES = 150
PATIENCE = 100


class Bench(wiring.Component):
    """``start`` and what belongs to it are the port's; memory takes nothing while ``stall``."""

    def __init__(self) -> None:
        self.port = BusPort(PARAMS)
        members = dict(self.port.signature.members.items())
        del members["axi"]
        super().__init__({**members, "host": In(MemoryBus(PARAMS, MEMORY_BYTES)), "stall": In(1)})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.port = port = self.port
        m.submodules.axi = axi = AxiBeat(PARAMS, MEMORY_BYTES)
        m.submodules.ram = ram = BlockRam(PARAMS, MEMORY_BYTES)
        connect(m, port.axi, axi.axi)
        connect(m, flipped(self.host), axi.host)
        for name, member in self.signature.members.items():
            if name in port.signature.members:
                ours, theirs = getattr(self, name), getattr(port, name)
                m.d.comb += ours.eq(theirs) if member.flow is Out else theirs.eq(ours)
        m.d.comb += [
            ram.bus.commands.payload.eq(axi.memory.commands.payload),
            ram.bus.commands.valid.eq(axi.memory.commands.valid & ~self.stall),
            axi.memory.commands.ready.eq(ram.bus.commands.ready & ~self.stall),
            axi.memory.valid.eq(ram.bus.valid),
            axi.memory.data.eq(ram.bus.data),
        ]
        return m


class Side:
    """Random words and bytes written and read back, in a half of the memory of its own."""

    def __init__(self, rng: random.Random, first_beat: int):
        self.rng = rng
        self.beats = range(first_beat, first_beat + MEMORY_BYTES // PARAMS.axi_bytes // 2)
        self.words: dict[int, int] = {}

    def access(self) -> tuple[int, bool, int, int]:
        """Beat, whether it is written, mask and data."""
        beat = self.rng.choice(self.beats[:8])
        is_write = beat not in self.words or self.rng.random() < 0.5
        mask = self.rng.randrange(16) if beat in self.words else 15
        return beat, is_write, mask, self.rng.getrandbits(32)

    def write(self, beat: int, mask: int, data: int) -> None:
        bits = sum(0xFF << 8 * i for i in range(4) if mask >> i & 1)
        self.words[beat] = (self.words.get(beat, 0) & ~bits) | (data & bits)


def test_accelerator_and_host_read_what_they_wrote_and_beyond_is_refused():
    seed = choose_seed()
    print(f"seed {seed}")
    rng = random.Random(seed)
    dut = Bench()
    beyond = 0

    async def accelerator(ctx):
        nonlocal beyond
        side = Side(rng, 0)
        for _ in range(N_ACCESSES):
            await ctx.tick().repeat(rng.randrange(1, 4))
            beat, is_write, mask, data = side.access()
            is_beyond = rng.random() < 0.2
            beyond += is_beyond
            address = beat * 4 + (rng.choice([1, 1 << 8, 1 << 21]) * MEMORY_BYTES) * is_beyond
            for port, value in (
                (dut.address, address),
                (dut.write, is_write),
                (dut.strobe, mask),
                (dut.wdata, data),
                (dut.start, 1),
            ):
                ctx.set(port, value)
            await ctx.tick()
            ctx.set(dut.start, 0)
            for _ in range(PATIENCE):
                if ctx.get(dut.done):
                    break
                await ctx.tick()
            assert ctx.get(dut.done)
            assert ctx.get(dut.failed) == is_beyond
            if is_write and not is_beyond:
                side.write(beat, mask, data)
            elif not is_beyond:
                assert ctx.get(dut.rdata) == side.words[beat]
            await ctx.tick()
            assert not ctx.get(dut.done) and not ctx.get(dut.busy)

    async def host(ctx):
        bus, side = dut.host, Side(rng, MEMORY_BYTES // 8)
        for _ in range(N_ACCESSES):
            await ctx.tick().repeat(rng.randrange(1, 4))
            beat, is_write, mask, data = side.access()
            command = bus.commands.payload
            ctx.set(command, {"beat": beat, "write": is_write, "mask": mask, "data": data})
            ctx.set(bus.commands.valid, 1)
            await ctx.tick().until(bus.commands.ready)
            ctx.set(bus.commands.valid, 0)
            if is_write:
                side.write(beat, mask, data)
            else:
                (found,) = await ctx.tick().sample(bus.data).until(bus.valid)
                assert found == side.words[beat]

    async def stalls(ctx):
        while True:
            ctx.set(dut.stall, rng.random() < 0.3)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(accelerator)
    simulator.add_testbench(host)
    simulator.add_testbench(stalls, background=True)
    simulator.run()
    assert beyond
