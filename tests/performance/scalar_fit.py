"""Fits compiler.timing.scalar.CYCLES to commands in Verilog: python -m tests.performance.scalar_fit

Prints the constants, and how well they predict the networks that they were fitted to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from unittest import mock

import numpy as np
from scipy.optimize import nnls

from arch.isa import Command, Engine
from arch.params import Params
from arch.registers import Counter as Register
from boards.catalogue import find_board, own_config
from compiler.steps import Step
from compiler.timing import datapath
from compiler.timing.machine import Span
from compiler.timing.memory import MemoryTiming
from compiler.timing.scalar import READ, WRITE, ScalarMachine, command_work
from compiler.timing.scalar_array import Work
from sim.job import BusSettings
from sim.reference import random_inputs
from sim.run import prepare_bytes, run_verilog
from tests.model_builder import ModelBuilder
from tests.performance.scalar_networks import NETWORKS

MEMORY = MemoryTiming(4, 8)
BUS = BusSettings(read_latency_cycles=8, write_latency_cycles=8)
"""Of these a command takes nothing but the latency of each access."""
MOST_CYCLES = 50_000_000


@dataclass(frozen=True)
class Sample:
    """What was done in some cycles, the memory's latency left out."""

    network: str
    work: Work
    cycles: float


class Recorder(ScalarMachine):
    """Keeps the work of each command, in two parts: before its start and behind it."""

    works: list[tuple[Engine, Work, Work]]

    def __init__(self, params: Params, memory: MemoryTiming):
        super().__init__(params, memory)
        Recorder.works = []  # of the last program that was ordered

    def issue(self, step: Step, command: Command, *, loaded: float, done: float) -> Span:
        before = command_work(len(self._encoder.encode(command)))
        self.works.append((step.engine, before, self.work_of(step)))
        return super().issue(step, command, loaded=loaded, done=done)


def samples_of(name: str) -> Iterator[Sample]:
    """Runs a network and yields each command's work with what it took."""
    b = ModelBuilder(1)
    data = b.build(NETWORKS[name](b))
    with mock.patch.object(datapath, "ScalarMachine", Recorder):
        prepared = prepare_bytes(data, name, own_config(find_board("icebreaker")), memory=MEMORY)
    # Which the timeout follows from, and constants may be missing.
    program = replace(prepared.program, predicted_cycles=MOST_CYCLES)
    prepared = replace(prepared, program=program)
    run = run_verilog(prepared, [random_inputs(prepared.graph, 1)], bus=BUS)
    assert run.bit_exact, run.outcomes[0].mismatch
    result = run.outcomes[0].result
    intervals = {engine: iter(result.events.of(engine)) for engine in Engine}
    at = 0.0
    for i, (engine, before, own) in enumerate(Recorder.works):
        interval = next(intervals[engine])
        assert interval.end is not None and interval.start >= at
        if i == 0:
            before = before + Work({"program": 1})
        for work, start, end in ((before, at, interval.start), (own, interval.start, interval.end)):
            latency = MEMORY.latency * (work[READ] + work[WRITE])
            yield Sample(name, work, end - start - latency)
        at = interval.end
    yield Sample(name, Work({"end": 1}), result.counters[Register.TOTAL] - at)


def fitted(samples: list[Sample]) -> dict[str, float]:
    """Cycles of each kind of work, none negative; relative errors count."""
    kinds = sorted({kind for s in samples for kind, n in s.work.items() if n})
    matrix = np.array([[s.work[kind] for kind in kinds] for s in samples], float)
    cycles = np.array([s.cycles for s in samples])
    weight = 1 / np.sqrt(np.maximum(cycles, 1))
    found, _ = nnls(matrix * weight[:, None], cycles * weight, maxiter=10_000)
    return dict(zip(kinds, (round(float(n), 1) for n in found), strict=True))


def predicted(work: Work, constants: dict[str, float]) -> float:
    return sum(constants.get(kind, 0.0) * n for kind, n in work.items())


def main(arguments: list[str]) -> int:
    names = arguments or list(NETWORKS)
    samples = [sample for name in names for sample in samples_of(name)]
    constants = fitted(samples)
    for kind, n in constants.items():
        print(f'    "{kind}": {n},')
    for name in names:
        own = [s for s in samples if s.network == name]
        measured = sum(s.cycles for s in own)
        total = sum(predicted(s.work, constants) for s in own)
        worst = max(own, key=lambda s: abs(predicted(s.work, constants) - s.cycles))
        off = predicted(worst.work, constants) - worst.cycles
        print(f"{name}: {measured:,.0f} without latency, off by {total / measured - 1:+.2%};")
        print(f"    worst {off:+,.0f} of {worst.cycles:,.0f}: {dict(worst.work)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
