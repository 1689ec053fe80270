"""Jobs on a stand-in accelerator: the bench, the process, the device and what can go wrong."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

from arch.decode import ProgramError
from arch.isa import Cause, Engine
from arch.registers import Counter
from sim.device import DeviceError
from sim.driver import DeviceMismatch, ProgramLocation, ProgramTimeout, RegionSetup
from sim.job import BusSettings, Job, Progress, Run
from sim.simulate import build_npu, run_npu_tests, simulate
from sim.tools import SimulatorError, find_simulator
from tests.sim import stub

CODE, SOURCE, TARGET = 0x1000, 0x10_0000, 0x20_0000
REGIONS = {
    0: RegionSetup(CODE, 0x1000),
    1: RegionSetup(SOURCE, 0x10_0000),
    2: RegionSetup(TARGET, 0x10_0000, write=True),
}
SIMULATORS = ("verilator", "icarus")


@pytest.fixture
def verilog(tmp_path: Path) -> Path:
    return stub.write_stub(tmp_path)


def run_of(*commands: tuple[int, ...], reads=(), writes=(), **options) -> Run:
    code = stub.program(*commands)
    return Run(
        ProgramLocation(0, 0, len(code)), writes=((CODE, code), *writes), reads=reads, **options
    )


def job_of(*runs: Run, **options) -> Job:
    return Job(runs, regions=REGIONS, **options)


def added(data: bytes) -> bytes:
    return bytes((byte + 1) % 256 for byte in data)


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_programs_run_one_after_the_other(verilog, simulator):
    """Data, counters, events and log of three programs in one simulation."""
    data = random.Random(3).randbytes(4096)
    runs = [
        run_of(
            stub.copy(8 * i, 256),
            stub.log(64 + i),
            stub.work(10 * i),
            stub.END,
            reads=((TARGET + 256, 64 * i), (SOURCE, 3)),
        )
        for i in (1, 2, 3)
    ]
    result = simulate(
        verilog, stub.PARAMS, job_of(*runs, image=((SOURCE, data),)), simulator=simulator
    )
    for i, run in enumerate(result.runs, 1):
        assert run.outputs == (added(data[256 : 256 + 64 * i]), data[:3])
        assert run.error is None
        assert run.counters[Counter.BEATS_READ] == 8 * i
        assert run.events.log == bytes([64 + i])
        # The stub counts from the cycle after its doorbell to that of its interrupt.
        assert run.events.interrupt == run.counters[Counter.TOTAL] + 1
        assert {x.engine for x in run.events.intervals} == set(Engine)
        for engine in (Engine.ARRAY, Engine.CORE):
            assert [x.cycles for x in run.events.of(engine)] == [10 * i + 1]
        (load,), (store,) = run.events.of(Engine.LOAD), run.events.of(Engine.STORE)
        assert load.end == store.start < (store.end or 0) < (run.events.interrupt or 0)


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_latency_and_bandwidth_set_the_cycles(verilog, simulator):
    """Cycles change by exactly what the settings add."""
    settings = [
        BusSettings(read_latency_cycles=10, write_latency_cycles=10),
        BusSettings(read_latency_cycles=50, write_latency_cycles=10),
        BusSettings(read_latency_cycles=10, write_latency_cycles=70),
        BusSettings(read_latency_cycles=10, write_latency_cycles=10, read_bytes_per_cycle=2),
        BusSettings(read_latency_cycles=10, write_latency_cycles=10, write_bytes_per_cycle=4),
    ]
    beats = 100
    runs = [run_of(stub.copy(beats, 0), stub.END, bus=bus) for bus in settings]
    result = simulate(verilog, stub.PARAMS, job_of(*runs), simulator=simulator)
    first, *others = (run.counters[Counter.TOTAL] for run in result.runs)
    # Three reads (two commands, the data) and one write; one beat in four or two cycles, the
    # first beat for free.
    assert [cycles - first for cycles in others] == [3 * 40, 60, 3 * (beats - 1), beats - 1]


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_stalls_change_cycles_but_not_data(verilog, simulator):
    data = random.Random(4).randbytes(1024)
    commands = (stub.copy(64, 0), stub.copy(64, 512), stub.END)
    runs = [
        run_of(
            *commands,
            bus=BusSettings(stall_probability=0.3, seed=seed),
            reads=((TARGET, 1024),),
            writes=((TARGET, bytes(1024)),),
        )
        for seed in (1, 1, 2)
    ]
    result = simulate(
        verilog, stub.PARAMS, job_of(*runs, image=((SOURCE, data),)), simulator=simulator
    )
    assert [run.outputs for run in result.runs] == [(added(data),)] * 3
    a, b, c = (run.counters[Counter.TOTAL] for run in result.runs)
    # Equal seeds stall alike, whatever went before.
    assert a == b != c


def test_an_error_that_may_happen_is_reported_and_the_next_program_runs(verilog):
    runs = (
        run_of(stub.work(5), stub.stop(Cause.CONFIG), may_fail=True),
        run_of(stub.copy(1, 0), stub.END, reads=((TARGET, 8),)),
    )
    bad, good = simulate(verilog, stub.PARAMS, job_of(*runs)).runs
    assert bad.error is not None and bad.outputs == ()
    assert (bad.error.cause, bad.error.engine, bad.error.command) == (Cause.CONFIG, None, 7)
    assert bad.counters[Counter.TOTAL] > 0 and bad.events.interrupt is not None
    assert good.error is None and good.outputs == (b"\x01" * 8,)


def test_an_error_that_may_not_happen_ends_the_job(verilog):
    with pytest.raises(ProgramError, match="^sequencer, command 7: unit that this configuration"):
        simulate(verilog, stub.PARAMS, job_of(run_of(stub.stop(Cause.ABSENT))))


def test_an_address_range_can_answer_errors(verilog):
    bus = BusSettings(error_base=SOURCE + 64, error_bytes=64)
    runs = (
        run_of(stub.copy(8, 64), stub.END, bus=bus, may_fail=True),
        run_of(stub.copy(8, 128), stub.END),
        run_of(stub.copy(8, 64), stub.END, bus=BusSettings()),
    )
    errors = [run.error for run in simulate(verilog, stub.PARAMS, job_of(*runs)).runs]
    assert errors[1:] == [None, None]
    assert errors[0] is not None and errors[0].cause is Cause.BUS
    assert str(errors[0].exception()).endswith("(region 2, offset 0x1234)")


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_program_that_never_ends_is_an_error(verilog, simulator):
    job = job_of(run_of(stub.HANG, timeout_cycles=5000))
    with pytest.raises(ProgramTimeout, match="no interrupt within 5000 cycles .state running;"):
        simulate(verilog, stub.PARAMS, job, simulator=simulator)


def test_a_breach_of_axi_is_named(verilog):
    with pytest.raises(DeviceError, match="broke a rule of AXI: cycle .* full-width INCR burst"):
        simulate(verilog, stub.PARAMS, job_of(run_of(stub.BREAK_AXI, stub.END)))


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_simulator_that_stops_on_its_own_is_reported_with_its_log(verilog, simulator):
    find_simulator(simulator)  # skips the test where there is none
    with pytest.raises(SimulatorError, match="without results: .*told to stop.*; log: /"):
        simulate(verilog, stub.PARAMS, job_of(run_of(stub.CRASH)), simulator=simulator)


def test_another_configurations_verilog_is_refused(tmp_path):
    path = stub.write_stub(tmp_path, digest=77)
    with pytest.raises(DeviceMismatch, match="DIGEST: 0x0000004d, expected 0x"):
        simulate(path, stub.PARAMS, job_of(run_of(stub.END)))


def test_verilog_that_does_not_compile_is_one_line_with_the_log(tmp_path):
    path = tmp_path / "broken.v"
    path.write_text("module weft_tiny64(input clk); assign = 1; endmodule\n")
    with pytest.raises(
        SimulatorError, match="verilator: cannot build npu_bench: %Error: .*; log: "
    ):
        simulate(path, stub.PARAMS, job_of(run_of(stub.END)))


def test_memory_outside_the_job_is_refused(verilog):
    job = job_of(run_of(stub.END, reads=((0x20_0000, 8),)), memory_bytes=0x20_0000)
    with pytest.raises(DeviceError, match="memory 0x200000, 8 bytes: outside 0x0 to 0x1fffff"):
        simulate(verilog, stub.PARAMS, job)


def test_memory_may_lie_high_and_beyond_it_the_bus_answers_errors(verilog):
    base = 0xF000_0000
    regions = {i: RegionSetup(base, 0x1_0000) for i in range(3)}
    code = stub.program(stub.copy(2, 0x8000), stub.END)
    beyond = stub.program(stub.copy(2, 0xFFC0), stub.END)
    location = ProgramLocation(0, 0, len(code))
    job = Job(
        (
            Run(location, writes=((base, code),), reads=((base + 0x8000, 16),)),
            Run(location, writes=((base, beyond),), may_fail=True),
        ),
        regions=regions,
        memory_base=base,
        memory_bytes=0xFFC0,
    )
    good, bad = simulate(verilog, stub.PARAMS, job).runs
    assert good.outputs == (b"\x01" * 16,)
    assert bad.error is not None and bad.error.cause is Cause.BUS


def test_progress_is_reported_a_few_times_a_second(verilog):
    seen: list[tuple[float, Progress]] = []
    runs = (run_of(stub.work(50), stub.END), run_of(stub.HANG, timeout_cycles=2_000_000))
    with pytest.raises(ProgramTimeout):
        simulate(
            verilog,
            stub.PARAMS,
            job_of(*runs),
            progress=lambda progress: seen.append((time.monotonic(), progress)),
        )
    last = seen[-1][1]
    assert (last.run, last.n_runs) == (1, 2) and last.run_cycles >= 2_000_000
    assert {progress.commands for _, progress in seen if progress.run == 0} == {0, 2}
    seconds = seen[-1][0] - seen[0][0]
    assert 3 <= len(seen) <= 12 + 10 * seconds


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_waveform_shows_the_inside_of_the_accelerator(verilog, simulator, tmp_path):
    path = tmp_path / "npu.vcd"
    job = job_of(run_of(stub.copy(1, 0), stub.END))
    simulate(verilog, stub.PARAMS, job, simulator=simulator, waves=path)
    text = path.read_text()
    assert "command" in text and "m_axi_araddr" in text


def test_a_megabyte_moves_in_little_time(verilog):
    data = random.Random(5).randbytes(1 << 20)
    job = job_of(run_of(stub.END, reads=((SOURCE, 1 << 20),)), image=((SOURCE, data),))
    build_npu(verilog, stub.PARAMS)
    started = time.monotonic()
    assert simulate(verilog, stub.PARAMS, job).runs[0].outputs == (data,)
    assert time.monotonic() - started < 10


def test_cocotb_tests_run_on_the_whole_accelerator(verilog, tmp_path):
    run_npu_tests(
        verilog, stub.PARAMS, "tests.sim.cocotb_stub", results=tmp_path / "results.xml", seed=3
    )
    assert 'name="a_soft_reset_stops_a_program"' in (tmp_path / "results.xml").read_text()


@pytest.mark.parametrize(
    "change,text",
    [
        ({"read_latency_cycles": 1}, "bus: read_latency_cycles: 1 is outside 2 to 65535"),
        ({"write_bytes_per_cycle": 0}, "bus: write_bytes_per_cycle: 0 is outside 0.00390625 to"),
        ({"stall_probability": 1.0}, "bus: stall_probability: 1.0 is outside 0 to 0.95"),
        ({"interleave": True}, "bus: interleave: wants out_of_order as well; set both"),
    ],
)
def test_bus_settings_that_cannot_be_are_refused(change, text):
    with pytest.raises(SimulatorError, match=text):
        replace(BusSettings(), **change)
