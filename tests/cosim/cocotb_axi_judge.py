"""cocotb: the whole accelerator between the memory and the manager of cocotbext-axi."""

from __future__ import annotations

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, First, RisingEdge, Timer
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiRam, AxiResp

from sim.build import CLOCK_PERIOD_NS
from sim.device import refused
from sim.driver import Driver
from sim.execute import execute, set_up
from tests.cosim.workload import saved_workload
from tests.hw.bench import pauses


class JudgedDevice:
    """Implements sim.device.Device; an assertion of cocotbext-axi fails the test.

    ``pause`` is the probability that a channel pauses, for each of them by itself.
    """

    def __init__(self, dut, memory_bytes: int, pause: float):
        self.dut = dut
        self.lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        self.ram = AxiRam(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, size=memory_bytes)
        for side in (self.lite, self.ram):
            for interface in (side.read_if, side.write_if):
                interface.log.setLevel("WARNING")
                for channel in vars(interface).values():
                    if hasattr(channel, "set_pause_generator"):
                        channel.log.setLevel("WARNING")
                        if pause:
                            channel.set_pause_generator(pauses(pause))

    async def reset(self) -> None:
        self.dut.rst.value = 1
        Clock(self.dut.clk, CLOCK_PERIOD_NS, unit="ns").start()
        await ClockCycles(self.dut.clk, 4)
        self.dut.rst.value = 0
        await ClockCycles(self.dut.clk, 1)

    async def read_register(self, offset: int) -> int:
        answer = await self.lite.read(offset, 4)
        if answer.resp != AxiResp.OKAY:
            raise refused(offset, "read")
        return int.from_bytes(answer.data, "little")

    async def write_register(self, offset: int, value: int) -> None:
        answer = await self.lite.write(offset, value.to_bytes(4, "little"))
        if answer.resp != AxiResp.OKAY:
            raise refused(offset, "write")

    async def write_memory(self, address: int, data: bytes) -> None:
        self.ram.write(address, data)

    async def read_memory(self, address: int, n_bytes: int) -> bytes:
        return bytes(self.ram.read(address, n_bytes))

    async def wait_interrupt(self, timeout_cycles: int) -> bool:
        if not int(self.dut.interrupt.value):
            limit = Timer(timeout_cycles * CLOCK_PERIOD_NS, "ns")
            await First(RisingEdge(self.dut.interrupt), limit)
        return bool(int(self.dut.interrupt.value))


@cocotb.test()
@cocotb.parametrize(back_pressure=[False, True])
async def the_independent_buses_agree(dut, back_pressure):
    workload = saved_workload()
    job = workload.job
    device = JudgedDevice(dut, job.memory_bytes, random.uniform(0.1, 0.5) if back_pressure else 0)
    driver = Driver(device, workload.params)
    await device.reset()
    await set_up(job, device, driver)
    for index, run in enumerate(job.runs):
        workload.check(index, await execute(run, device, driver))
