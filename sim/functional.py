"""Runs jobs on the functional model: the same results as the Verilog's, without cycles."""

from __future__ import annotations

import asyncio

from arch.params import Params
from sim.device import FunctionalDevice
from sim.driver import Driver
from sim.execute import execute, set_up
from sim.job import Job, JobResult
from sim.model import CoreCall


def run_job(params: Params, job: Job, core_call: CoreCall | None = None) -> JobResult:
    """Run a job; settings of the bus, time limits and events mean nothing here.

    ``core_call`` is what CORE commands run; see :class:`sim.model.FunctionalModel`.

    Raises :class:`ProgramError` for a program that the device stops and that may not fail.
    """

    async def run() -> JobResult:
        device = FunctionalDevice(params, job.memory_bytes, job.memory_base, core_call)
        driver = Driver(device, params)
        await set_up(job, device, driver)
        return JobResult([await execute(run, device, driver) for run in job.runs])

    return asyncio.run(run())
