"""cocotb: the core engine does what the instruction-set simulator does with the same commands."""

from __future__ import annotations

import copy
import os
import random
from dataclasses import dataclass, field
from typing import Any

import cocotb

from arch.isa import Cause, Command, Engine, Opcode, Space
from arch.params import Params
from hw.interfaces import chip_write_layout
from tests.core.encoding import NOP
from tests.core.engine_agents import ExternalReader, ExternalWriter, ScratchpadAgent
from tests.core.engine_model import EngineModel, Outcome, World
from tests.core.engine_programs import (
    FAILURES,
    Image,
    areas,
    failing_operator,
    finish,
    mix,
    random_operator,
)
from tests.hw.bench import Bench, Source, Watch, pack
from tests.hw.configs import variant
from tests.hw.dma_commands import items_of_all

PARAMS = variant(os.environ["WEFT_VARIANT"])
ROUNDS = int(os.environ["WEFT_ROUNDS"])
WATCHDOG_CYCLES = 60_000
LIMIT = 200_000


@dataclass
class Rig:
    """The engine between its agents.

    Members
    -------
    n_completed : pulses of ``status.completed``.
    error : the one error, or None.
    """

    dut: Any
    bench: Bench
    commands: Source
    writes: Source
    n_completed: int = 0
    error: Outcome | None = None
    log: bytearray = field(default_factory=bytearray)
    cycles: dict[str, int] = field(default_factory=dict)

    def look(self) -> None:
        dut = self.dut
        if int(dut.status__completed.value):
            self.n_completed += 1
            self.cycles["completed"] = self.bench.cycle
        if int(dut.status__error.value):
            assert self.error is None, "a second error"
            address, info = int(dut.status__address.value), int(dut.status__info.value)
            self.error = Outcome(Cause(int(dut.status__cause.value)), address, info)
        if int(dut.log_valid.value):
            self.log.append(int(dut.log_byte.value))

    def complete(self, engine: Engine, count: int) -> None:
        """The other engine has completed that many commands."""
        value = int(self.dut.completed.value) & ~(0xFFFF << 16 * engine)
        self.dut.completed.value = value | count << 16 * engine

    def load(self, space: Space, address: int, octets: bytes) -> None:
        """Queue chunks for a memory of the core."""
        n, layout = PARAMS.axi_bytes, chip_write_layout(PARAMS)
        assert address % n == 0
        for start in range(0, len(octets), n):
            part = octets[start : start + n]
            self.writes.queue.append(
                pack(layout, space=space, chunk=(address + start) // n,
                     data=int.from_bytes(part, "little"), mask=(1 << len(part)) - 1)
            )  # fmt: skip

    async def ended(self, count: int) -> Outcome:
        """Wait for that many completed commands, or an error."""
        await self.bench.until(
            lambda: self.n_completed >= count or self.error is not None, "a command's end", LIMIT
        )
        return self.error or Outcome()


async def start(dut: Any, params: Params, world: World, pause: float) -> Rig:
    bench = Bench(dut)
    engine = Rig(dut, bench, Source(dut, "commands", pause), Source(dut, "writes", pause))
    bench.add(engine.commands)
    bench.add(engine.writes)
    bench.add(ScratchpadAgent(dut, params, world, pause))
    bench.add(ExternalReader(dut, params, world, pause))
    bench.add(ExternalWriter(dut, params, world, pause))
    bench.add(Watch(engine.look))
    await bench.start(completed=0, watchdog_cycles=WATCHDOG_CYCLES)
    return engine


def random_world() -> World:
    core = PARAMS.config.core
    assert core != "none"
    sizes, permissions = (3000, 70, 4096, 5, 0, 900, 2048, 333), (3, 3, 1, 3, 3, 2, 1, 3)
    return World(
        bytearray(core.imem_kib * 1024),
        bytearray(core.dmem_kib * 1024),
        bytearray(random.randbytes(PARAMS.scratchpad_bytes)),
        [
            (bytearray(random.randbytes(size)), bool(bits & 1), bool(bits & 2))
            for size, bits in zip(sizes, permissions, strict=True)
        ],
    )


def boot(address: int = 0, waits: tuple[int, int, int, int] = (0, 0, 0, 0)) -> Command:
    return Command(Opcode.CORE, {"function": address, "boot": 1}, waits)


def call(function: int, argument: int = 0, waits: tuple[int, int, int, int] = (0, 0, 0, 0)
         ) -> Command:  # fmt: skip
    return Command(Opcode.CORE, {"function": function, "argument": argument}, waits)


async def put_image(engine: Rig, world: World, image: Image) -> None:
    """Write the image and random data through the port of the load engine."""
    octets = image.octets.ljust(-(-len(image.octets) // 32) * 32, b"\0")
    engine.load(Space.IMEM, 0, octets)
    data = random.randbytes(len(world.dmem) // 2)
    engine.load(Space.DMEM, 0, data)
    world.imem[: len(octets)] = octets
    world.dmem[: len(data)] = data
    await engine.bench.until(lambda: not engine.writes.queue, "the image", LIMIT)


@cocotb.test()
@cocotb.parametrize(turn=range(ROUNDS))
async def operators_do_what_the_simulator_does(dut: Any, turn: int) -> None:
    world, image = random_world(), Image()
    everywhere = areas(len(world.dmem), len(world.scratchpad), world.regions)
    functions = [
        image.add(random_operator(random, everywhere, random.randrange(1, 30))) for _ in range(6)
    ]
    engine = await start(dut, PARAMS, world, random.choice((0.0, 0.0, 0.3)))
    await put_image(engine, world, image)
    # The simulator works on a copy of everything.
    mirror = copy.deepcopy(world)
    model = EngineModel(mirror)
    commands = [boot()]
    outcomes = [model.boot(0)]
    for _ in range(12):
        if random.random() < 0.1:
            commands.append(boot())
            outcomes.append(model.boot(0))
            continue
        function, argument = random.choice(functions), random.getrandbits(32)
        commands.append(call(function, argument))
        outcomes.append(model.call(function, argument))
    assert set(outcomes) == {Outcome()}
    engine.commands.queue.extend(items_of_all(commands))
    # Meanwhile the load engine fills the other half of the data memory.
    other = random.randbytes(len(world.dmem) // 4)
    engine.load(Space.DMEM, len(world.dmem) // 2, other)
    assert await engine.ended(len(commands)) == Outcome()
    await engine.bench.cycles(50)
    assert bytes(engine.log) == model.log
    assert world.scratchpad == mirror.scratchpad
    assert world.regions == mirror.regions


@cocotb.test()
@cocotb.parametrize(kind=FAILURES, turn=range(max(1, ROUNDS // 6)))
async def failures_stop_with_cause_address_and_info(dut: Any, kind: str, turn: int) -> None:
    world, image = random_world(), Image()
    everywhere = areas(len(world.dmem), len(world.scratchpad), world.regions)
    good = image.add(random_operator(random, everywhere, 3))
    bad = image.add(failing_operator(random, everywhere, kind))
    end = 4 * len(image.words)
    engine = await start(dut, PARAMS, world, random.choice((0.0, 0.3)))
    await put_image(engine, world, image)
    mirror = copy.deepcopy(world)
    model = EngineModel(mirror)
    for outcome in (model.boot(0), model.call(good, 1)):
        assert outcome == Outcome()
    expected = model.call(bad, 2)
    assert expected != Outcome(), kind
    engine.commands.queue.extend(items_of_all([boot(), call(good, 1), call(bad, 2),
                                               call(good, 3)]))  # fmt: skip
    seen = await engine.ended(4)
    if expected.address is None:
        assert seen.address is not None and bad <= seen.address < end, kind
        seen = Outcome(seen.cause, None, seen.info)
    assert seen == expected, f"{kind}: {seen} instead of {expected}"
    await engine.bench.cycles(200)
    assert engine.n_completed == 2 and bytes(engine.log) == model.log, kind
    assert not int(dut.status__busy.value) and not int(dut.status__waiting.value)
    assert world.scratchpad == mirror.scratchpad and world.regions == mirror.regions, kind


@cocotb.test()
async def a_call_before_the_first_boot_is_refused(dut: Any) -> None:
    engine = await start(dut, PARAMS, random_world(), 0.0)
    engine.commands.queue.extend(items_of_all([call(0x100)]))
    assert await engine.ended(1) == Outcome(Cause.CONFIG)


@cocotb.test()
async def without_a_watchdog_an_endless_loop_goes_on(dut: Any) -> None:
    world, image = random_world(), Image()
    hang = image.add(failing_operator(random, areas(64, 64, []) * 2, "hang"))
    engine = await start(dut, PARAMS, world, 0.0)
    dut.watchdog_cycles.value = 0
    await put_image(engine, world, image)
    engine.commands.queue.extend(items_of_all([boot(), call(hang)]))
    await engine.bench.cycles(WATCHDOG_CYCLES + 2000)
    assert engine.error is None and engine.n_completed == 1 and int(dut.status__busy.value)


@cocotb.test()
async def commands_wait_for_the_other_engines(dut: Any) -> None:
    world, image = random_world(), Image()
    operator = image.add(mix(10) + finish())
    engine = await start(dut, PARAMS, world, 0.0)
    await put_image(engine, world, image)
    engine.commands.queue.extend(items_of_all([boot(), call(operator, 5, (0, 3, 0, 2))]))
    await engine.ended(1)
    for other, count in ((Engine.ARRAY, 2), (Engine.STORE, 2)):
        engine.complete(other, count)
        await engine.bench.cycles(300)
        assert engine.n_completed == 1 and not engine.log
        assert int(dut.status__waiting.value) and not int(dut.status__busy.value)
    engine.complete(Engine.ARRAY, 3)
    assert await engine.ended(2) == Outcome()
    assert len(engine.log) == 4


@cocotb.test()
async def dispatch_is_quick(dut: Any) -> None:
    """Under 40 cycles from the last wait that is met to the operator's first instruction, and
    from its return to completion (with this test's main loop)."""
    world, image = random_world(), Image()
    image.add([NOP] * 64)  # so that nobody runs into the operator by accident
    operator = image.add(finish())
    returned = 4 * len(image.words) - 4
    engine = await start(dut, PARAMS, world, 0.0)
    await put_image(engine, world, image)
    engine.commands.queue.extend(items_of_all([boot(), call(operator, 5, (0, 1, 0, 0))]))
    await engine.ended(1)
    await engine.bench.cycles(200)
    first: dict[int, int] = {}

    def look() -> None:
        first.setdefault(int(dut.cpu.pc.value), engine.bench.cycle)

    engine.bench.add(Watch(look))
    first.clear()
    engine.complete(Engine.ARRAY, 1)
    met = engine.bench.cycle
    await engine.ended(2)
    entry, end = first[operator] - met, engine.cycles["completed"] - first[returned]
    print(f"cycles from the last wait to the operator: {entry}; from its return: {end}")
    assert entry < 40 and end < 40
