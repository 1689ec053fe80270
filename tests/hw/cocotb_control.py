"""cocotb: whole programs of copies run from doorbell to interrupt, fail, and run again."""

from __future__ import annotations

import os
import random

import cocotb
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiRamRead,
    AxiRamWrite,
    AxiReadBus,
    AxiResp,
    AxiWriteBus,
)

from arch import registers
from arch.decode import ProgramError
from arch.isa import Cause, Command, Engine, Opcode, Space, encode_program
from arch.registers import CONTROL, OFFSET, Counter, State
from sim.model import FunctionalModel, Region
from tests.hw.axi_agents import SLVERR, ReadMemory, Rules, WriteMemory
from tests.hw.bench import Bench, pauses
from tests.hw.configs import variant
from tests.hw.control_bench import FETCH_SLOTS
from tests.hw.dma_commands import World, random_copy, spoil

PARAMS = variant(os.environ["WEFT_VARIANT"])
ROUNDS = int(os.environ["WEFT_ROUNDS"])
N_BYTES = PARAMS.axi_bytes
SCRATCHPAD_BYTES = PARAMS.scratchpad_bytes
SPACING = 1 << 17
PROGRAM = 6
RESULT = 7
READ, WRITE = 1, 2
SIZES = (20_000, 5000, 100, 3000, 7, SCRATCHPAD_BYTES, 60_000, SCRATCHPAD_BYTES)
FLAGS = (READ | WRITE, READ | WRITE, READ | WRITE, READ, WRITE, READ, READ, READ | WRITE)
SCRATCHPAD_IMAGE = 5


class Rig:
    """The bench with a host and one flat external memory."""

    def __init__(self, dut):
        self.dut = dut
        self.bench = Bench(dut)
        self.lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "bus_"), dut.clk, dut.rst)
        self.lite.write_if.log.setLevel("WARNING")
        self.lite.read_if.log.setLevel("WARNING")
        outstanding = PARAMS.config.dma_outstanding
        self.read_rules = Rules(dut, "read", PARAMS, (FETCH_SLOTS, outstanding), "read")
        self.write_rules = Rules(dut, "write", PARAMS, (outstanding,), "write")
        self.bench.add(self.read_rules)
        self.bench.add(self.write_rules)
        self.image = bytearray(random.randbytes(8 * SPACING))
        self.bases = [i * SPACING + N_BYTES * random.randrange(100) for i in range(8)]
        self.ram: AxiRamRead | None = None
        self.faults: dict[int, int] = {}

    def memory(self, pause: float) -> None:
        """A memory of our own with latency, mixed ids and errors."""
        options = {"pause": pause, "faults": self.faults}
        self.bench.add(
            ReadMemory(
                self.dut,
                "read",
                PARAMS,
                lambda a, n: bytes(self.image[a : a + n]),
                latency=random.choice((1, 30)),
                mix=True,
                **options,
            )
        )
        self.bench.add(
            WriteMemory(
                self.dut, "write", PARAMS, self.store, latency=random.choice((1, 30)), **options
            )
        )

    def judge(self, pause: float) -> None:
        """cocotbext-axi's memory."""
        dut, size = self.dut, len(self.image)
        self.ram = AxiRamRead(AxiReadBus.from_prefix(dut, "read_"), dut.clk, dut.rst, size=size)
        write = AxiRamWrite(
            AxiWriteBus.from_prefix(dut, "write_"), dut.clk, dut.rst, size=size, mem=self.ram.mem
        )
        for block in (self.ram, write):
            block.log.setLevel("WARNING")
            for channel in vars(block).values():
                if hasattr(channel, "set_pause_generator"):
                    channel.log.setLevel("WARNING")
                    channel.set_pause_generator(pauses(pause))
        self.ram.write(0, bytes(self.image))

    def store(self, address: int, data: bytes, strobe: int) -> None:
        for lane, octet in enumerate(data):
            if strobe >> lane & 1:
                self.image[address + lane] = octet

    # ---- the host ----------------------------------------------------------------------------
    async def put(self, name: str, value: int) -> None:
        answer = await self.lite.write(OFFSET[name], value.to_bytes(4, "little"))
        assert answer.resp == AxiResp.OKAY, name

    async def value(self, name: str) -> int:
        answer = await self.lite.read(OFFSET[name], 4)
        assert answer.resp == AxiResp.OKAY, name
        return int.from_bytes(answer.data, "little")

    async def start(self) -> None:
        await self.bench.start()
        for i, base in enumerate(self.bases):
            await self.put(f"REGION{i}_BASE", base)
            await self.put(f"REGION{i}_SIZE", SIZES[i])
            await self.put(f"REGION{i}_FLAGS", FLAGS[i])

    async def load_program(self, program: bytes) -> None:
        offset = 8 * random.randrange(50)
        if self.ram is None:
            first = self.bases[PROGRAM] + offset
            self.image[first : first + len(program)] = program
        else:
            self.ram.write(self.bases[PROGRAM] + offset, program)
        await self.put("PROGRAM_REGION", PROGRAM)
        await self.put("PROGRAM_OFFSET", offset)
        await self.put("PROGRAM_BYTES", len(program))
        await self.put("INTERRUPT_ENABLE", 3)

    async def doorbell(self) -> None:
        await self.put("CONTROL", CONTROL.pack({"start": 1}))

    async def interrupted(self) -> State:
        """Wait for the interrupt, clear it, and return the state."""
        await self.bench.until(lambda: int(self.dut.interrupt.value), "interrupt", 300_000)
        assert self.read_rules.at_rest() and self.write_rules.at_rest()
        await self.put("INTERRUPT", 3)
        return State(registers.STATUS.unpack(await self.value("STATUS"))["state"])

    async def report(self) -> tuple[int, int, int, int, int]:
        source = registers.ERROR_SOURCE.unpack(await self.value("ERROR_SOURCE"))
        return (
            await self.value("ERROR_CAUSE"),
            source["engine"],
            source["command"],
            await self.value("ERROR_ADDRESS"),
            await self.value("ERROR_INFO"),
        )

    # ---- memory ------------------------------------------------------------------------------
    def regions(self) -> list[bytearray]:
        if self.ram is not None:
            self.image = bytearray(self.ram.read(0, len(self.image)))
        return [
            bytearray(self.image[base : base + size])
            for base, size in zip(self.bases, SIZES, strict=True)
        ]

    def model(self) -> FunctionalModel:
        model = FunctionalModel(PARAMS)
        model.regions = [
            Region(octets, read=bool(flags & READ), write=bool(flags & WRITE))
            for octets, flags in zip(self.regions(), FLAGS, strict=True)
        ]
        return model


def whole(opcode: Opcode, region: int) -> Command:
    """All of the scratchpad."""
    return Command(opcode, {"region": region, "length": SCRATCHPAD_BYTES, "n1": 1, "n2": 1})


def random_commands(rig: Rig, n: int) -> list[Command]:
    """Copies in both directions between a load and a store of the whole scratchpad.

    Each waits for all commands of the other engines before it, so that program order counts.
    """
    world = World(
        {Space.SCRATCHPAD: bytearray(SCRATCHPAD_BYTES)}, [(o, True, True) for o in rig.regions()]
    )
    good = {Opcode.LOAD: (0, 1, 2, 3), Opcode.STORE: (0, 1, 2, 4)}
    commands = [whole(Opcode.LOAD, SCRATCHPAD_IMAGE)]
    while len(commands) < n:
        opcode = random.choice((Opcode.LOAD, Opcode.STORE, Opcode.CORE))
        if opcode is Opcode.CORE:
            commands.append(Command(opcode, {"boot": 1}))
            continue
        command = random_copy(PARAMS, opcode, world, 2000)
        if command.config["region"] in good[opcode]:
            commands.append(command)
    return [*commands, whole(Opcode.STORE, RESULT)]


def with_waits(commands: list[Command]) -> list[Command]:
    counts = [0] * len(Engine)
    result = []
    for command in commands:
        engine = command.opcode.engine
        assert engine is not None
        waits = tuple(0 if e == engine else count for e, count in enumerate(counts))
        result.append(Command(command.opcode, command.config, waits))
        counts[engine] += 1
    return [*result, Command(Opcode.END, {})]


async def good_program(rig: Rig) -> None:
    """Run a random good program and compare all regions with the functional model's."""
    program = encode_program(with_waits(random_commands(rig, random.randrange(1, 25))))
    await rig.load_program(program)
    model = rig.model()
    model.run(program)
    beats = (rig.read_rules.n_beats, rig.write_rules.n_beats)
    await rig.doorbell()
    assert await rig.interrupted() is State.DONE
    assert await rig.value("ERROR_CAUSE") == Cause.NONE
    assert rig.regions() == [region.data for region in model.regions]
    counted = (await rig.value("COUNTER_BEATS_READ"), await rig.value("COUNTER_BEATS_WRITTEN"))
    assert counted == (rig.read_rules.n_beats - beats[0], rig.write_rules.n_beats - beats[1])
    total = await rig.value("COUNTER_TOTAL")
    for e in Engine:
        busy = await rig.value(f"COUNTER_{Counter(Counter.LOAD_BUSY + e).name}")
        waiting = await rig.value(f"COUNTER_{Counter(Counter.LOAD_WAIT + e).name}")
        assert busy + waiting <= total


@cocotb.test()
@cocotb.parametrize(index=list(range(ROUNDS)))
async def good_programs_equal_the_functional_model(dut, index):
    rig = Rig(dut)
    rig.memory(random.choice((0.0, 0.3)))
    await rig.start()
    for _ in range(3):
        await good_program(rig)


@cocotb.test()
@cocotb.parametrize(index=list(range(max(1, ROUNDS // 4))))
async def an_independent_memory_agrees(dut, index):
    rig = Rig(dut)
    rig.judge(random.choice((0.0, 0.3)))
    await rig.start()
    for _ in range(3):
        await good_program(rig)


def spoil_program(commands: list[Command]) -> bytes:
    """Break a command, or the encoded program, in some way."""
    kind = random.choice(("command", "command", "word", "cut", "wait"))
    at = random.randrange(1, len(commands) - 1)
    if kind == "command":
        if commands[at].opcode is Opcode.CORE:
            at = 0
        commands[at] = spoil(commands[at])
    if kind == "wait":
        commands[at] = Command(commands[at].opcode, commands[at].config, (0, 60_000, 0, 0))
    program = encode_program(commands)
    if kind == "word":
        first = 8 * random.randrange(len(program) // 8)
        program = program[:first] + random.randbytes(8) + program[first + 8 :]
    if kind == "cut":
        program = program[: 8 * random.randrange(len(program) // 8)]
    return program


@cocotb.test()
@cocotb.parametrize(index=list(range(ROUNDS)))
async def a_bad_program_is_reported_and_the_next_one_runs(dut, index):
    """Cause, engine, command, address and info as the functional model says."""
    rig = Rig(dut)
    rig.memory(random.choice((0.0, 0.3)))
    await rig.start()
    for _ in range(4):
        program = spoil_program(with_waits(random_commands(rig, random.randrange(2, 12))))
        await rig.load_program(program)
        model = rig.model()
        model.core_call = lambda function, argument, memories: 0
        expected: ProgramError | None = None
        try:
            model.run(program)
        except ProgramError as error:
            expected = error
        except (IndexError, ValueError, KeyError):
            continue  # an array command by chance, which the bench has no engine for
        await rig.doorbell()
        state = await rig.interrupted()
        if expected is None:
            assert state is State.DONE
        else:
            assert state is State.ERROR
            engine = registers.SEQUENCER if expected.engine is None else expected.engine
            assert await rig.report() == (
                expected.cause,
                engine,
                expected.command,
                expected.address,
                expected.info,
            )
        regions = rig.regions()
        if expected is None or expected.engine is not Engine.STORE:
            assert regions == [region.data for region in model.regions]
        await good_program(rig)


@cocotb.test()
@cocotb.parametrize(index=list(range(ROUNDS)))
async def a_bus_error_is_reported_and_the_next_program_runs(dut, index):
    rig = Rig(dut)
    rig.memory(random.choice((0.0, 0.3)))
    await rig.start()
    engine = random.choice((Engine.LOAD, Engine.STORE, None))
    region = {Engine.LOAD: SCRATCHPAD_IMAGE, Engine.STORE: RESULT, None: PROGRAM}[engine]
    program = encode_program(with_waits(random_commands(rig, 8)))
    await rig.load_program(program)
    offset = random.randrange(SCRATCHPAD_BYTES)
    if engine is None:
        offset = await rig.value("PROGRAM_OFFSET") + random.randrange(len(program))
    beat = (rig.bases[region] + offset) // N_BYTES * N_BYTES
    rig.faults[beat] = SLVERR
    await rig.doorbell()
    assert await rig.interrupted() is State.ERROR
    cause, source, _, address, info = await rig.report()
    assert (cause, info) == (Cause.BUS, region)
    assert source == (registers.SEQUENCER if engine is None else engine)
    assert address <= offset < address + PARAMS.config.dma_burst_beats * N_BYTES
    rig.faults.clear()
    await good_program(rig)


@cocotb.test()
@cocotb.parametrize(index=list(range(ROUNDS)))
async def a_soft_reset_at_any_time_leaves_a_working_device(dut, index):
    rig = Rig(dut)
    rig.memory(random.choice((0.0, 0.3)))
    await rig.start()
    for _ in range(4):
        program = encode_program(with_waits(random_commands(rig, 10)))
        await rig.load_program(program)
        await rig.doorbell()
        await rig.bench.cycles(random.choice((0, random.randrange(300), random.randrange(9000))))
        was_running = registers.STATUS.unpack(await rig.value("STATUS"))["state"] == State.RUNNING
        await rig.put("CONTROL", CONTROL.pack({"reset": 1}))
        for _ in range(1000):
            status = registers.STATUS.unpack(await rig.value("STATUS"))
            if status["state"] != State.RUNNING:
                break
        assert status == {"state": State.IDLE, "quiet": 1}
        assert rig.read_rules.at_rest() and rig.write_rules.at_rest()
        cause = await rig.value("ERROR_CAUSE")
        assert cause in ((Cause.ABORTED, Cause.NONE) if was_running else (Cause.NONE,))
        assert await rig.value("PROGRAM_BYTES") == 0
        assert await rig.value("INTERRUPT") == (2 if cause == Cause.ABORTED else 0)
        await rig.put("INTERRUPT", 3)
        await good_program(rig)
