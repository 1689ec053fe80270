"""cocotb: the store engine copies what a naive model copies, and stops where it stops."""

from __future__ import annotations

import copy
import os
import random
from collections import deque

import cocotb
from cocotbext.axi import AxiRamWrite, AxiWriteBus

from arch.isa import Cause, Command, Engine, Opcode, Space, encode_program
from sim.model import FunctionalModel, ProgramError
from sim.model import Region as ModelRegion
from tests.hw.axi_agents import SLVERR, Rules, WriteMemory
from tests.hw.bench import Bench, Source, pauses
from tests.hw.configs import variant
from tests.hw.dma_commands import (
    Failure,
    World,
    chip_sizes,
    execute,
    items_of_all,
    random_copy,
    spoil,
)
from tests.hw.region_table import Region, write_region

PARAMS = variant(os.environ["WEFT_VARIANT"])
ROUNDS = int(os.environ["WEFT_ROUNDS"])
N_BYTES = PARAMS.axi_bytes
MOST_BYTES = 4000 if PARAMS.config.dma_burst_beats > 1 else 300
SPACING = 1 << 17
WRITE = 2
READ_CYCLES = 3


def random_world() -> World:
    sizes = (20_000, 5000, 100, 1, 0, 3000, 70, 20_000)
    writable = (True, True, True, True, True, False, True, True)
    size = chip_sizes(PARAMS)[Space.SCRATCHPAD]
    return World(
        {Space.SCRATCHPAD: bytearray(random.randbytes(size))},
        [(bytearray(random.randbytes(n)), False, w) for n, w in zip(sizes, writable, strict=True)],
    )


class Scratchpad:
    """Answers chunk reads in order, three cycles after each was taken, or later."""

    def __init__(self, dut, memory: bytearray, pause: float):
        prefix = "scratchpad"
        self.request_valid = getattr(dut, f"{prefix}__request__valid")
        self.request_ready = getattr(dut, f"{prefix}__request__ready")
        self.chunk = getattr(dut, f"{prefix}__request__payload")
        self.valid = getattr(dut, f"{prefix}__valid")
        self.data = getattr(dut, f"{prefix}__data")
        self.memory, self.pause = memory, pause
        self.answers: deque[tuple[int, int]] = deque()
        self.now = 0
        self.is_ready = False
        for handle in (self.request_ready, self.valid, self.data):
            handle.value = 0

    def drive(self) -> None:
        self.is_ready = random.random() >= self.pause
        self.request_ready.value = self.is_ready
        due = bool(self.answers) and self.answers[0][0] <= self.now
        self.valid.value = due
        self.data.value = self.answers.popleft()[1] if due else random.getrandbits(8 * N_BYTES)

    def sample(self) -> None:
        if self.is_ready and int(self.request_valid.value):
            start = int(self.chunk.value) * N_BYTES
            assert start < len(self.memory), "reads beyond the scratchpad"
            word = int.from_bytes(self.memory[start : start + N_BYTES], "little")
            late = random.choice((0, 0, 0, 4)) if self.pause else 0
            due = self.now + READ_CYCLES + late
            self.answers.append((max(due, self.answers[-1][0] if self.answers else 0), word))
        self.now += 1


class Rig:
    """The store engine with its memories; what it writes ends up in ``written``."""

    def __init__(self, dut, world: World, pause: float = 0.0):
        self.dut = dut
        self.world = world
        self.bench = Bench(dut)
        self.regions = [
            Region(i * SPACING + 8 * N_BYTES * random.randrange(50), len(octets), WRITE * writable)
            for i, (octets, _, writable) in enumerate(world.regions)
        ]
        self.commands = self.bench.add(Source(dut, "commands", pause))
        self.bench.add(Scratchpad(dut, world.chip[Space.SCRATCHPAD], pause))
        slots = (PARAMS.config.dma_outstanding,)
        self.rules = self.bench.add(Rules(dut, "axi", PARAMS, slots, "write"))
        self.bench.add(self)
        self.written: dict[int, int] = {}
        self.n_stored = self.n_completed = 0
        self.stored_at: list[int] = []
        self.beat_cycles: list[int] = []
        self.completed_cycles: list[int] = []
        self.failure: Failure | None = None

    def memory(self, **options) -> WriteMemory:
        return self.bench.add(WriteMemory(self.dut, "axi", PARAMS, self.store, **options))

    def store(self, address: int, data: bytes, strobe: int) -> None:
        self.beat_cycles.append(self.bench.cycle)
        for lane, octet in enumerate(data):
            if strobe >> lane & 1:
                self.written[address + lane] = octet
                self.n_stored += 1

    def contents(self) -> list[bytes]:
        """The regions, with what was written."""
        images = []
        for region, (octets, _, _) in zip(self.regions, self.world.regions, strict=True):
            images.append(
                bytes(self.written.pop(region.base + i, octet) for i, octet in enumerate(octets))
            )
        assert not self.written, "bytes outside the regions"
        return images

    def drive(self) -> None:
        pass

    def sample(self) -> None:
        d = self.dut
        if int(d.status__completed.value):
            self.n_completed += 1
            self.stored_at.append(self.n_stored)
            self.completed_cycles.append(self.bench.cycle)
        if int(d.status__error.value):
            assert self.failure is None, "fails twice"
            self.failure = Failure(
                Cause(int(d.status__cause.value)),
                int(d.status__address.value),
                int(d.status__info.value),
            )

    async def start(self) -> None:
        await self.bench.start(
            region_write=0, region_index=0, region_part=0, region_value=0, halt=0, completed=0
        )
        for index, region in enumerate(self.regions):
            await write_region(self.bench, index, region)

    async def run(self, commands: list[Command]) -> None:
        self.commands.queue.extend(items_of_all(commands))
        goal = self.n_completed + len(commands)
        await self.bench.until(
            lambda: self.n_completed == goal or self.failure, "the commands", 300_000
        )
        await self.bench.cycles(60)


def expect(world: World, commands: list[Command]) -> tuple[list[int], Failure | None]:
    """Run the naive model; bytes stored after each command that completes, and the failure."""
    totals, total = [], 0
    for command in commands:
        failure = execute(world, command)
        if failure is not None:
            return totals, failure
        total += command.config["length"] * command.config["n1"] * command.config["n2"]
        totals.append(total)
    return totals, None


def check_model(world: World, after: World, commands: list[Command], failure: object) -> None:
    """The functional model of the whole accelerator agrees with the naive one."""
    model = FunctionalModel(PARAMS)
    model.regions = [ModelRegion(bytearray(o), read=r, write=w) for o, r, w in world.regions]
    model.memories.scratchpad[:] = list(world.chip[Space.SCRATCHPAD])
    try:
        model.run(encode_program([*commands, Command(Opcode.END, {})]))
        found = None
    except ProgramError as error:
        assert error.engine is Engine.STORE
        found = Failure(error.cause, error.address, error.info)
    assert found == failure
    assert [region.data for region in model.regions] == [octets for octets, _, _ in after.regions]


@cocotb.test()
@cocotb.parametrize(spoiled=[False, True], index=list(range(ROUNDS)))
async def copies_equal_those_of_a_naive_model(dut, spoiled, index):
    """All regions, and the report of the failure; nothing outside the regions is ever touched."""
    world = random_world()
    rig = Rig(dut, world, random.choice((0.0, 0.3, 0.6)))
    rig.memory(latency=random.choice((1, 5, 40)), pause=random.choice((0.0, 0.3)))
    commands = [random_copy(PARAMS, Opcode.STORE, world, MOST_BYTES) for _ in range(12)]
    if spoiled:
        at = random.randrange(len(commands))
        commands[at] = spoil(commands[at])
    after = copy.deepcopy(world)
    totals, failure = expect(after, commands)
    check_model(world, after, commands, failure)
    await rig.start()
    await rig.run(commands)
    assert rig.failure == failure
    assert rig.n_completed == len(totals)
    for k, total in enumerate(totals):
        assert rig.stored_at[k] >= total, f"command {k} completed before its last byte"
    images = rig.contents()
    if failure is None:
        assert images == [octets for octets, _, _ in after.regions]
        assert rig.rules.at_rest() and not int(dut.status__busy.value)
    for (before, _, writable), image in zip(world.regions, images, strict=True):
        assert writable or image == before
    dut._log.info("%s after %d bytes", failure.cause.name if failure else "good", rig.n_stored)


@cocotb.test()
@cocotb.parametrize(index=list(range(max(1, ROUNDS // 4))))
async def an_independent_memory_agrees(dut, index):
    world = random_world()
    rig = Rig(dut, world, random.choice((0.0, 0.4)))
    ram = AxiRamWrite(AxiWriteBus.from_prefix(dut, "axi_"), dut.clk, dut.rst, size=8 * SPACING)
    ram.log.setLevel("WARNING")
    pause = random.choice((0.0, 0.4))
    for channel in (ram.aw_channel, ram.w_channel, ram.b_channel):
        channel.log.setLevel("WARNING")
        channel.set_pause_generator(pauses(pause))
    image = bytearray(8 * SPACING)
    for region, (octets, _, _) in zip(rig.regions, world.regions, strict=True):
        image[region.base : region.base + len(octets)] = octets
    ram.write(0, bytes(image))
    after = copy.deepcopy(world)
    commands = [random_copy(PARAMS, Opcode.STORE, world, MOST_BYTES) for _ in range(8)]
    _, failure = expect(after, commands)
    await rig.start()
    await rig.run(commands)
    assert rig.failure == failure
    if failure is None:
        for region, (octets, _, _) in zip(rig.regions, after.regions, strict=True):
            image[region.base : region.base + len(octets)] = octets
        assert ram.read(0, len(image)) == image


def copy_of(length: int, n1: int = 1, ext_offset: int = 0, int_base: int = 0, **more) -> Command:
    return Command(
        Opcode.STORE,
        {
            "ext_offset": ext_offset,
            "length": length,
            "n1": n1,
            "n2": 1,
            "int_base": int_base,
            "region": more.get("region", 0),
            "ext_step1": more.get("ext_step1", 0),
            "int_step1": more.get("int_step1", 0),
        },
    )


@cocotb.test()
async def a_bus_error_stops_with_region_and_offset(dut):
    rig = Rig(dut, random_world())
    rig.memory(latency=5, faults={rig.regions[7].base + 4096: SLVERR})
    await rig.start()
    await rig.run([copy_of(400, ext_offset=16), copy_of(400, ext_offset=4000, region=7)])
    assert rig.n_completed == 1 and rig.failure is not None
    assert (rig.failure.cause, rig.failure.info) == (Cause.BUS, 7)
    assert 4000 <= rig.failure.address <= 4096


@cocotb.test(skip=PARAMS.config.dma_burst_beats < 16)
@cocotb.parametrize(shift=[0, 1, N_BYTES - 1])
async def a_long_row_moves_a_beat_each_cycle(dut, shift):
    """4096 bytes with 32 cycles to the bus's answer."""
    world = random_world()
    rig = Rig(dut, world)
    rig.memory(latency=32)
    await rig.start()
    first = rig.bench.cycle
    await rig.run([copy_of(4096, ext_offset=64, int_base=shift)])
    steady = rig.beat_cycles[-1] - rig.beat_cycles[0] + 1
    dut._log.info(
        "4096 bytes, source shifted by %d: %d cycles from the command to its completion; "
        "beats in %d",
        shift,
        rig.completed_cycles[0] - first,
        steady,
    )
    if PARAMS.config.dma_outstanding * PARAMS.config.dma_burst_beats >= 128:
        assert rig.completed_cycles[0] - first <= 4096 // N_BYTES + 32 + 35
    assert rig.contents()[0][64 : 64 + 4096] == world.chip[Space.SCRATCHPAD][shift : shift + 4096]


@cocotb.test(skip=PARAMS.config.dma_outstanding < 8)
@cocotb.parametrize(length=[1, N_BYTES, 3 * N_BYTES])
async def short_rows_overlap(dut, length):
    """Rows of one beat take two cycles each."""
    rig = Rig(dut, random_world())
    rig.memory(latency=1)
    n_rows = 60
    await rig.start()
    await rig.run([copy_of(length, n_rows, ext_step1=8 * N_BYTES, int_step1=4 * N_BYTES)])
    span = rig.beat_cycles[-1] - rig.beat_cycles[0]
    dut._log.info("%d rows of %d bytes: %.2f cycles each", n_rows, length, span / (n_rows - 1))
    assert span <= (n_rows - 1) * max(2, -(-length // N_BYTES)) + 2


@cocotb.test(skip=PARAMS.config.dma_burst_beats < 16)
async def the_next_command_overlaps_the_answer_to_the_last(dut):
    rig = Rig(dut, random_world())
    rig.memory(latency=32)
    await rig.start()
    await rig.run([copy_of(2048, ext_offset=2048 * i, int_base=2048 * i) for i in range(8)])
    span = rig.beat_cycles[-1] - rig.beat_cycles[0] + 1
    dut._log.info("8 commands of 2048 bytes: %d cycles for %d beats", span, len(rig.beat_cycles))
    if PARAMS.config.dma_outstanding * PARAMS.config.dma_burst_beats >= 128:
        assert span <= 8 * 2048 // N_BYTES + 8
