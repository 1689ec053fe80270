"""The accelerator in a running simulation of bench/npu_bench.v, as a Device; used under cocotb."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cocotb.triggers import First, RisingEdge, Timer, ValueChange

from sim.build import CLOCK_PERIOD_NS
from sim.device import DeviceError, outside_memory, refused
from sim.job import BusSettings

ANSWER_CYCLES = 10_000  # a register access that takes longer has failed
RESET_CYCLES = 4
REPORT_SECONDS = 0.25

OnWait = Callable[[], None]


class VerilogDevice:
    """Implements Device on the bench's signals; no Python runs while the accelerator works.

    Parameters
    ----------
    dut : cocotb's handle of npu_bench.
    on_wait : called a few times a second while the device waits for an interrupt.
    """

    def __init__(self, dut: Any, on_wait: OnWait | None = None):
        self._dut = dut
        self._on_wait = on_wait
        self._memory_base = self._memory_bytes = 0

    async def reset(self, memory_bytes: int, memory_base: int, bus: BusSettings) -> None:
        """Hardware reset; memory keeps its bytes."""
        dut = self._dut
        self._memory_base, self._memory_bytes = memory_base, memory_bytes
        dut.rst.value = 1
        dut.memory_base.value = memory_base
        dut.memory_bytes.value = memory_bytes
        await self.configure(bus)
        await _cycles(RESET_CYCLES)
        dut.rst.value = 0
        await _cycles(1)

    async def configure(self, bus: BusSettings) -> None:
        """Change how memory behaves; only while no transaction is outstanding."""
        dut = self._dut
        for name, value in bus.signals().items():
            getattr(dut, name).value = value
        dut.reseed.value = 1
        await _cycles(2)
        dut.reseed.value = 0
        await _cycles(1)

    @property
    def cycle(self) -> int:
        """Cycles since the simulation began."""
        return int(self._dut.cycle.value)

    @property
    def n_completed(self) -> int:
        """Commands that all engines have completed since the simulation began."""
        return int(self._dut.n_completed.value)

    def check_bus(self) -> None:
        """Raise DeviceError when the accelerator has broken a rule of AXI."""
        if int(self._dut.protocol_error.value):
            raise DeviceError("bus: the accelerator broke a rule of AXI")

    # ---- Device ------------------------------------------------------------------------------
    async def read_register(self, offset: int) -> int:
        await self._access(offset, 0, write=False)
        return int(self._dut.register_rdata.value)

    async def write_register(self, offset: int, value: int) -> None:
        await self._access(offset, value, write=True)

    async def write_memory(self, address: int, data: bytes) -> None:
        Path("load.bin").write_bytes(data)
        await self._move(address, len(data), dump=False)

    async def read_memory(self, address: int, n_bytes: int) -> bytes:
        await self._move(address, n_bytes, dump=True)
        return Path("dump.bin").read_bytes()

    async def wait_interrupt(self, timeout_cycles: int) -> bool:
        left, chunk = timeout_cycles, 10_000
        while not int(self._dut.irq.value):
            self.check_bus()
            if left <= 0:
                return False
            step, started = min(chunk, left), time.monotonic()
            await First(RisingEdge(self._dut.irq), Timer(step * CLOCK_PERIOD_NS, "ns"))
            left -= step
            seconds = time.monotonic() - started
            if seconds < REPORT_SECONDS / 2:
                chunk *= 2
            elif seconds > REPORT_SECONDS * 2:
                chunk = max(1, chunk // 2)
            if self._on_wait is not None:
                self._on_wait()
        self.check_bus()
        return True

    # ---- behind it ---------------------------------------------------------------------------
    async def _access(self, offset: int, value: int, *, write: bool) -> None:
        dut = self._dut
        dut.register_address.value = offset
        dut.register_wdata.value = value
        dut.register_write.value = int(write)
        await self._request(dut.register_request, dut.register_done, f"register 0x{offset:03x}")
        if int(dut.register_resp.value):
            raise refused(offset, "write" if write else "read")

    async def _move(self, address: int, n_bytes: int, *, dump: bool) -> None:
        offset = address - self._memory_base
        if offset < 0 or offset + n_bytes > self._memory_bytes:
            raise outside_memory(address, n_bytes, self._memory_base, self._memory_bytes)
        dut = self._dut
        dut.memory_address.value = address
        dut.memory_count.value = n_bytes
        dut.memory_dump.value = int(dump)
        await self._request(dut.memory_request, dut.memory_done, f"memory 0x{address:x}")
        if int(dut.memory_failed.value):
            raise DeviceError(f"memory 0x{address:x}: the simulator could not move {n_bytes} bytes")

    async def _request(self, request: Any, done: Any, what: str) -> None:
        """Change ``request`` and wait until ``done`` follows."""
        wanted = 1 - int(done.value)
        request.value = wanted
        await First(ValueChange(done), Timer(ANSWER_CYCLES * CLOCK_PERIOD_NS, "ns"))
        await Timer(1, "ns")  # what changed at the same clock edge may not be visible before
        if int(done.value) != wanted:
            raise DeviceError(f"{what}: no answer within {ANSWER_CYCLES} cycles")


async def _cycles(n: int) -> None:
    await Timer(n * CLOCK_PERIOD_NS, "ns")
