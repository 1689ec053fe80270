"""Operators that only move data, on the array and on the core, against TensorFlow Lite Micro.

To repeat a failure: WEFT_SEED as it is printed, and WEFT_CASES=1. To search longer: WEFT_CASES.
"""

from __future__ import annotations

import numpy as np
import pytest

from compiler.operators import SPECS
from compiler.tflite_reader import read_model
from sim.reference import random_inputs
from tests.functional import Accelerator
from tests.kernel_check import (
    check_accelerator,
    check_core,
    input_sets,
    reference_of,
    repeat_with,
    seeds,
    small,
    without_elementwise,
)
from tests.model_builder import Kind, ModelBuilder, schema
from tests.movement_cases import BOOL, FLOAT32, INT8, INT16, INT32, MOVEMENT, choice, sizes
from tests.typed import int32, typed, typed_input


@pytest.mark.parametrize("name", MOVEMENT)
def test_array_gives_the_outputs_of_the_reference_kernel(name: str) -> None:
    for seed in seeds(40):
        reference, where = reference_of(name, MOVEMENT[name], seed), repeat_with(seed, name)
        check_accelerator(reference, small(), input_sets(reference, seed), where)


@pytest.mark.parametrize("name", MOVEMENT)
def test_rv32_build_gives_the_outputs_of_the_reference_kernel(name: str) -> None:
    for seed in seeds(12):
        check_core(reference_of(name, MOVEMENT[name], seed), seed, repeat_with(seed, name))


def test_tile_repeats_as_numpy_does() -> None:
    """TensorFlow Lite Micro has no TILE."""
    for seed in seeds(20):
        b = ModelBuilder(seed)
        shape = sizes(b, choice(b, 1, 2, 3, 4))
        times = [choice(b, 1, 1, 2, 3) for _ in shape]
        dtype = choice(b, INT8, INT16, INT32, FLOAT32, BOOL)
        x = typed_input(b, shape, dtype)
        y = typed(b, [n * m for n, m in zip(shape, times, strict=True)], dtype, x)
        b.operator(Kind.TILE, [x, int32(b, times)], [y], schema.TileOptionsT())
        graph = read_model(b.build(y))
        (array,) = random_inputs(graph, seed)
        (actual,) = Accelerator(graph, small()).run([array])
        np.testing.assert_array_equal(actual, np.tile(array, times), f"WEFT_SEED={seed}")


def test_space_to_batch_pads_with_the_zero_point() -> None:
    """As TensorFlow Lite does; what TensorFlow Lite Micro pads with it does not initialise."""
    for seed in seeds(20):
        b = ModelBuilder(seed)
        (n, h, w, c), (by, bx) = sizes(b, 4), (choice(b, 1, 2, 3), choice(b, 1, 2, 3))
        (top, left), (y, x) = (choice(b, 0, 1, 4), choice(b, 0, 1, 4)), (h, w)
        bottom, right = -(h + top) % by, -(w + left) % bx
        oh, ow = (top + y + bottom) // by, (left + x + right) // bx
        source = b.input((n, h, w, c))
        target = b.activation((n * by * bx, oh, ow, c), *b.quantisation(source))
        operands = [source, int32(b, [by, bx]), int32(b, [[top, bottom], [left, right]])]
        b.operator(Kind.SPACE_TO_BATCH_ND, operands, [target], schema.SpaceToBatchNDOptionsT())
        graph = read_model(b.build(target))
        (array,) = random_inputs(graph, seed)
        margins = [(0, 0), (top, bottom), (left, right), (0, 0)]
        padded = np.pad(array, margins, constant_values=graph.inputs[0].zero_point)
        blocks = padded.reshape(n, oh, by, ow, bx, c).transpose(2, 4, 0, 1, 3, 5)
        (actual,) = Accelerator(graph, small()).run([array])
        expected = blocks.reshape(actual.shape)
        np.testing.assert_array_equal(actual, expected, f"WEFT_SEED={seed} WEFT_CASES=1")


def test_what_moves_data_runs_on_the_array_where_it_has_an_element_wise_engine() -> None:
    for name in ("concatenation", "split", "strided_slice", "transpose", "depth_to_space"):
        reference = reference_of(name, MOVEMENT[name], 1)
        assert Accelerator(reference.graph, small()).engines() == ["array"]
        assert Accelerator(reference.graph, without_elementwise()).engines() == ["core"]
        check_accelerator(reference, without_elementwise(), input_sets(reference, 1), name)


def test_every_operator_that_copies_is_tested() -> None:
    copied = {
        kind.name.lower() for kind, spec in SPECS.items() if spec.copies or spec.moves_nothing
    }
    operators = set(MOVEMENT) - {"slice_of_some"}  # a STRIDED_SLICE as well
    assert copied == operators | {"tile", "reshape", "resize_nearest_neighbor"}
