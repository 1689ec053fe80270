"""Programs on the scalar datapath's firmware, built for the host, do what the model says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import numpy as np
import pytest

from arch.isa import FETCH_BYTES, Cause, Command, Engine, Opcode, Space, encode_program
from arch.params import Params
from arch.registers import OFFSET, SEQUENCER, Counter, State
from arch.scalar import Request
from sim.blocks import choose_seed
from sim.device import FunctionalDevice
from sim.driver import Driver, ProgramLocation, RegionSetup
from sim.execute import execute, set_up
from sim.inference import job_of
from sim.job import ErrorReport, Job, JobResult, Run
from sim.run import judge, prepare_bytes
from tests.cosim.random_programs import PROGRAM, SOURCE, TARGET, ProgramMaker
from tests.cosim.test_random_programs import MEMORY_BYTES, REGIONS, run_of
from tests.hw import dma_commands
from tests.microcode.configs import PARAMS
from tests.microcode.device import MicrocodeDevice
from tests.model_builder import ModelBuilder
from tests.networks import random_network

END = Command(Opcode.END, {})
CHIP_SPACES = (Space.SCRATCHPAD, Space.WEIGHTS, Space.TABLES)


class Pair:
    """The firmware and the functional model, with the same memories and regions."""

    def __init__(self, params: Params, regions: dict[int, RegionSetup] = REGIONS):
        self.params = params
        self.model = FunctionalDevice(params, MEMORY_BYTES)
        self.firmware = MicrocodeDevice(params, MEMORY_BYTES)
        self._drivers = [(d, Driver(d, params)) for d in (self.model, self.firmware)]
        job = Job((), regions=regions, memory_bytes=MEMORY_BYTES)
        for device, driver in self._drivers:
            asyncio.run(set_up(job, device, driver))

    def run(self, run: Run) -> ErrorReport | None:
        """On both; they must end alike and leave the same memories."""
        results = [asyncio.run(execute(run, *both)) for both in self._drivers]
        expected, found = results
        assert found.error == expected.error
        assert found.outputs == expected.outputs
        assert self.firmware.memory.tobytes() == bytes(self.model.memory)
        for space in CHIP_SPACES:
            memory = self.model.model.memories.space(space)
            assert np.array_equal(self.firmware.space(space)[: len(memory)], memory), space
        return found.error


def location(n_bytes: int) -> ProgramLocation:
    return ProgramLocation(PROGRAM, 0, n_bytes)


def program_run(code: bytes, n_bytes: int | None = None) -> Run:
    return Run(
        location(len(code) if n_bytes is None else n_bytes),
        writes=((REGIONS[PROGRAM].base, code),),
        may_fail=True,
    )


@pytest.fixture(params=list(PARAMS))
def params(request: pytest.FixtureRequest) -> Params:
    return PARAMS[request.param]


@pytest.fixture
def rng() -> Iterator[random.Random]:
    random.seed(choose_seed())  # dma_commands draws from the module
    return random.Random(random.random())


def test_random_programs(params: Params, rng: random.Random) -> None:
    pair = Pair(params)
    for fault in ("", *ProgramMaker.FAULTS):
        if fault == "absent":
            continue  # asks for a unit that a configuration without a core or one stream lacks
        for kind in (fault, ""):
            program = ProgramMaker(rng, params).program(8, kind)
            error = pair.run(run_of(program))
            assert kind or error is None


def load(**changes: int) -> Command:
    config = {"region": SOURCE, "length": 16, "n1": 1, "n2": 1}
    return Command(Opcode.LOAD, config | changes)


def store(**changes: int) -> Command:
    config = {"region": TARGET, "length": 16, "n1": 1, "n2": 1}
    return Command(Opcode.STORE, config | changes)


def test_units_that_are_absent(params: Params) -> None:
    pair = Pair(params)
    call = Command(Opcode.CORE, {"function": 4, "boot": 1})
    for command in (load(space=Space.IMEM), load(space=Space.DMEM), call):
        error = pair.run(program_run(encode_program([load(), command, END])))
        assert error is not None and error.cause is Cause.ABSENT
    error = pair.run(program_run(encode_program([load(space=Space.TABLES), END])))
    assert (error is None) == params.config.elementwise


def test_transfers_at_any_alignment_and_what_is_wrong_with_them(
    params: Params, rng: random.Random
) -> None:
    size = 6000
    regions = {
        PROGRAM: REGIONS[PROGRAM],
        SOURCE: RegionSetup(0x20000, size),
        TARGET: RegionSetup(0x30000, size, write=True),
    }
    pair = Pair(params, regions)
    chip = {space: bytearray(n) for space, n in dma_commands.chip_sizes(params).items()}
    world = dma_commands.World(chip, [(bytearray(size), True, True)] * 8)
    content = rng.randbytes(size)
    n_good = 0
    for i in range(50):
        opcode = rng.choice([Opcode.LOAD, Opcode.STORE])
        command = dma_commands.random_copy(params, opcode, world, 1000)
        config = {**command.config, "region": SOURCE if opcode is Opcode.LOAD else TARGET}
        command = Command(opcode, config, command.waits)
        if i % 2:
            command = dma_commands.spoil(command)
        run = program_run(encode_program([command, store(ext_offset=1), END]))
        run = Run(run.program, (*run.writes, (regions[SOURCE].base, content)), may_fail=True)
        n_good += pair.run(run) is None
    assert n_good >= 15


def spoil(rng: random.Random, words: list[int], way: int) -> None:
    """Something is wrong with one of three commands of six words each, or nothing."""
    first = 6 * rng.randrange(3)
    match way:
        case 0:
            words[first] ^= 1 << rng.choice([3, 5, 6, 7])  # no opcode
        case 1:
            words[first] += 1 << 8  # one word more than the mask has bits
        case 2:
            words[first] |= 1 << rng.randrange(20, 32)  # a word that there is not
        case 3:
            words[first + 1] = 1 << 16 * rng.randrange(4) + rng.randrange(3)
        case 4:
            words[first + 1] = rng.getrandbits(2) << 16 * rng.choice([0, 3])


def test_programs_that_are_no_programs(params: Params, rng: random.Random) -> None:
    pair = Pair(params)
    # Words that would be left out for being as before are in, so that commands have all four.
    commands = [
        load(int_step2=1, ext_step1=4, ext_offset=4),
        store(int_step2=1, ext_step1=4, int_base=1),
        load(int_step2=2, ext_step1=8, ext_offset=8, length=8),
    ]
    good = encode_program([*commands, END])
    assert len(good) == 8 * (3 * 6 + 2)
    assert pair.run(program_run(good)) is None
    causes = set()
    for i in range(40):
        words = np.frombuffer(good, np.uint64).tolist()
        spoil(rng, words, i % 5)
        code = np.array(words, np.uint64).tobytes()
        n_bytes = len(code) if i < 20 else 8 * rng.randrange(len(words) + 1)
        error = pair.run(program_run(code, n_bytes))
        causes.add(None if error is None else error.cause)
    assert causes >= {Cause.OPCODE, Cause.LENGTH, Cause.WAIT}


def commands_of(n: int) -> bytes:
    """So many loads, of which the first brings all configuration words."""
    return encode_program([load(fill=7) for _ in range(n)] + [END])


@pytest.mark.parametrize("offset", [0, 40])
def test_a_program_that_leaves_its_region_runs_up_to_the_piece_that_does(offset: int) -> None:
    params = PARAMS["tiny_scalar"]
    code = commands_of(40)
    size = 5 * FETCH_BYTES - 8
    base = REGIONS[PROGRAM].base
    regions = {**REGIONS, PROGRAM: RegionSetup(base, size)}
    firmware = MicrocodeDevice(params, MEMORY_BYTES)
    driver = Driver(firmware, params)
    asyncio.run(set_up(Job((), regions=regions), firmware, driver))
    run = Run(
        ProgramLocation(PROGRAM, offset, len(code)),
        writes=((base + offset, code),),
        may_fail=True,
    )
    result = asyncio.run(execute(run, firmware, driver))
    edge = 4 * FETCH_BYTES
    n_before = (edge - offset - 40) // 16 + 1  # the first has three words more
    assert result.error == ErrorReport(Cause.REGION, None, n_before, edge, PROGRAM)
    assert firmware.traced(Engine.LOAD) == (n_before, n_before)


@pytest.mark.parametrize(
    "first_bad,command,engine,region,address",
    [
        (0x1000 + 20, load(), None, PROGRAM, 20),
        (0x20000 + 12, load(ext_offset=5, length=9), Engine.LOAD, SOURCE, 12),
        (0x20000 + 4, load(ext_offset=5, length=9), Engine.LOAD, SOURCE, 5),
        (0x40000 + 8, store(ext_offset=1, length=8), Engine.STORE, TARGET, 8),
        (0x40000, store(ext_offset=3, length=8), Engine.STORE, TARGET, 3),
        (0x40000 + 8, store(ext_offset=4, length=8), Engine.STORE, TARGET, 8),
    ],
)
def test_errors_of_the_bus(
    first_bad: int, command: Command, engine: Engine | None, region: int, address: int
) -> None:
    params = PARAMS["tiny_scalar"]
    firmware = MicrocodeDevice(params, MEMORY_BYTES)
    driver = Driver(firmware, params)
    asyncio.run(set_up(Job((), regions=REGIONS), firmware, driver))
    code = encode_program([command, END])
    firmware.bus_error(first_bad, first_bad)
    result = asyncio.run(execute(program_run(code), firmware, driver))
    assert result.error == ErrorReport(Cause.BUS, engine, 0, address, region)
    if engine is not None:
        assert firmware.traced(engine) == (1, 0)
    firmware.bus_error()
    assert asyncio.run(execute(program_run(code), firmware, driver)).error is None


def test_counters(rng: random.Random) -> None:
    params = PARAMS["tiny_scalar"]
    pair = Pair(params)
    maker = ProgramMaker(rng, params)
    assert pair.run(run_of(maker.program(12))) is None
    firmware = pair.firmware

    def counter(which: Counter) -> int:
        offset = OFFSET[f"COUNTER_{which.name}"]
        return asyncio.run(firmware.read_register(offset))

    assert (counter(Counter.BEATS_READ), counter(Counter.BEATS_WRITTEN)) == firmware.beats
    slots = 0
    for command in maker.commands:
        c = command.config
        if command.opcode is Opcode.ARRAY and c["mode"] != 2:
            slots += c["tile_w"] * c["tile_h"] * c["blocks"] * c["entries"] * c["cb_count"]
    assert counter(Counter.ARRAY_SLOT) == slots
    n_busy = [counter(Counter(Counter.LOAD_BUSY + e)) for e in Engine]
    for engine in Engine:
        n = maker.counts[engine]
        assert firmware.traced(engine) == (n, n)
        assert (n_busy[engine] > 0) == (n > 0)
    assert sum(n_busy) < counter(Counter.TOTAL)


def test_a_soft_reset_forgets_all_registers_but_the_regions() -> None:
    params = PARAMS["tiny_scalar"]
    firmware = MicrocodeDevice(params, MEMORY_BYTES)
    driver = Driver(firmware, params)
    asyncio.run(set_up(Job((), regions=REGIONS), firmware, driver))

    def register(name: str) -> int:
        return asyncio.run(firmware.read_register(OFFSET[name]))

    def write(name: str, value: int) -> None:
        asyncio.run(firmware.write_register(OFFSET[name], value))

    code = encode_program([load(), load(), load(length=0), END])
    asyncio.run(execute(program_run(code), firmware, driver))
    kept = [name for name in OFFSET if name.startswith("REGION") or name in ("ID", "SHAPE")]
    before = {name: register(name) for name in kept}
    forgotten = [name for name in OFFSET if name.startswith(("PROGRAM", "ERROR", "COUNTER"))]
    for request, cause in ((Request.RESET, 0), (Request.RESET | Request.ABORTED, Cause.ABORTED)):
        for name in forgotten:
            firmware.host(name).value = 99
        write("WATCHDOG", 5)
        firmware.reset(request)
        assert register("STATUS") & 3 == State.IDLE
        assert register("ERROR_CAUSE") == cause
        # The sequencer had dispatched all three, the last of which was refused.
        assert register("ERROR_SOURCE") == (SEQUENCER << 16 | 3 if cause else 0)
        assert register("INTERRUPT") == (2 if cause else 0)
        for name in {*forgotten, "WATCHDOG"} - {"ERROR_CAUSE", "ERROR_SOURCE"}:
            assert register(name) == 0, name
    assert {name: register(name) for name in kept} == before


class WithoutSoftmax(ModelBuilder):
    """Softmax wants a core."""

    def softmax(self, x: int, beta: float = 1.0) -> int:
        return x


def test_a_network_equals_its_reference() -> None:
    """Tensors as the compiler lays them out, against TensorFlow Lite Micro."""
    params = PARAMS["tiny_scalar"]
    builder = WithoutSoftmax(7)
    model = builder.build(*random_network(builder, 10))
    prepared = prepare_bytes(model, "network", params.config)
    draw = np.random.default_rng(3).integers
    inputs = [
        [draw(-128, 128, place.shape, np.int8) for place in prepared.program.inputs]
        for _ in range(2)
    ]
    job = job_of(prepared.program, inputs)
    firmware = MicrocodeDevice(params, job.memory_bytes)
    driver = Driver(firmware, params)
    asyncio.run(set_up(job, firmware, driver))
    results = [asyncio.run(execute(run, firmware, driver)) for run in job.runs]
    judged = judge(prepared, inputs, JobResult(results))
    assert judged.bit_exact
