"""Runs damaged models that the compiler accepts; the name of each is printed before it runs.

A program of its own because TensorFlow Lite Micro may abort: python -m tests.sim.damaged SEED N
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compiler.errors import ModelError
from compiler.graph import Operator
from sim.reference import Reference, random_inputs
from tests.compiler.cases import CASES
from tests.compiler.test_reader_malformed import damaged, structure_of
from tests.model_builder import ModelBuilder

MAX_ELEMENTS = 1 << 20


def zeros(op: Operator, inputs: Sequence[NDArray[Any] | None]) -> list[NDArray[Any]]:
    return [np.zeros(tensor.shape, tensor.dtype.numpy) for tensor in op.outputs]


def main(first_seed: int, n_mutations: int) -> None:
    n_run = 0
    for name, case in CASES.items():
        builder = ModelBuilder(first_seed)
        (y,) = builder.custom("MyOp", [case(builder)], [(4,)])
        data = builder.build(builder.reshape(y, (2, 2)))
        structure = structure_of(data)
        for seed in range(first_seed, first_seed + n_mutations):
            try:
                reference = Reference(
                    damaged(data, structure, np.random.default_rng(seed)), {"MyOp": zeros}
                )
            except ModelError:
                continue
            if sum(tensor.size for tensor in reference.graph.tensors) > MAX_ELEMENTS:
                continue
            print(f"{name}, seed {seed}", flush=True)
            inputs = random_inputs(reference.graph, seed)
            reference.run(inputs)
            reference.all_tensors(inputs)
            n_run += 1
    assert n_run > n_mutations // 4, "the damage leaves too few models"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
