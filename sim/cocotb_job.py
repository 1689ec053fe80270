"""The cocotb test that runs a job: reads job.pickle, writes results.pickle and progress lines."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cocotb

from arch.decode import ProgramError
from arch.errors import WeftError
from arch.params import Params
from sim.cocotb_device import VerilogDevice
from sim.cocotb_names import JOB_FILE, PROGRESS_VARIABLE, RESULT_FILE
from sim.driver import Driver
from sim.execute import execute, set_up
from sim.job import ErrorReport, Job, JobResult, Progress


class _Reporter:
    """Writes where the simulation stands to the pipe of the calling process."""

    def __init__(self, n_runs: int):
        self._n_runs = n_runs
        self._file = int(os.environ[PROGRESS_VARIABLE])
        self.device: VerilogDevice | None = None
        self.run = self.first_cycle = self.first_command = 0

    def begin(self, run: int, device: VerilogDevice) -> None:
        self.run, self.device = run, device
        self.first_cycle, self.first_command = device.cycle, device.n_completed
        self()

    def __call__(self) -> None:
        assert self.device is not None
        cycle = self.device.cycle
        progress = Progress(
            self.run,
            self._n_runs,
            cycle,
            cycle - self.first_cycle,
            self.device.n_completed - self.first_command,
        )
        os.write(self._file, (json.dumps(asdict(progress)) + "\n").encode())


async def _run_job(dut: Any, job: Job, params: Params, result: JobResult) -> None:
    reporter = _Reporter(len(job.runs))
    device = VerilogDevice(dut, reporter)
    driver = Driver(device, params)
    await device.reset(job.memory_bytes, job.memory_base, job.bus)
    await set_up(job, device, driver)
    for index, run in enumerate(job.runs):
        reporter.begin(index, device)
        if run.bus is not None:
            await device.configure(run.bus)
        result.runs.append(await execute(run, device, driver))
    result.cycles = device.cycle


@cocotb.test()
async def run_job(dut: Any) -> None:
    job, params = pickle.loads(Path(JOB_FILE).read_bytes())
    result = JobResult([])
    failure: WeftError | ErrorReport | None = None
    try:
        await _run_job(dut, job, params, result)
    except ProgramError as error:
        failure = ErrorReport.of(error)
    except WeftError as error:
        failure = error
    Path(RESULT_FILE).write_bytes(pickle.dumps((result, failure)))
