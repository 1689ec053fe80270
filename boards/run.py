"""Runs a job on a board: the counterpart of sim.simulate for hardware at a serial port."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from arch.params import Params
from arch.registers import State
from boards.device import ANSWER_SECONDS, DEFAULT_BAUD, BoardDevice, LinkError
from sim.driver import Driver, ProgramTimeout
from sim.execute import execute, set_up
from sim.inference import job_of
from sim.job import Job, JobResult
from sim.run import Arrays, ModelRun, Prepared, judge

OnStage = Callable[[str], None]


def run_model(
    prepared: Prepared,
    inputs: Sequence[Arrays],
    board: str,
    port: str,
    tell: OnStage = print,
    baud: int = DEFAULT_BAUD,
    answer_seconds: float = ANSWER_SECONDS,
    watchdog_cycles: int = 0,
) -> ModelRun:
    """Run a model on a board and compare every output with the reference; see run_on_board."""
    job = job_of(prepared.program, inputs, watchdog_cycles=watchdog_cycles)
    device = BoardDevice(port, baud, answer_seconds)
    try:
        result = run_on_board(device, prepared.params, job, board, tell)
    finally:
        device.close()
    return judge(prepared, inputs, result)


def run_on_board(
    device: BoardDevice, params: Params, job: Job, board: str | None = None, tell: OnStage = print
) -> JobResult:
    """Run a job on a board and return what it gave; the bus settings do not apply.

    Raises :class:`LinkError` when it is another board than ``board`` or its memory is too small,
    :class:`sim.driver.DeviceMismatch` when it holds another accelerator, and what
    :class:`sim.driver.Driver` raises; the device has been reset then, unless the link is broken.
    """
    info = device.info
    if board is not None and info.board != board:
        raise LinkError(
            f"{device.port}: the board there is {info.board}, not {board}; "
            f"use --board {info.board}, or another --port"
        )
    # The default of a job is what a simulation has; a board needs what the job touches.
    needed = max(region.base + region.size for region in job.regions.values())
    if needed > info.memory_bytes:
        raise LinkError(
            f"{info.board}: the model needs {needed:,} bytes of external memory and the board has "
            f"{info.memory_bytes:,}; use a board with more, or a smaller model"
        )
    return asyncio.run(_run(device, Driver(device, params), job, tell))


async def _run(device: BoardDevice, driver: Driver, job: Job, tell: OnStage) -> JobResult:
    started = time.monotonic()
    await driver.identify()
    state, _ = await driver.status()
    if state is not State.IDLE:  # left so by whoever used the board before
        await driver.soft_reset()
    tell("loading the program")
    await set_up(job, device, driver)
    result = JobResult([])
    for run in job.runs:
        tell("running")
        try:
            result.runs.append(await execute(run, device, driver))
        except ProgramTimeout:
            await driver.soft_reset()
            raise
    result.seconds = time.monotonic() - started
    return result
