"""MUL of planes by one code for each channel, as squeeze and excitation has it."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.image import build_firmware
from sim.reference import Reference
from tests.firmware.helpers import BASE_SEED, library_host, on_core, small
from tests.firmware.machine import Machine
from tests.firmware.test_elementwise import assert_same, use_of
from tests.model_builder import Kind, ModelBuilder, schema

# By words, by tables, by single codes; and scales that only the general arithmetic takes.
PLANES = [(5, 7, 8), (1, 1, 12), (20, 20, 4), (6, 5, 7), (4, 3, 4)]


@pytest.mark.parametrize("planes", PLANES)
@pytest.mark.parametrize("factor", [2.0**-7, 2.0**-1.1, 0.9, 2.0**-22])
def test_planes_times_a_code_for_each_channel(planes: tuple[int, int, int], factor: float) -> None:
    """``factor``: of the products' scale over the output's."""
    machine = Machine(small(), build_firmware(small(), [], ["MUL"]))
    for seed in range(BASE_SEED, BASE_SEED + 6):
        where = f"WEFT_SEED={seed}, {planes}, {factor}"
        b = ModelBuilder([seed, *planes])
        gate = {"scale": 1 / 256, "zero_point": (-128, b.zero_point())[seed % 2]}
        x = b.input((1, *planes), scale=0.05, zero_point=b.zero_point())
        s = b.input((1, 1, 1, planes[2]), **gate)
        y = b.tensor(
            (1, *planes),
            scale=0.05 / 256 / factor,
            zero_point=(b.zero_point(), -128, 127)[seed % 3],
        )
        options = schema.MulOptionsT()
        options.fusedActivationFunction = (0, 1, 3)[seed % 3]
        b.operator(Kind.MUL, [s, x] if seed % 4 > 1 else [x, s], [y], options)
        reference = Reference(b.build(y))
        inputs = [
            b.rng.integers(-128, 128, t.shape).astype(np.int8) for t in reference.graph.inputs
        ]
        if seed % 2:
            inputs[0].flat[:2] = -128, 127
        use = use_of(reference, inputs, b.rng)
        (expected,) = reference.run(inputs)
        assert library_host().call(use.name, use) == 0, where
        assert_same(use.outputs[0].data, expected, where)
        status, (output,) = on_core(machine, use, b.rng, alignment=(1, 4)[seed % 2])
        assert status == 0, where
        assert_same(np.frombuffer(output, np.uint8), expected, f"{where} on RV32")
