"""cocotb: the whole accelerator in sim/bench runs a workload, whatever the bus does."""

from __future__ import annotations

import random

import cocotb

from sim.cocotb_device import VerilogDevice
from sim.driver import Driver
from sim.execute import execute, set_up
from sim.job import BusSettings
from tests.cosim.workload import random_bus, saved_workload


async def _run(dut, choose_bus) -> None:
    workload = saved_workload()
    job = workload.job
    device = VerilogDevice(dut)
    driver = Driver(device, workload.params)
    await device.reset(job.memory_bytes, job.memory_base, job.bus)
    await set_up(job, device, driver)
    for index, run in enumerate(job.runs):
        await device.configure(run.bus or choose_bus())
        workload.check(index, await execute(run, device, driver))
        device.check_bus()


@cocotb.test()
async def on_a_steady_bus(dut):
    await _run(dut, BusSettings)


@cocotb.test()
async def under_random_stalls(dut):
    await _run(dut, lambda: random_bus(random.Random(random.getrandbits(32))))
