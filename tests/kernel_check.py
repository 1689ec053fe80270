"""Single operators on every way that they can run, against TensorFlow Lite Micro's kernels."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arch.config import Config, load_config
from arch.op_interface import OpDescription
from arch.params import Params
from compiler.graph import Operator
from compiler.operators import verify
from firmware.describe import describe, registered_name, with_sizes
from firmware.host import HostOps
from firmware.image import build_firmware
from sim.reference import Reference, random_inputs
from tests.firmware.helpers import on_core, output_bytes, with_arrays
from tests.firmware.machine import Machine
from tests.functional import Accelerator
from tests.model_builder import ModelBuilder

Case = Callable[[ModelBuilder], list[int]]
Arrays = list[NDArray[Any]]

BASE_SEED = int(os.environ.get("WEFT_SEED", "1"), 0)


def n_cases(default: int) -> int:
    return int(os.environ.get("WEFT_CASES", default))


def seeds(default: int) -> range:
    return range(BASE_SEED, BASE_SEED + n_cases(default))


def repeat_with(seed: int, name: str) -> str:
    return f"WEFT_SEED={seed} WEFT_CASES=1, {name}"


@cache
def small() -> Config:
    return load_config("small")


@cache
def without_elementwise() -> Config:
    """What the array's element-wise engine would do goes to the core."""
    return small().model_copy(update={"elementwise": False})


def reference_of(name: str, case: Case, seed: int) -> Reference:
    builder = ModelBuilder([seed, zlib.crc32(name.encode())])
    outputs = case(builder)
    reference = Reference(builder.build(*outputs))
    verify(reference.graph)
    return reference


def check_accelerator(
    reference: Reference, config: Config, runs: Sequence[Arrays], where: str
) -> list[str]:
    """Inferences one after the other give the reference's outputs; returns the engines in use."""
    accelerator = Accelerator(reference.graph, config)
    for inputs in runs:
        expected = reference.run(inputs)
        for actual, wanted in zip(accelerator.run(inputs), expected, strict=True):
            assert actual.dtype == wanted.dtype, where
            same = actual.tobytes() == wanted.tobytes()
            assert same, f"{where}: {reference.graph.operators[0]}\n{actual}\n{wanted}"
    return accelerator.engines()


def input_sets(reference: Reference, seed: int, n: int = 2) -> list[Arrays]:
    return [random_inputs(reference.graph, 1000 * seed + i) for i in range(n)]


@cache
def machine_for(function: str) -> Machine:
    """A core with one operator of the library."""
    params = Params(small())
    return Machine(params, build_firmware(params, [], [function]))


@cache
def host_for(function: str) -> HostOps:
    return HostOps([], [function])


def description_of(op: Operator, arrays: dict[int, NDArray[Any]]) -> OpDescription:
    """The operator with arrays for what is read; constants bring their own."""

    def place(tensor: Any) -> Any:
        return tensor.data if tensor.data is not None else arrays.get(id(tensor), 0)

    use = describe(op, place)
    use = replace(
        use,
        inputs=tuple(
            replace(t, data=np.ascontiguousarray(t.data)) if isinstance(t.data, np.ndarray) else t
            for t in use.inputs
        ),
    )
    return with_sizes(use, host_for(registered_name(op)))


def check_core(reference: Reference, seed: int, where: str) -> None:
    """The RV32 build gives the reference's outputs and writes nothing else."""
    rng = np.random.default_rng(seed)
    (op,) = reference.graph.operators
    inputs = random_inputs(reference.graph, seed)
    arrays = dict(zip(map(id, reference.graph.inputs), inputs, strict=True))
    use = description_of(op, arrays)
    use = with_arrays(use, lambda t: rng.integers(0, 256, t.n_bytes, np.uint8))
    expected = [array.tobytes() for array in reference.run(inputs)]
    status, outputs = on_core(machine_for(use.name), use, rng)
    assert status == 0 and outputs == expected, f"{where}: {op} {op.options}"
    assert host_for(use.name).call(use.name, use) == 0 and output_bytes(use) == expected, where


def check_state(reference: Reference, seed: int, n_runs: int, where: str, on_rv32: bool) -> None:
    """Inferences one after the other, on the host and on RV32, go on from what was kept."""
    rng = np.random.default_rng(seed)
    (op,) = reference.graph.operators
    state: NDArray[np.uint8] | None = None
    for run in range(n_runs):
        inputs = random_inputs(reference.graph, 1000 * seed + run)
        arrays = dict(zip(map(id, reference.graph.inputs), inputs, strict=True))
        use = description_of(op, arrays)
        use = with_arrays(use, lambda t: np.zeros(t.n_bytes, np.uint8))
        expected = [array.tobytes() for array in reference.run(inputs)]
        if on_rv32:
            if run == 0:
                assert on_core(machine_for(use.name), use, rng, "init")[0] == 0, where
            assert on_core(machine_for(use.name), use, rng) == (0, expected), f"{where}, run {run}"
        if state is None:
            state = np.zeros(use.state_bytes, np.uint8)
            assert host_for(use.name).init(use.name, replace(use, state=state)) == 0, where
        assert host_for(use.name).call(use.name, replace(use, state=state)) == 0, where
        assert output_bytes(use) == expected, f"{where}: {op} {op.options}, run {run}"
