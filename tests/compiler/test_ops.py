"""Derived parameters, put into naive kernels, must give what TensorFlow Lite Micro gives.

To repeat a failure: WEFT_SEED as it is printed, and WEFT_CASES=1. To search longer: raise
WEFT_CASES.
"""

from __future__ import annotations

import os
import zlib

import numpy as np
import pytest

from compiler import constraints
from compiler.operators import verify
from sim.reference import Reference, extreme_inputs, random_inputs
from tests.compiler import naive_kernels as naive
from tests.compiler.cases import CASES
from tests.model_builder import ModelBuilder
from tests.networks import random_network

N_CASES = int(os.environ.get("WEFT_CASES", "200"))
BASE_SEED = int(os.environ.get("WEFT_SEED", "1"))


@pytest.mark.parametrize("name", CASES)
def test_derived_parameters_give_the_outputs_of_the_reference_kernels(name: str) -> None:
    for case in range(N_CASES):
        seed = BASE_SEED + case
        builder = ModelBuilder([seed, zlib.crc32(name.encode())])
        output = CASES[name](builder)
        reference = Reference(builder.build(output))
        graph = reference.graph
        verify(graph)
        constraints.check(graph)
        (op,) = graph.operators
        for inputs in [random_inputs(graph, seed), *extreme_inputs(graph)]:
            values = dict(zip(graph.inputs, inputs, strict=True))
            expected = reference.run(inputs)[0]
            actual = naive.run(op, values)
            where = f"WEFT_SEED={seed} WEFT_CASES=1: {op} {op.options}"
            np.testing.assert_array_equal(actual, expected, where)


def test_every_operator_of_a_network_gives_what_the_reference_says() -> None:
    for seed in range(BASE_SEED, BASE_SEED + max(1, N_CASES // 5)):
        builder = ModelBuilder([seed, 99])
        reference = Reference(builder.build(*random_network(builder)))
        graph = reference.graph
        verify(graph)
        inputs = random_inputs(graph, seed)
        by_index = reference.all_tensors(inputs)
        values = {t: by_index[t.index] for t in graph.tensors if t.index in by_index}
        for op in graph.operators:
            where = f"WEFT_SEED={seed} WEFT_CASES=1: {op} {op.options}"
            np.testing.assert_array_equal(naive.run(op, values), values[op.output], where)
        for tensor, output in zip(graph.outputs, reference.run(inputs), strict=True):
            np.testing.assert_array_equal(output, values[tensor])
