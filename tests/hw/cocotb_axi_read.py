"""cocotb: the AXI reader brings every client the bytes that it asked for, and only those."""

from __future__ import annotations

import os
import random
from collections import deque

import cocotb
from cocotbext.axi import AxiRamRead, AxiReadBus

from arch.isa import Cause
from hw.interfaces import beat_layout, request_layout
from tests.hw.axi_agents import DECERR, SLVERR, ReadMemory, Rules, SparseBytes
from tests.hw.bench import Bench, Sink, Source, pack, pauses, unpack
from tests.hw.configs import variant
from tests.hw.region_table import Region, allowed, write_region

PARAMS = variant(os.environ["WEFT_VARIANT"])
SLOTS = tuple(int(n) for n in os.environ["WEFT_SLOTS"].split(","))
ROUNDS = int(os.environ["WEFT_ROUNDS"])
N_BYTES = PARAMS.axi_bytes
BLOCK_BYTES = PARAMS.config.dma_burst_beats * N_BYTES
LONGEST_BYTES = 9000 if BLOCK_BYTES > N_BYTES else 300


def random_regions(span_bits: int) -> list[Region]:
    """Eight regions, some of them without permission, empty, or at the end of the addresses."""
    regions = []
    for index in range(8):
        base = random.getrandbits(span_bits) // N_BYTES * N_BYTES
        size = random.choice((0, 1, N_BYTES, 100, 5000, 70_000))
        flags = random.choice((3, 3, 3, 1, 2, 0))
        if index == 7 and span_bits == PARAMS.config.axi_address_bits:
            base, size, flags = (1 << span_bits) - 4096, 8192, 3
        regions.append(Region(base, size, flags))
    regions[0] = Region(regions[0].base, 70_000, 3)
    return regions


def random_request(regions: list[Region]) -> tuple[int, int, int]:
    """Mostly inside its region; short and long, at any alignment."""
    index = random.choice((0, 0, random.randrange(8)))
    size = max(1, regions[index].size)
    length = random.choice(
        (
            1,
            random.randint(1, 2 * N_BYTES),
            random.randint(1, 100),
            random.randint(1, LONGEST_BYTES),
        )
    )
    offset = random.randrange(size)
    if random.random() < 0.9:
        length = min(length, size - offset)
    if random.random() < 0.05:
        offset = random.choice((size - length + 1, size, 0xFFFFFFFF, 0xFFFFFFFF - length)) % 2**32
    return index, offset, max(1, length)


class Client:
    """Asks for bytes and compares what comes with what the memory holds."""

    def __init__(self, rig: Rig, number: int, pause: float):
        dut = rig.bench.dut
        self.rig, self.number = rig, number
        self.source = rig.bench.add(Source(dut, f"clients__{number}__request", pause))
        self.layout = beat_layout(PARAMS)
        self.sink = rig.bench.add(
            Sink(dut, f"clients__{number}__beats", self.beat, pause, meaning=self.meaning)
        )
        self.asked: deque[tuple[int, int, int]] = deque()
        self.beats: list[int] = []
        self.n_done = 0
        self.outcomes: dict[Cause, int] = dict.fromkeys(Cause, 0)
        self.beat_cycles: list[int] = []

    def ask(self, region: int, offset: int, length: int) -> None:
        self.asked.append((region, offset, length))
        self.source.queue.append(
            pack(request_layout(), region=region, offset=offset, length=length)
        )

    def meaning(self, bits: int) -> object:
        """Data are void with a cause, the address without one."""
        beat = unpack(self.layout, bits)
        return (beat.cause, beat.last, beat.address if beat.cause else beat.data)

    def beat(self, bits: int) -> None:
        assert self.asked, "a beat that nobody asked for"
        beat = unpack(self.layout, bits)
        self.beat_cycles.append(self.rig.bench.cycle)
        if beat.cause == Cause.NONE:
            self.beats.append(beat.data)
        if beat.last:
            self.finish(*self.asked.popleft(), Cause(beat.cause), beat.address)

    def finish(self, index: int, offset: int, length: int, cause: Cause, address: int) -> None:
        region = self.rig.regions[index]
        first = offset // N_BYTES * N_BYTES
        starts = range(first, offset + length, N_BYTES)
        expected, expected_cause, expected_address = [], Cause.NONE, 0
        if not allowed(region, offset, length, 1):
            expected_cause, expected_address = Cause.REGION, offset
        else:
            for start in starts:
                bus = (region.base + start) % (1 << PARAMS.config.axi_address_bits)
                if bus in self.rig.faults:
                    expected_cause = Cause.BUS
                    block = bus // BLOCK_BYTES * BLOCK_BYTES
                    before = bus - max(block, bus - (start - first))
                    expected_address = max(offset, start - before)
                    break
                expected.append(int.from_bytes(self.rig.read(bus, N_BYTES), "little"))
        assert cause is expected_cause
        assert self.beats == expected
        if cause is not Cause.NONE:
            assert address == expected_address
        self.beats = []
        self.n_done += 1
        self.outcomes[cause] += 1


class Rig:
    """The reader with clients, rules and one of the memories."""

    def __init__(self, dut, regions: list[Region], pause: float = 0.0):
        self.bench = Bench(dut)
        self.regions = regions
        self.faults: dict[int, int] = {}
        self.bytes = SparseBytes()
        self.read = self.bytes.read
        self.clients = [Client(self, c, pause) for c in range(len(SLOTS))]
        self.rules = self.bench.add(Rules(dut, "axi", PARAMS, SLOTS, "read"))

    def memory(self, **options) -> ReadMemory:
        """A memory of our own: latency, mixed ids, errors."""
        return self.bench.add(
            ReadMemory(self.bench.dut, "axi", PARAMS, self.read, faults=self.faults, **options)
        )

    def judge(self, size: int, pause: float) -> AxiRamRead:
        """cocotbext-axi's memory, which checks the bursts on its own."""
        dut = self.bench.dut
        ram = AxiRamRead(AxiReadBus.from_prefix(dut, "axi_"), dut.clk, dut.rst, size=size)
        ram.log.setLevel("WARNING")
        for channel in (ram.ar_channel, ram.r_channel):
            channel.log.setLevel("WARNING")
            channel.set_pause_generator(pauses(pause))
        ram.write(0, random.randbytes(size))
        self.read = ram.read
        return ram

    async def start(self) -> None:
        await self.bench.start(
            region_write=0, region_index=0, region_part=0, region_value=0, halt=0
        )
        for index, region in enumerate(self.regions):
            await write_region(self.bench, index, region)

    async def finish(self) -> None:
        await self.bench.until(lambda: not any(c.asked for c in self.clients), "all answers")
        # A request that failed is over before all its bursts are.
        await self.bench.until(lambda: int(self.bench.dut.quiet.value), "quiet")
        assert self.rules.at_rest()


@cocotb.test()
@cocotb.parametrize(index=list(range(ROUNDS)))
async def clients_get_what_they_ask_for(dut, index):
    """Random requests, latencies, stalls, mixed ids, bus errors and refusals."""
    pause = random.choice((0.0, 0.3, 0.7))
    rig = Rig(dut, random_regions(PARAMS.config.axi_address_bits), pause)
    rig.memory(
        latency=random.choice((1, 3, 30)),
        pause=random.choice((0.0, 0.3)),
        mix=random.random() < 0.5,
    )
    await rig.start()
    for _ in range(60):
        request = random_request(rig.regions)
        random.choice(rig.clients).ask(*request)
        if random.random() < 0.1:
            bus = rig.regions[request[0]].base + request[1] + N_BYTES * random.randrange(5)
            bus %= 1 << PARAMS.config.axi_address_bits
            rig.faults[bus // N_BYTES * N_BYTES] = random.choice((SLVERR, DECERR))
    await rig.finish()
    totals = {c.name: sum(x.outcomes[c] for x in rig.clients) for c in Cause}
    dut._log.info("%s", {name: n for name, n in totals.items() if n})


@cocotb.test()
@cocotb.parametrize(index=list(range(max(1, ROUNDS // 4))))
async def an_independent_memory_agrees(dut, index):
    """cocotbext-axi's AxiRam finds the bursts legal and delivers the same bytes."""
    rig = Rig(dut, random_regions(18), random.choice((0.0, 0.4)))
    rig.judge(1 << 20, random.choice((0.0, 0.4)))
    await rig.start()
    for _ in range(40):
        random.choice(rig.clients).ask(*random_request(rig.regions))
    await rig.finish()


@cocotb.test()
async def beats_come_back_to_back(dut):
    """After the latency of the first, a beat in each cycle, across bursts and requests."""
    rig = Rig(dut, [Region(0x1000, 1 << 20, 1)] * 8)
    slots = SLOTS[-1]
    latency = max(1, min(32, (slots - 1) * PARAMS.config.dma_burst_beats - 8))
    rig.memory(latency=latency)
    await rig.start()
    client = rig.clients[-1]
    total = 16 * 1024
    for offset in range(0, total, 2048):
        client.ask(0, offset, 2048)
    first = rig.bench.cycle
    await rig.finish()
    cycles = client.beat_cycles
    gaps = sum(b - a - 1 for a, b in zip(cycles, cycles[1:], strict=False))
    dut._log.info(
        "latency %d: first beat after %d cycles, %d beats, %d idle cycles between",
        latency,
        cycles[0] - first,
        len(cycles),
        gaps,
    )
    if PARAMS.config.dma_burst_beats > 8:
        assert gaps == 0
    assert cycles[0] - first <= latency + 8


@cocotb.test()
async def single_beats_take_two_cycles_each(dut):
    rig = Rig(dut, [Region(0x1000, 1 << 20, 1)] * 8)
    rig.memory(latency=1)
    await rig.start()
    client = rig.clients[-1]
    for i in range(100):
        client.ask(0, 1000 * i, 1)
    await rig.finish()
    span = client.beat_cycles[-1] - client.beat_cycles[0]
    dut._log.info("99 rows in %d cycles", span)
    if SLOTS[-1] >= 4:
        assert span <= 2 * 99


@cocotb.test(skip=len(SLOTS) == 1)
async def a_long_request_does_not_hold_up_the_others(dut):
    """Clients with less to ask are served between the bursts of the long request."""
    rig = Rig(dut, [Region(0, 1 << 24, 1)] * 8)
    rig.memory(latency=4)
    await rig.start()
    rig.clients[-1].ask(0, 0, N_BYTES << 14)
    await rig.bench.cycles(200)
    in_flight = SLOTS[-1] * PARAMS.config.dma_burst_beats
    for client in rig.clients[:-1]:
        for offset in (0, 777, 8000):
            client.ask(0, offset, 40)
            start = rig.bench.cycle
            await rig.bench.until(lambda c=client: not c.asked, "the short request")
            waited = rig.bench.cycle - start
            dut._log.info("client %d waited %d cycles", client.number, waited)
            assert waited <= in_flight + 3 * PARAMS.config.dma_burst_beats + 30
    assert rig.clients[-1].asked, "the long request was over too early to tell"
    await rig.finish()


@cocotb.test()
@cocotb.parametrize(index=list(range(ROUNDS)))
async def a_halt_leaves_the_bus_at_rest(dut, index):
    """At any time; what comes after the halt is served as if nothing had been before."""
    rig = Rig(dut, random_regions(PARAMS.config.axi_address_bits), random.choice((0.0, 0.4)))
    rig.memory(latency=random.choice((1, 20)), pause=random.choice((0.0, 0.5)), mix=True)
    await rig.start()
    for _ in range(4):
        for _ in range(30):
            random.choice(rig.clients).ask(*random_request(rig.regions))
        await rig.bench.cycles(random.randrange(200))
        dut.halt.value = 1
        # Engines do not withdraw what they offer until they are reset, after the bus is at rest.
        for client in rig.clients:
            client.sink.gate = lambda: False
            client.sink.forget()
        await rig.bench.cycles(5)
        bursts = rig.rules.n_bursts
        await rig.bench.until(lambda: int(dut.quiet.value), "quiet", 20_000)
        assert rig.rules.at_rest()
        assert rig.rules.n_bursts <= bursts + 1, "new bursts after the halt"
        for client in rig.clients:
            client.source.withdraw()
            client.sink.forget()
            client.asked.clear()
            client.beats.clear()
            client.sink.gate = lambda: True
        await rig.bench.cycles(random.randrange(1, 5))
        dut.halt.value = 0
    for _ in range(20):
        random.choice(rig.clients).ask(*random_request(rig.regions))
    await rig.finish()
