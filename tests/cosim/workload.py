"""Jobs with what must come out of them, for cocotb tests on the whole accelerator."""

from __future__ import annotations

import os
import pickle
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from arch.isa import Cause, Engine
from arch.params import Params
from sim.blocks import run_verilog
from sim.build import BuildOptions
from sim.hardware import verilog_path
from sim.inference import job_of
from sim.job import BusSettings, ErrorReport, Job, RunResult
from sim.run import Arrays, Prepared
from sim.simulate import VERILATOR_FLAGS, run_npu_tests, top_name

FILE_VARIABLE = "WEFT_WORKLOAD"


@dataclass(frozen=True)
class BusFault:
    """The error after SLVERR to one engine (None: the program's fetch).

    ``first`` and ``last`` limit the offset in the region that the device reports.
    """

    engine: Engine | None
    region: int
    first: int
    last: int

    def describes(self, error: ErrorReport | None) -> bool:
        return (
            error is not None
            and (error.cause, error.engine, error.info) == (Cause.BUS, self.engine, self.region)
            and self.first <= error.address <= self.last
        )


Expected = RunResult | BusFault


@dataclass(frozen=True)
class Workload:
    """A job for a configuration, and how each of its runs must end."""

    params: Params
    job: Job
    expected: tuple[Expected, ...]

    def check(self, index: int, result: RunResult) -> None:
        """Fails if a run ended in another way."""
        expected = self.expected[index]
        if isinstance(expected, BusFault):
            assert expected.describes(result.error), f"run {index}: {result.error}, not {expected}"
            return
        assert result.error == expected.error, f"run {index}: ended with an error, or without one"
        assert len(result.outputs) == len(expected.outputs)
        for i, (ours, theirs) in enumerate(zip(result.outputs, expected.outputs, strict=True)):
            if ours != theirs:
                at = next(k for k, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
                raise AssertionError(
                    f"run {index}: output {i} differs at byte {at}: {ours[at]}, not {theirs[at]}"
                )


def inferences(prepared: Prepared, inputs: list[Arrays]) -> Workload:
    """Inferences of a model, with the outputs of the reference."""
    expected = tuple(
        RunResult(tuple(array.tobytes() for array in prepared.reference.run(arrays)), {})
        for arrays in inputs
    )
    return Workload(prepared.params, job_of(prepared.program, inputs), expected)


def random_bus(rng: random.Random) -> BusSettings:
    """From a perfect memory to one that stalls and reorders."""
    disorder = rng.random() < 0.5
    return BusSettings(
        read_latency_cycles=rng.randrange(2, 80),
        write_latency_cycles=rng.randrange(2, 80),
        read_bytes_per_cycle=rng.choice([1, 2.5, 8, 8]),
        stall_probability=rng.choice([0, 0.1, 0.4]),
        out_of_order=disorder,
        interleave=disorder,
        seed=rng.randrange(1 << 30),
    )


def run_workload(workload: Workload, seed: int) -> None:
    """Run it on the Verilog in the bench of sim/bench, on a fast bus and under random stalls."""
    with _saved(workload) as environment:
        run_npu_tests(
            verilog_path(workload.params),
            workload.params,
            "tests.cosim.cocotb_workload",
            seed=seed,
            env=environment,
        )


def judge_workload(workload: Workload, seed: int) -> None:
    """Run it on the bare Verilog between cocotbext-axi's memory and its AXI4-Lite manager."""
    top = top_name(workload.params)
    with _saved(workload) as environment:
        run_verilog(
            {"npu.v": verilog_path(workload.params).read_text()},
            top,
            "tests.cosim.cocotb_axi_judge",
            BuildOptions(verilator_flags=VERILATOR_FLAGS),
            seed=seed,
            env=environment,
        )


@contextmanager
def _saved(workload: Workload) -> Iterator[dict[str, str]]:
    """Environment with the path of a pickled workload, as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="weft-workload-") as folder:
        path = Path(folder) / "workload.pickle"
        path.write_bytes(pickle.dumps(workload))
        yield {FILE_VARIABLE: str(path)}


def saved_workload() -> Workload:
    """The workload of the cocotb test that is running."""
    workload = pickle.loads(Path(os.environ[FILE_VARIABLE]).read_bytes())
    assert isinstance(workload, Workload)
    return workload
