"""Operators that TensorFlow Lite Micro lacks, against LiteRT's reference kernels."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from sim.litert_operators import OPERATORS
from sim.reference import Reference
from tests.elementwise_cases import CASES, Case
from tests.model_builder import ModelBuilder

OWN = [case for case in CASES if case.kind in {kind.name for kind in OPERATORS}]


@pytest.mark.parametrize("case", OWN, ids=[case.name for case in OWN])
def test_operators_give_the_outputs_of_litert(case: Case) -> None:
    for seed in range(1, 40):
        b = ModelBuilder([seed, zlib.crc32(case.name.encode())])
        data = b.build(case.make(b))
        reference = Reference(data)
        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        litert = Interpreter(model_content=data, experimental_op_resolver_type=resolver)
        litert.allocate_tensors()
        for _ in range(3):
            (x,) = case.inputs(b.rng, b)
            litert.set_tensor(litert.get_input_details()[0]["index"], x)
            litert.invoke()
            expected = litert.get_tensor(litert.get_output_details()[0]["index"])
            np.testing.assert_array_equal(reference.run([x])[0], expected, f"seed {seed}")
