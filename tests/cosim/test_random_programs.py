"""Random programs on the Verilog equal the functional model, whatever the bus does."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from arch.isa import Engine
from arch.params import Params
from sim.blocks import choose_seed
from sim.driver import ProgramLocation, RegionSetup
from sim.functional import run_job
from sim.job import BusSettings, Job, Run
from tests.configs import SCALAR, config
from tests.cosim.random_programs import (
    ARENA,
    ARENA_BYTES,
    PROGRAM,
    SOURCE,
    SOURCE_BYTES,
    SPAN,
    TARGET,
    TARGET_BYTES,
    ProgramMaker,
    RandomProgram,
)
from tests.cosim.workload import BusFault, Expected, Workload, run_workload

NAMES = ("tiny", "small", SCALAR)
MEMORY_BYTES = 1 << 20
REGIONS = {
    PROGRAM: RegionSetup(0x01000, 0x10000),
    SOURCE: RegionSetup(0x20000, SOURCE_BYTES),
    TARGET: RegionSetup(0x40000, TARGET_BYTES, write=True),
    ARENA: RegionSetup(0x60000, ARENA_BYTES, write=True),
}


def run_of(program: RandomProgram) -> Run:
    target, arena = REGIONS[TARGET], REGIONS[ARENA]
    return Run(
        ProgramLocation(PROGRAM, 0, len(program.code)),
        writes=(
            (REGIONS[PROGRAM].base, program.code),
            (REGIONS[SOURCE].base, program.source),
            (target.base, bytes(target.size)),
            (arena.base, bytes(arena.size)),
        ),
        reads=((target.base, SPAN), (target.base, target.size)),
        timeout_cycles=8_000_000,
        may_fail=True,
    )


def compare(params: Params, programs: list[RandomProgram], seed: int) -> None:
    """Run programs one after the other on one device; each must do what the model does."""
    runs = tuple(run_of(program) for program in programs)
    job = Job(runs, regions=REGIONS, memory_bytes=MEMORY_BYTES)
    expected = tuple(run_job(params, job).runs)
    for i, (program, result) in enumerate(zip(programs, expected, strict=True)):
        print(f"run {i}: {program.fault or 'good'}; {result.error or 'no error'}")
    run_workload(Workload(params, job, expected), seed)


@pytest.mark.regress("random_programs")
@pytest.mark.parametrize(
    ("name", "n_programs", "n_commands"),
    [("tiny", 24, 24), ("small", 24, 24), (SCALAR, 1, 12)],
    ids=NAMES,
)
def test_random_programs_equal_the_functional_model(
    name: str, n_programs: int, n_commands: int
) -> None:
    """A program takes a million cycles on the scalar datapath; tests/microcode has more of them."""
    params = Params(config(name))
    seed = choose_seed()
    rng = random.Random(seed)
    programs = [ProgramMaker(rng, params).program(n_commands) for _ in range(n_programs)]
    compare(params, programs, seed)


@pytest.mark.regress("faults")
@pytest.mark.parametrize("name", NAMES)
def test_every_fault_is_reported_and_the_next_good_program_runs(name: str) -> None:
    params = Params(config(name))
    seed = choose_seed()
    rng = random.Random(seed)
    faults, n_bad, n_good = ProgramMaker.FAULTS * 2, 12, 6
    if name == SCALAR:  # to which programs seem long; some of them
        faults, n_bad, n_good = tuple(rng.sample(ProgramMaker.FAULTS, 2)), 2, 1
    programs = []
    for fault in faults:
        programs.append(ProgramMaker(rng, params).program(n_bad, fault))
        programs.append(ProgramMaker(rng, params).program(n_good))
    compare(params, programs, seed)


@pytest.mark.regress("bus_errors")
@pytest.mark.parametrize(
    ("name", "repeats", "n_commands"),
    [("tiny", 2, 12), ("small", 2, 12), (SCALAR, 1, 1)],
    ids=NAMES,
)
def test_bus_errors_are_reported_and_the_next_good_program_runs(
    name: str, repeats: int, n_commands: int
) -> None:
    """Of the fetch, of a load and of a store: memory answers SLVERR somewhere in their bytes."""
    params = Params(config(name))
    seed = choose_seed()
    rng = random.Random(seed)
    runs: list[Run] = []
    expected: list[Expected] = []
    for engine, region in (
        (None, PROGRAM),
        (Engine.LOAD, SOURCE),
        (Engine.STORE, TARGET),
    ) * repeats:
        program = ProgramMaker(rng, params).program(n_commands)
        size = {PROGRAM: len(program.code), SOURCE: program.weight_bytes, TARGET: SPAN}[region]
        offset = rng.randrange(size) // params.axi_bytes * params.axi_bytes
        faulty = BusSettings(
            read_latency_cycles=rng.randrange(2, 80),
            stall_probability=rng.choice([0, 0.3]),
            seed=seed,
            error_base=REGIONS[region].base + offset,
            error_bytes=params.axi_bytes,
        )
        burst = params.config.dma_burst_beats * params.axi_bytes
        runs.append(replace(run_of(program), bus=faulty))
        expected.append(BusFault(engine, region, max(0, offset - burst + 1), offset))
        if name == SCALAR and engine is not Engine.STORE:
            continue
        good = run_of(ProgramMaker(rng, params).program(n_commands))
        runs.append(good)
        job = Job((good,), regions=REGIONS, memory_bytes=MEMORY_BYTES)
        expected += run_job(params, job).runs
    job = Job(tuple(runs), regions=REGIONS, memory_bytes=MEMORY_BYTES)
    run_workload(Workload(params, job, tuple(expected)), seed)
