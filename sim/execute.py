"""Runs jobs on any device: the functional model, the Verilog, whatever implements Device."""

from __future__ import annotations

from arch.decode import ProgramError
from sim.device import Device
from sim.driver import Driver
from sim.job import ErrorReport, Job, Run, RunResult


async def set_up(job: Job, device: Device, driver: Driver) -> None:
    """Check that the device is the right one; memory and regions as they are at the start."""
    await driver.identify()
    for address, data in job.image:
        await device.write_memory(address, data)
    for index, region in job.regions.items():
        await driver.set_region(index, region)


async def execute(run: Run, device: Device, driver: Driver) -> RunResult:
    """One run of a job, but for its settings of the bus.

    Raises :class:`ProgramError` for a program that the device stops and that may not fail.
    """
    for address, data in run.writes:
        await device.write_memory(address, data)
    for index, region in run.regions.items():
        await driver.set_region(index, region)
    try:
        counters = await driver.run(run.program, run.timeout_cycles, run.watchdog_cycles)
    except ProgramError as error:
        if not run.may_fail:
            raise
        counters = await driver.counters()
        await driver.soft_reset()
        return RunResult((), counters, ErrorReport.of(error))
    outputs = [await device.read_memory(address, n_bytes) for address, n_bytes in run.reads]
    return RunResult(tuple(outputs), counters)
