"""The operator library, on the host and on RV32, against TensorFlow Lite Micro's kernels."""

from __future__ import annotations

import os
import zlib

import numpy as np
import pytest

from arch import op_params
from arch.op_interface import OpDescription, TensorDescription, TensorType
from arch.quant import quantize_multiplier, requantize
from firmware.describe import describe
from sim.reference import Reference, extreme_inputs, random_inputs
from tests.compiler.cases import CASES
from tests.firmware.helpers import (
    BASE_SEED,
    library_host,
    library_image,
    on_core,
    output_bytes,
    small,
    with_arrays,
)
from tests.firmware.machine import Machine
from tests.model_builder import SAME, ModelBuilder

N_CASES = int(os.environ.get("WEFT_CASES", "100"))
OPERATORS = ("add", "average_pool_2d", "max_pool_2d", "mean", "pad", "reshape", "softmax")


def _noise(rng: np.random.Generator, t: TensorDescription) -> np.ndarray:
    """What an output holds before the operator runs."""
    return rng.integers(0, 256, t.n_bytes, np.uint8)


def _check(
    builder: ModelBuilder,
    output: int,
    seed: int,
    machine: Machine,
    where: str,
    chosen: list[np.ndarray] | None = None,
) -> None:
    """Host and core give the reference's output, for random and extreme inputs or chosen ones."""
    rng = np.random.default_rng(seed)
    reference = Reference(builder.build(output))
    graph = reference.graph
    (op,) = graph.operators
    all_inputs = [chosen] if chosen else [random_inputs(graph, seed), *extreme_inputs(graph)]
    for inputs in all_inputs:
        arrays = dict(zip(map(id, graph.inputs), inputs, strict=True))
        use = describe(op, lambda t: arrays.get(id(t), 0))  # noqa: B023
        use = with_arrays(use, lambda t: _noise(rng, t))
        expected = [array.tobytes() for array in reference.run(inputs)]
        core_status, on_rv32 = on_core(machine, use, rng)
        assert library_host().call(use.name, use) == 0, where
        assert output_bytes(use) == expected, f"host build, {where}"
        assert core_status == 0, where
        assert on_rv32 == expected, f"RV32 build, {where}"


@pytest.mark.parametrize("name", OPERATORS)
def test_operator_gives_the_outputs_of_the_reference_kernel(name: str) -> None:
    machine = Machine(small(), library_image())
    for case in range(N_CASES):
        seed = BASE_SEED + case
        builder = ModelBuilder([seed, zlib.crc32(name.encode())])
        output = CASES[name](builder)
        _check(builder, output, seed, machine, f"WEFT_SEED={seed} WEFT_CASES=1, {name}")


def test_softmax_with_many_shares_that_only_rounding_makes_count() -> None:
    """Hundreds of exponentials of 0.6 units of the sum each move large shares across a boundary."""
    machine = Machine(small(), library_image())
    for seed in range(BASE_SEED, BASE_SEED + 3):
        rng = np.random.default_rng(seed)
        b = ModelBuilder(seed)
        y = b.softmax(b.input((32, 511), scale=0.135, zero_point=0))
        x = np.full((32, 511), 127 - 100, np.int8)  # exp(-13.5) = 0.7 * 2**-19
        x[:, :4] = rng.integers(110, 128, (32, 4))
        x[:, 4] = 127
        _check(b, y, seed, machine, f"WEFT_SEED={seed}", [x])


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_softmax_over_few_classes(classes: int) -> None:
    """Of many pixels, where what two classes share is kept, and of few."""
    machine = Machine(small(), library_image())
    for seed, (rows, scale) in enumerate([(150, 0.02), (64, 0.3), (63, 0.09), (2, 2.0)]):
        b = ModelBuilder([BASE_SEED, seed])
        y = b.softmax(b.input((rows, classes), scale=scale))
        _check(b, y, BASE_SEED + seed, machine, f"WEFT_SEED={BASE_SEED}, case {seed}")


def test_average_pool_of_windows_of_more_codes_than_a_packed_sum_holds() -> None:
    machine = Machine(small(), library_image())
    for seed in range(BASE_SEED, BASE_SEED + 6):
        b = ModelBuilder(seed)
        h, w = int(b.rng.integers(14, 24)), int(b.rng.integers(14, 24))
        x = b.input((1, h, w, int(b.rng.choice([4, 8]))))
        padding = {"padding": SAME} if seed % 2 else {}
        y = b.average_pool2d(x, (h, w), (1 + seed % 3 * h, w), **padding)
        _check(b, y, seed, machine, f"WEFT_SEED={seed}")


def test_mean_over_any_dimensions() -> None:
    machine = Machine(small(), library_image())
    for seed in range(BASE_SEED, BASE_SEED + 20):
        rng = np.random.default_rng(seed)
        rank = int(rng.integers(1, 5))
        shape = [int(n) for n in rng.choice([1, 2, 3, 4, 5, 8], rank)]
        mask = rng.integers(0, 2, rank)
        axes = [i for i in range(rank) if mask[i]] or [rank - 1]
        scale_in, scale_out = rng.uniform(0.01, 0.1, 2)
        zero_in, zero_out = (int(z) for z in rng.choice([-128, -3, 0, 127], 2))
        x = rng.integers(-128, 128, shape, np.int8)
        use = _mean(x, axes, float(scale_in), zero_in, float(scale_out), zero_out)
        # The compiler takes MEAN only over height and width; NumPy and arch.quant are the judges.
        sums = (x.astype(np.int64) - zero_in).sum(tuple(axes))
        count = int(np.prod([shape[axis] for axis in axes]))
        factor = quantize_multiplier(float(scale_in) / float(scale_out) / count)
        expected = requantize(sums, *factor, zero_out, -128, 127).astype(np.int8).tobytes()
        _, on_rv32 = on_core(machine, use, rng)
        assert library_host().call("MEAN", use) == 0
        where = f"WEFT_SEED={seed} shape {shape} axes {axes}"
        assert output_bytes(use) == [expected], where
        assert on_rv32 == [expected], where


def _mean(
    x: np.ndarray, axes: list[int], scale_in: float, zero_in: int, scale_out: float, zero_out: int
) -> OpDescription:
    count = int(np.prod([x.shape[axis] for axis in axes]))
    multiplier, shift = quantize_multiplier(scale_in / scale_out / count)
    params = {"axes": sum(1 << a for a in axes), "multiplier": multiplier, "shift": shift}
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    return OpDescription(
        "MEAN",
        (TensorDescription(x.shape, TensorType.INT8, x, scale_in, zero_in),),
        (TensorDescription(shape, TensorType.INT8, np.zeros(shape, np.int8), scale_out, zero_out),),
        op_params.MEAN.pack(params),
    )
