"""cocotb: the AXI writer puts every client's bytes where they belong, and nothing else."""

from __future__ import annotations

import os
import random
from collections import deque

import cocotb
from cocotbext.axi import AxiRamWrite, AxiWriteBus

from arch.isa import Cause
from hw.interfaces import request_layout, write_beat_layout
from tests.hw.axi_agents import DECERR, SLVERR, Rules, WriteMemory
from tests.hw.bench import Bench, Source, pack, pauses
from tests.hw.configs import variant
from tests.hw.region_table import Region, allowed, write_region

PARAMS = variant(os.environ["WEFT_VARIANT"])
SLOTS = tuple(int(n) for n in os.environ["WEFT_SLOTS"].split(","))
ROUNDS = int(os.environ["WEFT_ROUNDS"])
N_BYTES = PARAMS.axi_bytes
BLOCK_BYTES = PARAMS.config.dma_burst_beats * N_BYTES
LONGEST_BYTES = 9000 if BLOCK_BYTES > N_BYTES else 300
N_REGIONS = 8
WRITE = 2


def random_regions(spacing_bits: int) -> list[Region]:
    """Apart from each other; some closed, empty or odd in size."""
    regions = []
    for index in range(N_REGIONS):
        base = (index << spacing_bits) + random.randrange(5000) // N_BYTES * N_BYTES
        size = random.choice((0, 1, N_BYTES, 100, 5000, 20_000))
        regions.append(Region(base, size, random.choice((3, 3, 2, 2, 1, 0))))
    for c in range(len(SLOTS)):
        regions[c] = Region(regions[c].base, 20_000, WRITE)
    return regions


class Client:
    """Writes random bytes to regions of its own."""

    def __init__(self, rig: Rig, number: int, pause: float):
        dut = rig.bench.dut
        prefix = f"clients__{number}"
        self.rig, self.number = rig, number
        self.requests = rig.bench.add(Source(dut, f"{prefix}__request", pause))
        self.beats = rig.bench.add(Source(dut, f"{prefix}__beats", pause))
        self.done = getattr(dut, f"{prefix}__done")
        self.cause = getattr(dut, f"{prefix}__cause")
        self.address = getattr(dut, f"{prefix}__address")
        self.open: deque[tuple[int, int, bytes]] = deque()
        self.outcomes: dict[Cause, int] = dict.fromkeys(Cause, 0)
        self.done_cycles: list[int] = []
        rig.bench.add(self)

    def random_request(self) -> tuple[int, int, int]:
        regions = self.rig.regions
        mine = range(self.number, N_REGIONS, len(SLOTS))
        index = random.choice((self.number, random.choice(mine)))
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
            offset = random.choice((size, size - length + 1, 0xFFFFFFFF)) % 2**32
        return index, offset, max(1, length)

    def ask(self, index: int, offset: int, length: int) -> None:
        octets = random.randbytes(length)
        self.open.append((index, offset, octets))
        self.requests.queue.append(
            pack(request_layout(), region=index, offset=offset, length=length)
        )
        for start in range(offset // N_BYTES * N_BYTES, offset + length, N_BYTES):
            data = strobe = 0
            for lane in range(N_BYTES):
                inside = 0 <= start + lane - offset < length
                octet = octets[start + lane - offset] if inside else random.getrandbits(8)
                data |= octet << 8 * lane
                strobe |= inside << lane
            self.beats.queue.append(pack(write_beat_layout(PARAMS), data=data, strobe=strobe))

    def drive(self) -> None:
        pass

    def sample(self) -> None:
        if int(self.done.value):
            assert self.open, "done without a request"
            self.done_cycles.append(self.rig.bench.cycle)
            self.finish(*self.open.popleft(), Cause(int(self.cause.value)), int(self.address.value))

    def finish(self, index: int, offset: int, octets: bytes, cause: Cause, address: int) -> None:
        region = self.rig.regions[index]
        expected_cause, expected_address = Cause.NONE, 0
        if not allowed(region, offset, len(octets), WRITE):
            expected_cause, expected_address = Cause.REGION, offset
        else:
            first = offset // N_BYTES * N_BYTES
            for start in range(first, offset + len(octets), N_BYTES):
                bus = region.base + start
                if bus in self.rig.faults:
                    expected_cause = Cause.BUS
                    in_block = bus % BLOCK_BYTES
                    expected_address = max(offset, start - in_block)
                    break
            for i, octet in enumerate(octets):
                self.rig.expected[region.base + offset + i] = octet
                if expected_cause is Cause.NONE:
                    self.check_present(index, offset + i, octet)
        assert cause is expected_cause
        if cause is not Cause.NONE:
            assert address == expected_address
        self.outcomes[cause] += 1

    def check_present(self, index: int, offset: int, octet: int) -> None:
        """A byte is in memory when its request is done, unless a later one is there already."""
        found = self.rig.present(self.rig.regions[index].base + offset)
        later = (
            octets[offset - start]
            for region, start, octets in self.open
            if region == index and start <= offset < start + len(octets)
        )
        assert found == octet or found in later


class Rig:
    """The writer with clients, rules and one of the memories."""

    def __init__(self, dut, regions: list[Region], pause: float = 0.0):
        self.bench = Bench(dut)
        self.regions = regions
        self.faults: dict[int, int] = {}
        self.written: dict[int, int] = {}
        self.expected: dict[int, int] = {}
        self.present = self.written.get
        self.rules = self.bench.add(Rules(dut, "axi", PARAMS, SLOTS, "write"))
        self.clients = [Client(self, c, pause) for c in range(len(SLOTS))]

    def store(self, address: int, data: bytes, strobe: int) -> None:
        for lane, octet in enumerate(data):
            if strobe >> lane & 1:
                self.written[address + lane] = octet

    def memory(self, **options) -> WriteMemory:
        return self.bench.add(
            WriteMemory(self.bench.dut, "axi", PARAMS, self.store, faults=self.faults, **options)
        )

    def judge(self, size: int, pause: float) -> AxiRamWrite:
        dut = self.bench.dut
        ram = AxiRamWrite(AxiWriteBus.from_prefix(dut, "axi_"), dut.clk, dut.rst, size=size)
        ram.log.setLevel("WARNING")
        for channel in (ram.aw_channel, ram.w_channel, ram.b_channel):
            channel.log.setLevel("WARNING")
            channel.set_pause_generator(pauses(pause))
        self.present = lambda address: ram.read(address, 1)[0]
        return ram

    async def start(self) -> None:
        await self.bench.start(
            region_write=0, region_index=0, region_part=0, region_value=0, halt=0
        )
        for index, region in enumerate(self.regions):
            await write_region(self.bench, index, region)

    async def finish(self) -> None:
        await self.bench.until(lambda: not any(c.open for c in self.clients), "all answers")
        # A refused request ends with its first burst; beats of the others are still thrown away.
        await self.bench.until(lambda: not any(c.beats.queue for c in self.clients), "all beats")
        await self.bench.until(lambda: int(self.bench.dut.quiet.value), "quiet")
        assert self.rules.at_rest()


@cocotb.test()
@cocotb.parametrize(index=list(range(ROUNDS)))
async def bytes_arrive_and_nothing_else_changes(dut, index):
    """Random requests, stalls, bus errors and refusals; data before addresses, too."""
    pause = random.choice((0.0, 0.3, 0.7))
    rig = Rig(dut, random_regions(24), pause)
    rig.memory(latency=random.choice((1, 3, 30)), pause=random.choice((0.0, 0.3)))
    await rig.start()
    for _ in range(60):
        client = random.choice(rig.clients)
        request = client.random_request()
        client.ask(*request)
        if random.random() < 0.1:
            bus = rig.regions[request[0]].base + request[1] + N_BYTES * random.randrange(5)
            rig.faults[bus // N_BYTES * N_BYTES] = random.choice((SLVERR, DECERR))
    await rig.finish()
    assert rig.written == rig.expected
    totals = {c.name: sum(x.outcomes[c] for x in rig.clients) for c in Cause}
    dut._log.info("%s", {name: n for name, n in totals.items() if n})


@cocotb.test()
@cocotb.parametrize(index=list(range(max(1, ROUNDS // 4))))
async def an_independent_memory_agrees(dut, index):
    """cocotbext-axi's AxiRam finds the bursts legal and holds the same bytes."""
    rig = Rig(dut, random_regions(16), random.choice((0.0, 0.4)))
    ram = rig.judge(1 << 20, random.choice((0.0, 0.4)))
    await rig.start()
    for _ in range(40):
        client = random.choice(rig.clients)
        client.ask(*client.random_request())
    await rig.finish()
    image = bytearray(1 << 20)
    for address, octet in rig.expected.items():
        image[address] = octet
    assert ram.read(0, 1 << 20) == image


@cocotb.test()
async def beats_go_out_back_to_back(dut):
    """One beat a cycle, across bursts and requests."""
    rig = Rig(dut, [Region(0x1000, 1 << 20, WRITE)] * N_REGIONS)
    memory = rig.memory(latency=4)
    await rig.start()
    client = rig.clients[-1]
    for offset in range(0, 16 * 1024, 2048):
        client.ask(0, offset, 2048)
    await rig.bench.until(lambda: memory.n_beats, "the first beat")
    first = rig.bench.cycle
    n_beats = 16 * 1024 // N_BYTES
    await rig.bench.until(lambda: memory.n_beats == n_beats, "the last beat")
    span = rig.bench.cycle - first
    dut._log.info("%d beats in %d cycles", n_beats, span + 1)
    if PARAMS.config.dma_burst_beats > 8:
        assert span <= n_beats
    await rig.finish()


@cocotb.test()
async def single_beats_take_two_cycles_each(dut):
    rig = Rig(dut, [Region(0x1000, 1 << 20, WRITE)] * N_REGIONS)
    rig.memory(latency=1)
    await rig.start()
    client = rig.clients[-1]
    for i in range(100):
        client.ask(0, 1000 * i, 1)
    await rig.finish()
    span = client.done_cycles[-1] - client.done_cycles[0]
    dut._log.info("99 rows in %d cycles", span)
    if SLOTS[-1] >= 8:
        assert span <= 2 * 99


@cocotb.test()
async def a_subordinate_may_wait_for_data_before_it_takes_the_address(dut):
    rig = Rig(dut, [Region(0x1000, 1 << 20, WRITE)] * N_REGIONS)
    memory = rig.memory(latency=2, data_first=True)
    await rig.start()
    for i in range(30):
        rig.clients[-1].ask(0, 5000 * i, random.randint(1, LONGEST_BYTES))
    await rig.finish()
    assert memory.n_beats and rig.written == rig.expected


@cocotb.test()
@cocotb.parametrize(index=list(range(ROUNDS)))
async def a_halt_finishes_bursts_and_writes_nothing_of_its_own(dut, index):
    """At any time; bytes that were written are ones that a client sent there."""
    rig = Rig(dut, random_regions(24), random.choice((0.0, 0.4)))
    rig.memory(latency=random.choice((1, 20)), pause=random.choice((0.0, 0.5)))
    await rig.start()
    sent: dict[int, set[int]] = {}
    for _ in range(4):
        for _ in range(30):
            client = random.choice(rig.clients)
            client.ask(*client.random_request())
            region, offset, octets = client.open[-1]
            if allowed(rig.regions[region], offset, len(octets), WRITE):
                for i, octet in enumerate(octets):
                    address = rig.regions[region].base + offset + i
                    sent.setdefault(address, set()).add(octet)
        await rig.bench.cycles(random.randrange(200))
        dut.halt.value = 1
        for client in rig.clients:
            client.open.clear()
            rig.bench.agents.remove(client)
        await rig.bench.cycles(5)
        bursts = rig.rules.n_bursts
        await rig.bench.until(lambda: int(dut.quiet.value), "quiet", 20_000)
        assert rig.rules.at_rest()
        assert rig.rules.n_bursts <= bursts + 1, "new bursts after the halt"
        for client in rig.clients:
            client.requests.withdraw()
            client.beats.withdraw()
            rig.bench.add(client)
        await rig.bench.cycles(random.randrange(1, 5))
        dut.halt.value = 0
    assert all(octet in sent.get(address, ()) for address, octet in rig.written.items())
    rig.written.clear()
    rig.expected.clear()
    for _ in range(20):
        client = random.choice(rig.clients)
        client.ask(*client.random_request())
    await rig.finish()
    assert rig.written == rig.expected
