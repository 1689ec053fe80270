"""Inferences of a compiled model as a job of the simulator, and what came out of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arch.isa import Engine
from compiler.graph import DType
from compiler.program import Program, TensorPlace
from compiler.transfers import ARENA_REGION, INPUT_REGION, OUTPUT_REGION, PROGRAM_REGION
from sim.driver import ProgramLocation, RegionSetup
from sim.job import DEFAULT_MEMORY_BYTES, BusSettings, Job, Run, RunResult

PAGE = 4096

Arrays = Sequence[NDArray[Any]]


class MemoryMap:
    """Bus addresses of a program's regions, behind each other from ``base``."""

    def __init__(self, program: Program, base: int = 0):
        self.program = program
        self.base = base
        sizes = {
            PROGRAM_REGION: len(program.image),
            INPUT_REGION: program.input_bytes,
            OUTPUT_REGION: program.output_bytes,
            ARENA_REGION: program.arena_bytes,
        }
        self.regions: dict[int, RegionSetup] = {}
        address = base
        for region, size in sizes.items():
            writable = region in (OUTPUT_REGION, ARENA_REGION)
            readable = region != OUTPUT_REGION
            self.regions[region] = RegionSetup(address, size, read=readable, write=writable)
            address += -(-max(size, 1) // PAGE) * PAGE
        self.end = address

    def address(self, region: int, place: TensorPlace) -> int:
        return self.regions[region].base + place.offset


def job_of(
    program: Program,
    inputs: Sequence[Arrays],
    *,
    bus: BusSettings | None = None,
    timeout_cycles: int | None = None,
    watchdog_cycles: int = 0,
) -> Job:
    """A job that runs the program once on each set of inputs (in the order of the model).

    An inference that the device stops is reported in its result, and the next one follows.
    """
    memory = MemoryMap(program)
    if timeout_cycles is None:  # never before the watchdog
        n_calls = len(program.command_layers[Engine.CORE])
        timeout_cycles = 20 * program.predicted_cycles + 1_000_000 + n_calls * watchdog_cycles
    location = ProgramLocation(PROGRAM_REGION, program.commands_offset, program.commands_bytes)
    runs = []
    for arrays in inputs:
        writes = tuple(
            (memory.address(INPUT_REGION, place), np.ascontiguousarray(array).tobytes())
            for place, array in zip(program.inputs, arrays, strict=True)
        )
        reads = tuple(
            (memory.address(OUTPUT_REGION, place), place.n_bytes) for place in program.outputs
        )
        runs.append(
            Run(
                location,
                writes=writes,
                reads=reads,
                timeout_cycles=timeout_cycles,
                watchdog_cycles=watchdog_cycles,
                may_fail=True,
            )
        )
    image = [(memory.regions[PROGRAM_REGION].base, program.image)]
    if program.variables:
        image.append((memory.regions[ARENA_REGION].base, bytes(program.arena())))
    return Job(
        tuple(runs),
        image=tuple(image),
        regions=memory.regions,
        bus=bus or BusSettings(),
        memory_bytes=max(memory.end, DEFAULT_MEMORY_BYTES),
    )


def outputs_of(program: Program, result: RunResult) -> list[NDArray[Any]]:
    """Output tensors of one run, in the order of the model."""
    arrays = []
    for place, data in zip(program.outputs, result.outputs, strict=True):
        dtype = DType[place.dtype].numpy
        assert dtype is not None
        arrays.append(np.frombuffer(data, dtype).reshape(place.shape))
    return arrays
