"""Random programs on the Verilog equal the functional model, whatever the bus does."""

from __future__ import annotations

import asyncio
import random

import pytest

from arch.config import load_config
from arch.decode import ProgramError
from arch.params import Params
from sim.blocks import choose_seed
from sim.device import FunctionalDevice
from sim.driver import Driver, ProgramLocation, RegionSetup
from sim.hardware import verilog_path
from sim.job import BusSettings, ErrorReport, Job, Run
from sim.simulate import simulate
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

MEMORY_BYTES = 1 << 20
REGIONS = {
    PROGRAM: RegionSetup(0x01000, 0x10000),
    SOURCE: RegionSetup(0x20000, SOURCE_BYTES),
    TARGET: RegionSetup(0x40000, TARGET_BYTES, write=True),
    ARENA: RegionSetup(0x60000, ARENA_BYTES, write=True),
}


def bus_settings(rng: random.Random) -> BusSettings:
    """From a perfect memory to one that stalls and reorders."""
    disorder = rng.random() < 0.5
    return BusSettings(
        read_latency_cycles=rng.randrange(2, 80),
        write_latency_cycles=rng.randrange(2, 80),
        read_bytes_per_cycle=rng.choice([1, 2.5, 8, 8]),
        stall_probability=rng.choice([0, 0.1, 0.4]),
        out_of_order=disorder,
        interleave=disorder,
        seed=rng.randrange(1 << 30),
    )


def on_model(params: Params, program: RandomProgram) -> bytes | ErrorReport:
    """What the functional model makes of a program."""

    async def run() -> bytes | ErrorReport:
        device = FunctionalDevice(params, MEMORY_BYTES)
        driver = Driver(device, params)
        await driver.identify()
        for index, region in REGIONS.items():
            await driver.set_region(index, region)
        await device.write_memory(REGIONS[PROGRAM].base, program.code)
        await device.write_memory(REGIONS[SOURCE].base, program.source)
        try:
            await driver.run(ProgramLocation(PROGRAM, 0, len(program.code)), 1)
        except ProgramError as error:
            return ErrorReport.of(error)
        return await device.read_memory(REGIONS[TARGET].base, TARGET_BYTES)

    return asyncio.run(run())


def run_of(program: RandomProgram, bus: BusSettings) -> Run:
    target, arena = REGIONS[TARGET], REGIONS[ARENA]
    return Run(
        ProgramLocation(PROGRAM, 0, len(program.code)),
        writes=(
            (REGIONS[PROGRAM].base, program.code),
            (REGIONS[SOURCE].base, program.source),
            (target.base, bytes(target.size)),
            (arena.base, bytes(arena.size)),
        ),
        reads=((target.base, target.size),),
        timeout_cycles=2_000_000,
        bus=bus,
        may_fail=True,
    )


def compare(params: Params, programs: list[RandomProgram], rng: random.Random) -> None:
    """Run programs one after the other on one device; each must do what the model does."""
    runs = tuple(run_of(program, bus_settings(rng)) for program in programs)
    job = Job(runs, regions=REGIONS, memory_bytes=MEMORY_BYTES)
    result = simulate(verilog_path(params), params, job)
    for i, (program, one) in enumerate(zip(programs, result.runs, strict=True)):
        expected = on_model(params, program)
        what = f"program {i} (fault: {program.fault or 'none'})"
        if isinstance(expected, ErrorReport):
            assert one.error == expected, what
        else:
            assert one.error is None, f"{what}: {one.error and one.error.exception()}"
            assert one.outputs[0][:SPAN] == expected[:SPAN], f"{what}: scratchpad differs"
            assert one.outputs[0] == expected, f"{what}: stored bytes differ"


@pytest.mark.parametrize("config", ["tiny", "small"])
def test_random_programs_equal_the_functional_model(config: str) -> None:
    params = Params(load_config(config))
    seed = choose_seed()
    print(f"seed {seed} (repeat with WEFT_SEED={seed})")
    rng = random.Random(seed)
    programs = [ProgramMaker(rng, params).program(24) for _ in range(24)]
    compare(params, programs, rng)


@pytest.mark.parametrize("config", ["tiny", "small"])
def test_every_fault_is_reported_and_the_next_good_program_runs(config: str) -> None:
    params = Params(load_config(config))
    seed = choose_seed()
    print(f"seed {seed} (repeat with WEFT_SEED={seed})")
    rng = random.Random(seed)
    programs = []
    for fault in ProgramMaker.FAULTS * 2:
        programs.append(ProgramMaker(rng, params).program(12, fault))
        programs.append(ProgramMaker(rng, params).program(6))
    compare(params, programs, rng)
