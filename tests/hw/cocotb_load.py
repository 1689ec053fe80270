"""cocotb: the load engine copies what a naive model copies, and stops where it stops."""

from __future__ import annotations

import copy
import os
import random

import cocotb
from cocotbext.axi import AxiRamRead, AxiReadBus

from arch.isa import Cause, Command, Engine, Opcode, Space, encode_program
from hw.interfaces import chip_write_layout
from sim.model import FunctionalModel, ProgramError
from sim.model import Region as ModelRegion
from tests.hw.axi_agents import SLVERR, ReadMemory, Rules
from tests.hw.bench import Bench, Sink, Source, pauses, unpack
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


def random_world() -> World:
    sizes = (20_000, 5000, 100, 1, 0, 3000, 70, 20_000)
    readable = (True, True, True, True, True, False, True, True)
    return World(
        {space: bytearray(random.randbytes(n)) for space, n in chip_sizes(PARAMS).items()},
        [(bytearray(random.randbytes(n)), r, False) for n, r in zip(sizes, readable, strict=True)],
    )


class Rig:
    """The load engine with its memories; its writes are applied to ``chip``."""

    def __init__(self, dut, world: World, pause: float = 0.0):
        self.dut = dut
        self.world = world
        self.bench = Bench(dut)
        self.chip = copy.deepcopy(world.chip)
        self.regions = [
            Region(i * SPACING + 8 * N_BYTES * random.randrange(50), len(octets), readable)
            for i, (octets, readable, _) in enumerate(world.regions)
        ]
        self.layout = chip_write_layout(PARAMS)
        self.commands = self.bench.add(Source(dut, "commands", pause))
        self.sink = self.bench.add(Sink(dut, "writes", self.write, pause))
        slots = (PARAMS.config.dma_outstanding,)
        self.rules = self.bench.add(Rules(dut, "axi", PARAMS, slots, "read"))
        self.bench.add(self)
        self.n_written = self.n_completed = 0
        self.written_at: list[int] = []
        self.write_cycles: list[int] = []
        self.failure: Failure | None = None
        self.busy_cycles = self.waiting_cycles = 0

    def bus_byte(self, address: int) -> int:
        for region, (octets, _, _) in zip(self.regions, self.world.regions, strict=True):
            if region.base <= address < region.base + len(octets):
                return octets[address - region.base]
        return 0xA5

    def read(self, address: int, n: int) -> bytes:
        return bytes(self.bus_byte(a) for a in range(address, address + n))

    def memory(self, **options) -> ReadMemory:
        return self.bench.add(ReadMemory(self.dut, "axi", PARAMS, self.read, **options))

    def judge(self, pause: float) -> None:
        dut = self.dut
        ram = AxiRamRead(AxiReadBus.from_prefix(dut, "axi_"), dut.clk, dut.rst, size=8 * SPACING)
        ram.log.setLevel("WARNING")
        for channel in (ram.ar_channel, ram.r_channel):
            channel.log.setLevel("WARNING")
            channel.set_pause_generator(pauses(pause))
        for region, (octets, _, _) in zip(self.regions, self.world.regions, strict=True):
            ram.write(region.base, bytes(octets))

    def write(self, bits: int) -> None:
        item = unpack(self.layout, bits)
        memory = self.chip[Space(item.space)]
        for lane in range(N_BYTES):
            if item.mask >> lane & 1:
                where = item.chunk * N_BYTES + lane
                if item.space == Space.WEIGHTS:
                    where %= len(memory)
                memory[where] = item.data >> 8 * lane & 0xFF
                self.n_written += 1
        assert item.mask, "a chunk without bytes"
        self.write_cycles.append(self.bench.cycle)

    def drive(self) -> None:
        pass

    def sample(self) -> None:
        d = self.dut
        if int(d.status__completed.value):
            self.n_completed += 1
            self.written_at.append(self.n_written)
        if int(d.status__error.value):
            assert self.failure is None, "fails twice"
            self.failure = Failure(
                Cause(int(d.status__cause.value)),
                int(d.status__address.value),
                int(d.status__info.value),
            )
        busy, waiting = int(d.status__busy.value), int(d.status__waiting.value)
        assert not (busy and waiting)
        self.busy_cycles += busy
        self.waiting_cycles += waiting

    async def start(self) -> None:
        await self.bench.start(
            region_write=0, region_index=0, region_part=0, region_value=0, halt=0, completed=0
        )
        for index, region in enumerate(self.regions):
            await write_region(self.bench, index, region)

    async def run(self, commands: list[Command]) -> None:
        """Until all are completed, or one has failed; then a while longer."""
        self.commands.queue.extend(items_of_all(commands))
        goal = self.n_completed + len(commands)
        await self.bench.until(
            lambda: self.n_completed == goal or self.failure, "the commands", 300_000
        )
        await self.bench.cycles(60)


def expect(world: World, commands: list[Command]) -> tuple[list[int], Failure | None]:
    """Run the naive model; bytes written after each command that completes, and the failure."""
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
    for space, octets in world.chip.items():
        model.memories.space(space)[:] = list(octets)
    program = encode_program([*commands, Command(Opcode.END, {})])
    try:
        model.run(program)
        found = None
    except ProgramError as error:
        assert error.engine is Engine.LOAD
        found = Failure(error.cause, error.address, error.info)
    assert found == failure
    for space, octets in after.chip.items():
        assert model.memories.space(space).tobytes() == octets


@cocotb.test()
@cocotb.parametrize(spoiled=[False, True], index=list(range(ROUNDS)))
async def copies_equal_those_of_a_naive_model(dut, spoiled, index):
    """All memories and the report of the failure; rows before the failure are there."""
    world = random_world()
    rig = Rig(dut, world, random.choice((0.0, 0.3, 0.6)))
    rig.memory(latency=random.choice((1, 5, 40)), pause=random.choice((0.0, 0.3)))
    commands = [random_copy(PARAMS, Opcode.LOAD, world, MOST_BYTES) for _ in range(12)]
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
        assert rig.written_at[k] >= total, f"command {k} completed before its last byte"
    assert rig.chip == after.chip
    if failure is None:
        assert not int(dut.status__busy.value)
    dut._log.info("%s after %d bytes", failure.cause.name if failure else "good", rig.n_written)


@cocotb.test()
@cocotb.parametrize(index=list(range(max(1, ROUNDS // 4))))
async def an_independent_memory_agrees(dut, index):
    world = random_world()
    rig = Rig(dut, world, random.choice((0.0, 0.4)))
    rig.judge(random.choice((0.0, 0.4)))
    commands = [random_copy(PARAMS, Opcode.LOAD, world, MOST_BYTES) for _ in range(8)]
    after = copy.deepcopy(world)
    _, failure = expect(after, commands)
    await rig.start()
    await rig.run(commands)
    assert rig.failure == failure and rig.chip == after.chip


@cocotb.test()
async def a_bus_error_stops_with_region_and_offset(dut):
    world = random_world()
    rig = Rig(dut, world)
    bad = rig.regions[7].base + 4096
    rig.memory(latency=5, faults={bad: SLVERR})
    row = {"length": 400, "n1": 1, "n2": 1}
    good = Command(Opcode.LOAD, {**row, "ext_offset": 16, "int_base": 8})
    failing = Command(Opcode.LOAD, {**row, "region": 7, "ext_offset": 4000, "int_base": 1000})
    await rig.start()
    await rig.run([good, failing])
    assert rig.n_completed == 1 and rig.failure is not None
    assert (rig.failure.cause, rig.failure.info) == (Cause.BUS, 7)
    assert 4000 <= rig.failure.address <= 4096
    assert rig.chip[Space.SCRATCHPAD][8:408] == world.regions[0][0][16:416]


def copy_of(length: int, n1: int = 1, ext_offset: int = 0, int_base: int = 0, **more) -> Command:
    return Command(
        Opcode.LOAD,
        {
            "ext_offset": ext_offset,
            "length": length,
            "n1": n1,
            "n2": 1,
            "int_base": int_base,
            "ext_step1": more.get("ext_step1", 0),
            "int_step1": more.get("int_step1", 0),
        },
    )


@cocotb.test(skip=PARAMS.config.dma_burst_beats < 16)
@cocotb.parametrize(shift=[0, 1, N_BYTES - 1])
async def a_long_row_moves_a_chunk_each_cycle(dut, shift):
    """4096 bytes at 32 cycles of latency: the latency, a chunk a cycle, and a few cycles more."""
    world = random_world()
    rig = Rig(dut, world)
    rig.memory(latency=32)
    await rig.start()
    first = rig.bench.cycle
    await rig.run([copy_of(4096, ext_offset=shift, int_base=64)])
    cycles = rig.write_cycles[-1] - first
    steady = rig.write_cycles[-1] - rig.write_cycles[0]
    dut._log.info(
        "4096 bytes, source shifted by %d: %d cycles from the first word of the command "
        "to the last chunk; chunks in %d",
        shift,
        cycles,
        steady + 1,
    )
    in_flight = PARAMS.config.dma_outstanding * PARAMS.config.dma_burst_beats
    if in_flight >= 32 + 12:
        assert cycles <= 4096 // N_BYTES + 32 + 25
    assert rig.chip[Space.SCRATCHPAD][64 : 64 + 4096] == world.regions[0][0][shift : shift + 4096]


@cocotb.test(skip=PARAMS.config.dma_outstanding < 8)
@cocotb.parametrize(length=[1, N_BYTES, 3 * N_BYTES], latency=[1, 32])
async def short_rows_overlap(dut, length, latency):
    """Rows of one beat take two cycles, or as long as the bursts in flight allow."""
    world = random_world()
    rig = Rig(dut, world)
    rig.memory(latency=latency)
    n_rows = 60
    row = copy_of(length, n_rows, ext_step1=8 * N_BYTES, int_step1=4 * N_BYTES)
    await rig.start()
    await rig.run([row])
    span = rig.write_cycles[-1] - rig.write_cycles[0]
    dut._log.info(
        "%d rows of %d bytes at latency %d: %.2f cycles each",
        n_rows,
        length,
        latency,
        span / (n_rows - 1),
    )
    round_trip = latency + 8
    floor = max(2, -(-length // N_BYTES), round_trip / PARAMS.config.dma_outstanding)
    assert span <= (n_rows - 1) * floor + 2


@cocotb.test(skip=PARAMS.config.dma_burst_beats < 16)
async def the_next_command_overlaps_the_data_of_the_last(dut):
    """Between two long commands the memory port does not rest for a round trip."""
    world = random_world()
    rig = Rig(dut, world)
    rig.memory(latency=32)
    await rig.start()
    commands = [copy_of(2048, ext_offset=2048 * i, int_base=2048 * i) for i in range(8)]
    await rig.run(commands)
    span = rig.write_cycles[-1] - rig.write_cycles[0] + 1
    dut._log.info("8 commands of 2048 bytes: %d cycles for %d chunks", span, len(rig.write_cycles))
    # With fewer beats in flight the short bursts at the ends of the rows show.
    if PARAMS.config.dma_outstanding * PARAMS.config.dma_burst_beats >= 128:
        assert span <= 8 * 2048 // N_BYTES + 8


@cocotb.test()
async def a_command_waits_for_the_other_engines(dut):
    world = random_world()
    rig = Rig(dut, world)
    rig.memory(latency=1)
    await rig.start()
    command = copy_of(16)
    rig.commands.queue.extend(items_of_all([Command(Opcode.LOAD, command.config, (0, 3, 1, 0))]))
    await rig.bench.cycles(50)
    assert rig.waiting_cycles > 30 and not rig.busy_cycles and not rig.n_written
    dut.completed.value = 3 << 16
    await rig.bench.cycles(50)
    assert not rig.n_written
    dut.completed.value = 3 << 16 | 1 << 32
    await rig.bench.until(lambda: rig.n_completed == 1, "the command", 100)
    assert rig.n_written == 16
