"""A whole board, link and memory included, in Verilator behind a pseudo-terminal."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from arch.config import load_config
from arch.params import Params
from arch.registers import Counter
from boards.device import BoardDevice, LinkError
from boards.gateware.sdram import TIMING, make_sdram
from boards.gateware.sdram_chip import SdramChip
from boards.gateware.top import BoardTop, LinkSettings
from boards.run import run_model, run_on_board
from boards.simulation import build_board, running_board, sdram_surroundings
from sim.blocks import choose_seed
from sim.build import Simulation
from sim.device import DeviceError
from sim.driver import DeviceMismatch, Driver
from sim.inference import job_of
from sim.reference import random_inputs
from sim.run import Prepared, prepare, prepare_bytes
from tests.mlperf import mlperf_model
from tests.model_builder import ModelBuilder
from tests.networks import random_network

CYCLES_PER_BIT = 8  # a board has 20 to 75; here every cycle costs time
GAP_BITS = 2000
ANSWER_SECONDS = 20.0  # the simulation may be slow
MOST_OFF = 0.01
MEMORY_BYTES = SdramChip().n_bytes
CLOCK_HZ = 70_000_000
CONFIG = load_config("tiny")
CHIP = sdram_surroundings(CLOCK_HZ)


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    settings = LinkSettings("bench", CLOCK_HZ, CYCLES_PER_BIT, GAP_BITS)
    top = BoardTop(Params(CONFIG), settings, MEMORY_BYTES, make_sdram)
    return build_board(top, CHIP)


@pytest.fixture
def device(simulation: Simulation) -> Iterator[BoardDevice]:
    with running_board(simulation, CHIP, CYCLES_PER_BIT) as port:
        device = BoardDevice(port, answer_seconds=ANSWER_SECONDS)
        yield device
        device.close()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    builder = ModelBuilder(4)
    outputs = random_network(builder, 5)
    path = tmp_path_factory.mktemp("model") / "network.tflite"
    path.write_bytes(builder.build(*outputs))
    return prepare(path, CONFIG)


def test_a_model_runs_on_the_board_as_in_the_reference(simulation, model):
    """The unchanged host program, from the serial port to the comparison; twice."""
    seed = choose_seed()
    print(f"seed {seed}")
    inputs = [random_inputs(model.graph, seed), random_inputs(model.graph, seed + 1)]
    with running_board(simulation, CHIP, CYCLES_PER_BIT) as port:
        run = run_model(model, inputs, "bench", port, answer_seconds=ANSWER_SECONDS)
    assert run.bit_exact, [outcome.mismatch for outcome in run.outcomes]
    assert len(run.outcomes) == 2
    counters = run.outcomes[0].result.counters
    assert counters[Counter.TOTAL] > counters[Counter.ARRAY_BUSY] > 0


def test_keywords_take_the_cycles_that_are_predicted_for_the_sdram(simulation):
    model = prepare_bytes(mlperf_model("kws"), "kws", CONFIG, memory=TIMING)
    seed = choose_seed()
    print(f"seed {seed}")
    inputs = random_inputs(model.graph, seed)
    with running_board(simulation, CHIP, CYCLES_PER_BIT) as port:
        run = run_model(model, [inputs], "bench", port, answer_seconds=ANSWER_SECONDS)
    assert run.bit_exact, run.outcomes[0].mismatch
    cycles = run.outcomes[0].result.counters[Counter.TOTAL]
    assert abs(model.program.predicted_cycles / cycles - 1) < MOST_OFF, cycles


def test_a_noisy_line_costs_repetitions_and_nothing_else(simulation, model):
    seed = choose_seed()
    print(f"seed {seed}")
    inputs = random_inputs(model.graph, seed)
    with running_board(simulation, CHIP, CYCLES_PER_BIT, damage_one_in=3000, seed=seed) as port:
        device = BoardDevice(port, answer_seconds=5)
        result = run_on_board(device, model.params, job_of(model.program, [inputs]))
        statistics = device.statistics
    assert statistics.damaged + statistics.timeouts > 0, "the line was not noisy enough to tell"
    expected = model.reference.run(inputs)
    ours = [bytes(data) for data in result.runs[0].outputs]
    assert ours == [array.tobytes() for array in expected]


def test_memory_takes_bytes_at_any_address(device):
    seed = choose_seed()
    print(f"seed {seed}")
    rng = random.Random(seed)
    mirror = bytearray(2048)

    async def check() -> None:
        await device.write_memory(0, bytes(2048))
        for _ in range(12):
            address, n_bytes = rng.randrange(1000), rng.randrange(1, 600)
            data = rng.randbytes(n_bytes)
            mirror[address : address + n_bytes] = data
            await device.write_memory(address, data)
            address, n_bytes = rng.randrange(1000), rng.randrange(1, 600)
            assert await device.read_memory(address, n_bytes) == mirror[address:][:n_bytes]
        with pytest.raises(DeviceError, match="outside 0x0 to 0x1ffffff; give the device more"):
            await device.write_memory(MEMORY_BYTES - 3, b"1234")
        with pytest.raises(DeviceError, match="refused to write"):
            await device.write_register(0, 1)
        with pytest.raises(DeviceError, match="refused to read"):
            await device.read_register(0x10)

    asyncio.run(check())


def test_the_interrupt_is_awaited_in_cycles_of_the_board(device):
    assert asyncio.run(device.wait_interrupt(20_000)) is False


def test_another_board_another_accelerator_and_too_little_memory_are_told(device, model):
    inputs = random_inputs(model.graph, 1)
    job = job_of(model.program, [inputs])
    with pytest.raises(LinkError, match="the board there is bench, not ulx3s; use --board bench"):
        run_on_board(device, model.params, job, "ulx3s")
    with pytest.raises(DeviceMismatch, match="generate the Verilog from this configuration"):
        run_on_board(device, Params(load_config("small")), job, "bench")
    device.info = type(device.info)("bench", device.info.clock_hz, 4096)
    with pytest.raises(LinkError, match="bytes of external memory and the board has 4,096"):
        run_on_board(device, model.params, job, "bench")


def test_a_host_that_dies_in_a_frame_leaves_the_board_usable(simulation, model):
    inputs = random_inputs(model.graph, 2)
    with running_board(simulation, CHIP, CYCLES_PER_BIT) as port:
        device = BoardDevice(port, answer_seconds=ANSWER_SECONDS)
        job = job_of(model.program, [inputs])
        asyncio.run(_start_and_leave(device, model, job))
        os.write(device._serial.fileno(), b"\x5a\x05\x01\x40")  # and half a frame
        device.close()
        run = run_model(model, [inputs], "bench", port, answer_seconds=ANSWER_SECONDS)
    assert run.bit_exact


async def _start_and_leave(device: BoardDevice, model: Prepared, job) -> None:
    driver = Driver(device, model.params)
    for index, region in job.regions.items():
        await driver.set_region(index, region)
    await driver.start(job.runs[0].program)


def test_a_port_without_a_board_is_told_at_once_and_so_is_silence(tmp_path: Path):
    with pytest.raises(LinkError, match="cannot be opened: No such file.*; check the path"):
        BoardDevice(str(tmp_path / "ttyUSB0"))
    silent, other = os.openpty()
    started = time.monotonic()
    with pytest.raises(LinkError, match="no answer to 8 requests; check cable, power and baud"):
        BoardDevice(os.ttyname(other), answer_seconds=0.02)
    assert time.monotonic() - started < 5
    os.close(silent)


def test_a_link_that_breaks_in_a_run_is_told(simulation, model):
    with running_board(simulation, CHIP, CYCLES_PER_BIT) as port:
        device = BoardDevice(port, answer_seconds=ANSWER_SECONDS)
        device.answer_seconds = device._serial.timeout = 0.05  # later nobody answers
    with pytest.raises(LinkError, match="the link broke|no answer to 8 requests"):
        asyncio.run(device.read_register(0))
