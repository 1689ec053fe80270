"""The driver on the functional model: programs run, errors are explained, devices are checked."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from arch.config import load_config
from arch.decode import ProgramError
from arch.isa import Cause, Command, Engine, Opcode, Space, encode_program
from arch.params import Params
from arch.registers import OFFSET, STATUS, Counter, State
from sim.device import Device, DeviceError, FunctionalDevice
from sim.driver import (
    DeviceMismatch,
    Driver,
    ProgramLocation,
    ProgramTimeout,
    RegionSetup,
)

PARAMS = Params(load_config("tiny"))
BASE = 0x4000_0000
CODE, SOURCE, TARGET = BASE, BASE + 0x1000, BASE + 0x2000
REGIONS = {
    0: RegionSetup(CODE, 0x1000),
    1: RegionSetup(SOURCE, 0x1000),
    2: RegionSetup(TARGET, 0x1000, write=True),
}


def move(opcode: Opcode, region: int, offset: int, length: int, waits=(0, 0, 0, 0)) -> Command:
    config = {
        "ext_offset": offset,
        "region": region,
        "space": Space.SCRATCHPAD,
        "int_base": 64,
        "length": length,
        "n1": 1,
        "n2": 1,
    }
    return Command(opcode, config, waits)


def copy_program(length: int = 256, *, target_region: int = 2, offset: int = 0) -> bytes:
    return encode_program(
        [
            move(Opcode.LOAD, 1, 0, length),
            move(Opcode.STORE, target_region, offset, length, (1, 0, 0, 0)),
            Command(Opcode.END, {}),
        ]
    )


async def prepare(device: Device, program: bytes) -> tuple[Driver, ProgramLocation]:
    driver = Driver(device, PARAMS)
    await driver.identify()
    for index, region in REGIONS.items():
        await driver.set_region(index, region)
    await device.write_memory(CODE + 8, program)
    return driver, ProgramLocation(0, 8, len(program))


def functional() -> FunctionalDevice:
    return FunctionalDevice(PARAMS, 0x3000, BASE)


def test_a_program_copies_memory_and_ends_well():
    async def scenario() -> None:
        device = functional()
        data = random.Random(1).randbytes(256)
        await device.write_memory(SOURCE, data)
        driver, program = await prepare(device, copy_program())
        counters = await driver.run(program, 1000)
        assert set(counters) == set(Counter)
        assert await device.read_memory(TARGET, 256) == data
        assert await driver.status() == (State.DONE, True)

    asyncio.run(scenario())


def test_an_error_is_explained_and_the_next_program_runs():
    async def scenario() -> None:
        device = functional()
        driver, program = await prepare(device, copy_program(target_region=1, offset=16))
        with pytest.raises(ProgramError) as error:
            await driver.run(program, 1000)
        assert str(error.value) == (
            "store engine, command 0: address outside its region, or region without the "
            "permission (region 1, offset 0x10)"
        )
        found = error.value
        assert (found.cause, found.engine, found.address, found.info) == (
            Cause.REGION,
            Engine.STORE,
            16,
            1,
        )
        assert (await driver.status())[0] is State.ERROR
        await driver.soft_reset()
        assert (await driver.status())[0] is State.IDLE
        await device.write_memory(SOURCE, b"good")
        driver, program = await prepare(device, copy_program(4))
        await driver.run(program, 1000)
        assert await device.read_memory(TARGET, 4) == b"good"

    asyncio.run(scenario())


def test_errors_of_the_sequencer_name_it():
    async def scenario() -> None:
        device = functional()
        driver, program = await prepare(device, b"\x77" * 16)
        with pytest.raises(ProgramError, match="^sequencer, command 0: unknown opcode$"):
            await driver.run(program, 1000)

    asyncio.run(scenario())


def test_a_program_outside_its_region_is_refused():
    async def scenario() -> None:
        device = functional()
        driver, _ = await prepare(device, copy_program())
        with pytest.raises(ProgramError, match="region 0, offset 0xff8"):
            await driver.run(ProgramLocation(0, 0xFF8, 16), 1000)

    asyncio.run(scenario())


def test_regions_that_overlap_see_each_others_bytes():
    async def scenario() -> None:
        device = functional()
        # Store to region 2, then load the same bytes through region 1.
        program = encode_program(
            [
                move(Opcode.LOAD, 0, 8, 8),
                move(Opcode.STORE, 2, 0, 8, (1, 0, 0, 0)),
                move(Opcode.LOAD, 1, 0, 8, (1, 0, 0, 1)),
                move(Opcode.STORE, 2, 64, 8, (2, 0, 0, 1)),
                Command(Opcode.END, {}),
            ]
        )
        driver, location = await prepare(device, program)
        await driver.set_region(1, RegionSetup(TARGET, 0x1000))
        await driver.run(location, 1000)
        assert await device.read_memory(TARGET + 64, 8) == program[:8]

    asyncio.run(scenario())


class Overriding(FunctionalDevice):
    """A device on which some registers read as told."""

    def __init__(self, **values: int):
        super().__init__(PARAMS, 0x3000, BASE)
        self.override = {OFFSET[name]: value for name, value in values.items()}

    async def read_register(self, offset: int) -> int:
        return self.override.get(offset, await super().read_register(offset))


@pytest.mark.parametrize(
    "name,value,text",
    [
        ("ID", 0, "ID: 0x00000000, expected 0x54464557; is this a weft accelerator?"),
        ("VERSION", 9, "VERSION: 0x00000009, expected 0x0000000.; generate the Verilog with this"),
        ("DIGEST", 1, "DIGEST: 0x00000001, expected 0x[0-9a-f]{8}; generate the Verilog from this"),
    ],
)
def test_the_wrong_device_is_refused(name, value, text):
    with pytest.raises(DeviceMismatch, match=text):
        asyncio.run(Driver(Overriding(**{name: value}), PARAMS).identify())


class Silent(FunctionalDevice):
    """A device that never interrupts."""

    async def wait_interrupt(self, timeout_cycles: int) -> bool:
        return False


def test_a_program_that_does_not_end_times_out():
    async def scenario() -> None:
        driver, program = await prepare(Silent(PARAMS, 0x3000, BASE), copy_program())
        with pytest.raises(ProgramTimeout, match="no interrupt within 1234 cycles"):
            await driver.run(program, 1234)

    asyncio.run(scenario())


def test_a_device_that_does_not_come_to_rest_is_reported(monkeypatch):
    monkeypatch.setattr("sim.driver.RESET_POLLS", 3)
    device = Overriding(STATUS=STATUS.pack({"state": State.RUNNING, "quiet": 0}))
    with pytest.raises(DeviceError, match="after 3 reads STATUS is still running, not quiet"):
        asyncio.run(Driver(device, PARAMS).soft_reset())


@pytest.mark.parametrize(
    "values,note",
    [
        ({"ERROR_CAUSE": Cause.BUS, "ERROR_ADDRESS": 64, "ERROR_INFO": 2}, "region 2, offset 0x40"),
        ({"ERROR_CAUSE": Cause.RANGE, "ERROR_ADDRESS": 64}, "on-chip address 0x40"),
        ({"ERROR_CAUSE": Cause.CORE_TRAP, "ERROR_ADDRESS": 8, "ERROR_INFO": 2}, "mcause 2, pc 0x8"),
        ({"ERROR_CAUSE": Cause.OP_STATUS, "ERROR_INFO": 7}, "status 7"),
        ({"ERROR_CAUSE": Cause.WATCHDOG, "ERROR_ADDRESS": 16}, "pc 0x10"),
    ],
)
def test_each_cause_says_what_its_registers_mean(values, note):
    async def scenario() -> None:
        state = STATUS.pack({"state": State.ERROR, "quiet": 1})
        device = Overriding(STATUS=state, ERROR_SOURCE=5 | Engine.CORE << 16, **values)
        driver, program = await prepare(device, copy_program())
        with pytest.raises(ProgramError) as error:
            await driver.run(program, 1000)
        text = str(error.value)
        assert text.startswith("core engine, command 5: ") and text.endswith(f" ({note})")

    asyncio.run(scenario())


def test_an_unknown_cause_is_reported_not_crashed_on():
    async def scenario() -> None:
        state = STATUS.pack({"state": State.ERROR, "quiet": 1})
        driver, program = await prepare(Overriding(STATUS=state, ERROR_CAUSE=15), copy_program())
        with pytest.raises(DeviceError, match="cause 15 or engine 0 is unknown"):
            await driver.run(program, 1000)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "index,region,text",
    [
        (8, RegionSetup(0, 64), "region 8: there are 8, from 0"),
        (0, RegionSetup(2, 64), "region 0: base 0x2 is no multiple of 4"),
        (0, RegionSetup(0xFFFF_FFF0, 64), "region 0: base 0xfffffff0 and size 0x40 exceed 32 addr"),
    ],
)
def test_regions_that_the_hardware_lacks_are_refused(index, region, text):
    with pytest.raises(DeviceError, match=text):
        asyncio.run(Driver(functional(), PARAMS).set_region(index, region))


def test_a_misaligned_program_is_refused():
    with pytest.raises(DeviceError, match="offset 4 and size 16 must be multiples of 8 bytes"):
        asyncio.run(Driver(functional(), PARAMS).start(ProgramLocation(0, 4, 16)))


def call(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def test_the_functional_device_refuses_what_the_hardware_refuses():
    device = functional()
    with pytest.raises(DeviceError, match=r"register 0xffc \(no register\): the device refused"):
        call(device.read_register(0xFFC))
    with pytest.raises(DeviceError, match=r"0x000 \(ID, r\): the device refused to write"):
        call(device.write_register(OFFSET["ID"], 1))
    with pytest.raises(DeviceError, match=r"0x010 \(CONTROL, w\): the device refused to read"):
        call(device.read_register(OFFSET["CONTROL"]))
    with pytest.raises(DeviceError, match="outside 0x40000000 to 0x40002fff"):
        call(device.write_memory(BASE + 0x2FFF, b"ab"))
