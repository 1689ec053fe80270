"""Random programs on the Verilog equal the functional model, whatever the bus does."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from arch.config import load_config
from arch.isa import Engine
from arch.params import Params
from sim.blocks import choose_seed
from sim.driver import ProgramLocation, RegionSetup
from sim.functional import run_job
from sim.job import BusSettings, Job, Run
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
        timeout_cycles=2_000_000,
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
@pytest.mark.parametrize("config", ["tiny", "small"])
def test_random_programs_equal_the_functional_model(config: str) -> None:
    params = Params(load_config(config))
    seed = choose_seed()
    rng = random.Random(seed)
    compare(params, [ProgramMaker(rng, params).program(24) for _ in range(24)], seed)


@pytest.mark.regress("faults")
@pytest.mark.parametrize("config", ["tiny", "small"])
def test_every_fault_is_reported_and_the_next_good_program_runs(config: str) -> None:
    params = Params(load_config(config))
    seed = choose_seed()
    rng = random.Random(seed)
    programs = []
    for fault in ProgramMaker.FAULTS * 2:
        programs.append(ProgramMaker(rng, params).program(12, fault))
        programs.append(ProgramMaker(rng, params).program(6))
    compare(params, programs, seed)


@pytest.mark.regress("bus_errors")
@pytest.mark.parametrize("config", ["tiny", "small"])
def test_bus_errors_are_reported_and_the_next_good_program_runs(config: str) -> None:
    """Of the fetch, of a load and of a store: memory answers SLVERR somewhere in their bytes."""
    params = Params(load_config(config))
    seed = choose_seed()
    rng = random.Random(seed)
    runs: list[Run] = []
    expected: list[Expected] = []
    for engine, region, size in (
        (None, PROGRAM, 0),
        (Engine.LOAD, SOURCE, params.weight_memory_bytes),
        (Engine.STORE, TARGET, SPAN),
    ) * 2:
        program = ProgramMaker(rng, params).program(12)
        offset = rng.randrange(size or len(program.code)) // params.axi_bytes * params.axi_bytes
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
        good = run_of(ProgramMaker(rng, params).program(12))
        runs.append(good)
        job = Job((good,), regions=REGIONS, memory_bytes=MEMORY_BYTES)
        expected += run_job(params, job).runs
    job = Job(tuple(runs), regions=REGIONS, memory_bytes=MEMORY_BYTES)
    run_workload(Workload(params, job, tuple(expected)), seed)
