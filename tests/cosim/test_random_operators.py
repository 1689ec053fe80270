"""Random operators and networks, compiled for many accelerators, give what the reference gives.

To repeat a failure: WEFT_SEED as it is printed, and WEFT_CASES=1. To search longer: raise
WEFT_CASES.
"""

from __future__ import annotations

import os
import zlib

import pytest

from compiler.errors import ModelError
from sim.blocks import choose_seed
from sim.reference import extreme_inputs, random_inputs
from sim.run import prepare_bytes, run_functional
from tests.compiler.cases import CASES
from tests.configs import NAMES, config
from tests.model_builder import ModelBuilder
from tests.networks import random_network

N_CASES = int(os.environ.get("WEFT_CASES", "24"))


def network(builder: ModelBuilder) -> list[int]:
    return random_network(builder, n_operators=int(builder.rng.integers(2, 10)))


def model(name: str, seed: int) -> bytes:
    """The file of one random operator, or of a network of several."""
    builder = ModelBuilder([seed, zlib.crc32(name.encode())])
    outputs = network(builder) if name == "network" else [CASES[name](builder)]
    return builder.build(*outputs)


@pytest.mark.parametrize("name", [*CASES, "network"])
def test_functional_model_equals_the_reference(name: str) -> None:
    base = choose_seed()
    print(f"seed {base} (repeat with WEFT_SEED={base})")
    refused: list[str] = []
    for seed in range(base, base + N_CASES):
        data = model(name, seed)
        for config_name in NAMES:
            where = f"{config_name}, WEFT_SEED={seed} WEFT_CASES=1"
            try:
                prepared = prepare_bytes(data, name, config(config_name))
            except ModelError as error:
                refused.append(f"{where}: {error}")
                continue
            inputs = [random_inputs(prepared.graph, seed), *extreme_inputs(prepared.graph)]
            for outcome in run_functional(prepared, inputs).outcomes:
                assert outcome.mismatch is None, f"{where}: {outcome.mismatch}"
    print("\n".join(refused))
