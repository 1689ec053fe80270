"""A cocotb test on the bench with the stand-in accelerator."""

from __future__ import annotations

import cocotb

from arch.registers import State
from sim.cocotb_device import VerilogDevice
from sim.driver import Driver, ProgramLocation, RegionSetup
from sim.job import BusSettings
from tests.sim import stub


@cocotb.test()
async def a_soft_reset_stops_a_program(dut):
    device = VerilogDevice(dut)
    driver = Driver(device, stub.PARAMS)
    await device.reset(1 << 20, 0, BusSettings())
    await driver.identify()
    await driver.set_region(0, RegionSetup(0, 4096))
    await device.write_memory(0, stub.program(stub.HANG))
    await driver.start(ProgramLocation(0, 0, 8))
    assert not await device.wait_interrupt(100)
    assert (await driver.status())[0] is State.RUNNING
    await driver.soft_reset()
    await device.write_memory(0, stub.program(stub.END))
    await driver.run(ProgramLocation(0, 0, 8), 1000)
    assert (await driver.status())[0] is State.DONE
