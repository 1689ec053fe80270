"""Operators that sum products, against TensorFlow Lite Micro."""

from __future__ import annotations

import pytest

from compiler.graph import DType
from compiler.ops.batch_matmul import has_constant_weights
from sim.reference import Reference
from tests.configs import config
from tests.functional import Accelerator
from tests.kernel_check import (
    check_accelerator,
    check_core,
    check_state,
    input_sets,
    n_cases,
    reference_of,
    repeat_with,
    seeds,
    small,
)
from tests.model_builder import Kind, ModelBuilder, schema
from tests.product_cases import (
    ON_CORE,
    PRODUCTS,
    STATEFUL,
    unidirectional_sequence_lstm_16x8,
)


def test_transpose_conv_on_the_array_gives_the_outputs_of_the_reference_kernel() -> None:
    name = "transpose_conv"
    for seed in seeds(60):
        reference = reference_of(name, PRODUCTS[name], seed)
        where = repeat_with(seed, name)
        engines = check_accelerator(reference, small(), input_sets(reference, seed), where)
        assert engines == ["array"]


@pytest.mark.parametrize("name", ON_CORE)
def test_core_gives_the_outputs_of_the_reference_kernel(name: str) -> None:
    for seed in seeds(25):
        reference = reference_of(name, PRODUCTS[name], seed)
        (op,) = reference.graph.operators
        if op.kind == Kind.BATCH_MATMUL and has_constant_weights(op):
            continue  # never on the core
        check_core(reference, seed, repeat_with(seed, name))


@pytest.mark.parametrize("name", ON_CORE)
def test_accelerator_gives_the_outputs_of_the_reference_kernel(name: str) -> None:
    for seed in seeds(4):
        reference, where = reference_of(name, PRODUCTS[name], seed), repeat_with(seed, name)
        runs = input_sets(reference, seed, 4)
        engines = check_accelerator(reference, small(), runs, where)
        is_int8 = reference.graph.outputs[0].dtype is DType.INT8
        assert engines == ["array" if name == "batch_matmul" and is_int8 else "core"]


@pytest.mark.parametrize("config_name", ["large", "narrow", "tall", "wide"])
def test_batch_matmul_on_arrays_of_every_shape(config_name: str) -> None:
    name, n_on_array = "batch_matmul", 0
    for seed in seeds(16):
        reference, where = reference_of(name, PRODUCTS[name], seed), repeat_with(seed, name)
        if reference.graph.outputs[0].dtype is DType.INT8:
            runs = input_sets(reference, seed, 1)
            engines = check_accelerator(reference, config(config_name), runs, where)
            n_on_array += engines == ["array"]
    assert n_on_array or n_cases(2) == 1


@pytest.mark.parametrize("rows", [(5,), (2, 3), (1, 4, 2)])
def test_fully_connected_takes_a_matrix_that_is_computed(rows: tuple[int, ...]) -> None:
    b = ModelBuilder(len(rows))
    x, w = b.input((*rows, 12)), b.input((7, 12))
    y = b.activation((*rows, 7), b.quantisation(x)[0] * b.quantisation(w)[0] * 400)
    options = schema.FullyConnectedOptionsT(keepNumDims=True)
    b.operator(Kind.FULLY_CONNECTED, [x, w] + [-1] * (len(rows) == 2), [y], options)
    reference = Reference(b.build(y))
    engines = check_accelerator(reference, small(), input_sets(reference, 1), str(rows))
    assert engines == ["array"]


@pytest.mark.parametrize("columns", [70, 200])
def test_batch_matmul_takes_columns_in_turns_where_they_do_not_fit(columns: int) -> None:
    b = ModelBuilder(columns)
    x = b.input((2, 9, 33), scale=0.02, zero_point=-128)
    w = b.input((2, 33, columns), scale=0.02, zero_point=-128)
    y = b.activation((2, 9, columns), 0.5, 3)
    options = schema.BatchMatMulOptionsT(adjX=False, adjY=False)
    b.operator(Kind.BATCH_MATMUL, [x, w], [y], options)
    reference = Reference(b.build(y))
    few = small().model_copy(update={"weight_memory_kib": 8})
    runs = input_sets(reference, 1)
    assert check_accelerator(reference, few, runs, "") == ["array"]


def test_batch_matmul_with_sums_that_do_not_fit_runs_on_the_core() -> None:
    b = ModelBuilder(1)
    x, w = b.input((2, 700), scale=0.02, zero_point=5), b.input((700, 3), scale=0.02, zero_point=7)
    y = b.activation((2, 3), 1.5, 3)
    b.operator(Kind.BATCH_MATMUL, [x, w], [y], schema.BatchMatMulOptionsT())
    reference = Reference(b.build(y))
    assert check_accelerator(reference, small(), input_sets(reference, 1), "") == ["core"]


@pytest.mark.parametrize("name", STATEFUL)
def test_what_keeps_state_goes_on_as_the_reference_kernel_does(name: str) -> None:
    for seed in seeds(40):
        reference, where = reference_of(name, PRODUCTS[name], seed), repeat_with(seed, name)
        check_state(reference, seed, 6, where, on_rv32=seed % 8 == 0)


@pytest.mark.parametrize("name", STATEFUL)
@pytest.mark.parametrize("weight_memory_kib", [32, 1])
def test_accelerator_keeps_state_between_inferences_and_sums_on_the_array(
    name: str, weight_memory_kib: int
) -> None:
    """With room for all weights, and for a few at a time."""
    chosen = small().model_copy(update={"weight_memory_kib": weight_memory_kib})
    for seed in seeds(4):
        reference, where = reference_of(name, PRODUCTS[name], seed), repeat_with(seed, name)
        accelerator = Accelerator(reference.graph, chosen)
        for inputs in input_sets(reference, seed, 4):
            (expected,), (actual,) = reference.run(inputs), accelerator.run(inputs)
            assert actual.tobytes() == expected.tobytes(), where
            assert accelerator.n_given >= 2, where
        assert accelerator.engines() == ["core"]


def test_lstm_of_int16_goes_on_as_the_reference_kernel_does() -> None:
    name = "unidirectional_sequence_lstm_16x8"
    for seed in seeds(12):
        reference = reference_of(name, unidirectional_sequence_lstm_16x8, seed)
        check_state(reference, seed, 4, repeat_with(seed, name), on_rv32=seed % 6 == 0)
        if seed % 6 == 1:
            accelerator = Accelerator(reference.graph, small())
            reference = reference_of(name, unidirectional_sequence_lstm_16x8, seed)
            for inputs in input_sets(reference, seed, 3):
                (expected,), (actual,) = reference.run(inputs), accelerator.run(inputs)
                assert actual.tobytes() == expected.tobytes(), repeat_with(seed, name)


def test_fully_connected_takes_a_filter_of_int8_with_a_zero_point() -> None:
    for seed in seeds(3):
        b = ModelBuilder(seed)
        x = b.input((2, 40), zero_point=-5)
        y = b.fully_connected(x, 9, filter_zero_point=[-128, 3, 127][seed % 3])
        reference, where = Reference(b.build(y)), repeat_with(seed, "zero point")
        runs = input_sets(reference, seed)
        assert check_accelerator(reference, small(), runs, where) == ["array"]
