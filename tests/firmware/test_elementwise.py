"""Operators by elements, rows and dimensions, against TensorFlow Lite Micro's kernels.

To repeat a failure: WEFT_SEED as it is printed, and WEFT_CASES=1. To search longer: raise
WEFT_CASES.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence

import numpy as np
import pytest

from arch.op_interface import OpDescription
from firmware.describe import describe
from sim.reference import Reference
from tests.elementwise_cases import CASES, Array, Case
from tests.firmware.helpers import (
    BASE_SEED,
    library_host,
    on_core,
    roomy,
    whole_library_image,
    with_arrays,
)
from tests.firmware.machine import Machine
from tests.model_builder import ModelBuilder

N_CASES = int(os.environ.get("WEFT_CASES", "25"))


def use_of(
    reference: Reference, inputs: Sequence[Array], rng: np.random.Generator
) -> OpDescription:
    """The only operator of a model, with arrays as operands and noise as outputs."""
    (op,) = reference.graph.operators
    arrays = dict(zip(map(id, reference.graph.inputs), inputs, strict=True))
    arrays |= {id(t): t.data for t in op.inputs if t is not None and t.data is not None}
    use = describe(op, lambda t: arrays.get(id(t), 0))
    return with_arrays(use, lambda t: rng.integers(0, 256, t.n_bytes, np.uint8))


def assert_same(actual: Array, expected: Array, where: str) -> None:
    """Bit for bit, but that one not-a-number is as good as another."""
    actual = np.frombuffer(actual.tobytes(), expected.dtype).reshape(expected.shape)
    bits = f"u{expected.dtype.itemsize}"
    same = actual.view(bits) == expected.view(bits)
    if expected.dtype.kind == "f":
        same |= np.isnan(actual) & np.isnan(expected)
    if not same.all():
        at = np.unravel_index(np.argmin(same), same.shape)
        found = f"{actual[at]!r} where {expected[at]!r} is due"
        raise AssertionError(f"{where}: {found} at {at}; {np.sum(~same)} of {same.size} differ")


@pytest.mark.parametrize("case", CASES, ids=[f"{i}-{case.name}" for i, case in enumerate(CASES)])
def test_host_build_gives_the_outputs_of_the_reference_kernel(case: Case) -> None:
    for seed in range(BASE_SEED, BASE_SEED + N_CASES):
        where = f"WEFT_SEED={seed} WEFT_CASES=1, {case.name}"
        b = ModelBuilder([seed, zlib.crc32(case.name.encode())])
        reference = Reference(b.build(case.make(b)))
        for _ in range(3):
            inputs = case.inputs(b.rng, b)
            use = use_of(reference, inputs, b.rng)
            assert library_host().call(use.name, use) == 0, where
            output = use.outputs[0].data
            assert isinstance(output, np.ndarray)
            assert_same(output, reference.run(inputs)[0], f"{where}, {use.name}")


def test_core_build_gives_the_same() -> None:
    machine = Machine(roomy(), whole_library_image())
    for case in CASES:
        where = f"WEFT_SEED={BASE_SEED}, {case.name}"
        b = ModelBuilder([BASE_SEED, zlib.crc32(case.name.encode())])
        reference = Reference(b.build(case.make(b)))
        inputs = case.inputs(b.rng, b)
        use = use_of(reference, inputs, b.rng)
        status, (output,) = on_core(machine, use, b.rng)
        assert status == 0, where
        expected = reference.run(inputs)[0]
        assert_same(np.frombuffer(output, np.uint8), expected, f"{where}, {use.name} on RV32")
