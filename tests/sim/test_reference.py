"""The reference runs whole models, parts of them, and custom operators in between."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from compiler.errors import ModelError
from compiler.graph import Operator
from sim.reference import Reference, extreme_inputs, random_inputs
from tests.mlperf import MLPERF_NAMES, mlperf_model
from tests.model_builder import ModelBuilder

Array = NDArray[Any]


def negate(op: Operator, inputs: Sequence[Array | None]) -> list[Array]:
    """A custom operator: minus each code, saturated, plus what its options say."""
    (x,) = inputs
    assert x is not None
    offset = int.from_bytes(op.custom_options, "little", signed=True)
    return [np.clip(-x.astype(np.int32) + offset, -128, 127).astype(np.int8)]


def two_branches(b: ModelBuilder) -> list[int]:
    """Convolutions, custom operators in both branches, an addition, an output in the middle."""
    x = b.input((1, 6, 6, 3))
    y = b.conv2d(x, 4)
    (left,) = b.custom("Negate", [y], [b.shape(y)], b"\x03")
    right = b.depthwise_conv2d(y)
    (right,) = b.custom("Negate", [right], [b.shape(right)], b"\xfd")
    total = b.add(left, right)
    return [b.softmax(b.reshape(total, (1, -1))), y, x, total]


def part(operators: slice, inputs: list[int], outputs: list[int]) -> Reference:
    """Some operators of the network above as a network of their own, without rewriting a file."""
    b = ModelBuilder(1)
    two_branches(b)
    b.subgraph.operators = b.subgraph.operators[operators]
    b.subgraph.inputs = inputs
    return Reference(b.build(*outputs))


def by_hand(x: Array) -> list[Array]:
    """The outputs of the network above, with its custom operators worked out here."""
    b = ModelBuilder(1)
    probabilities, y, _, total = two_branches(b)
    convolution, _, depthwise, _, add = b.subgraph.operators[:5]
    (y_value,) = part(slice(0, 1), [int(convolution.inputs[0])], [y]).run([x])
    right_index = int(depthwise.outputs[0])
    (right,) = part(slice(2, 3), [y], [right_index]).run([y_value])
    branches = [
        np.clip(-codes.astype(np.int32) + offset, -128, 127).astype(np.int8)
        for codes, offset in ((y_value, 3), (right, -3))
    ]
    rest = part(slice(4, None), [int(i) for i in add.inputs], [probabilities, total])
    probabilities_value, total_value = rest.run(branches)
    return [probabilities_value, y_value, x, total_value]


def test_a_model_with_custom_operators_is_run_in_parts() -> None:
    b = ModelBuilder(1)
    data = b.build(*two_branches(b))
    reference = Reference(data, {"Negate": negate})
    for seed in range(5):
        inputs = random_inputs(reference.graph, seed)
        expected = by_hand(inputs[0])
        for output, due in zip(reference.run(inputs), expected, strict=True):
            np.testing.assert_array_equal(output, due)


def test_all_tensors_are_those_that_separate_outputs_give() -> None:
    """Preserving every tensor and making every tensor an output must agree."""
    b = ModelBuilder(2)
    y = b.conv2d(b.input((1, 8, 8, 3)), 8)
    z = b.max_pool2d(b.depthwise_conv2d(y))
    w = b.softmax(b.fully_connected(b.reshape(z, (1, -1)), 5))
    reference = Reference(b.build(w))
    activations = [_index(t) for op in reference.graph.operators for t in op.outputs]
    each = Reference(b.build(*activations))
    for seed in range(5):
        inputs = random_inputs(reference.graph, seed)
        values = reference.all_tensors(inputs)
        assert set(values) == {0, *activations}
        np.testing.assert_array_equal(values[0], inputs[0])
        for index, expected in zip(activations, each.run(inputs), strict=True):
            np.testing.assert_array_equal(values[index], expected)
            np.testing.assert_array_equal(reference.tensor(inputs, index), expected)


def _index(tensor: Any) -> int:
    assert tensor.index is not None
    return int(tensor.index)


def test_the_first_difference_is_in_the_operator_that_ran_first() -> None:
    b = ModelBuilder(1)
    outputs = two_branches(b)
    reference = Reference(b.build(*outputs), {"Negate": negate})
    inputs = random_inputs(reference.graph, 7)
    actual = reference.all_tensors(inputs)
    assert reference.first_difference(inputs, actual) is None
    changed = {index: value.copy() for index, value in actual.items()}
    changed[outputs[3]][0, 1, 2, 3] ^= 1
    changed[outputs[1]][0, 5, 4, 2] ^= 1
    changed[outputs[1]][0, 5, 5, 2] ^= 1
    found = reference.first_difference(inputs, changed)
    assert found is not None
    assert (found.tensor.index, found.operator) == (outputs[1], reference.graph.operators[0])
    assert (found.index, found.n_different) == ((0, 5, 4, 2), 2)
    assert found.expected == actual[outputs[1]][0, 5, 4, 2]
    assert found.actual == found.expected ^ 1
    assert str(found) == (
        f"tensor 3 't3' (INT8 1x6x6x4), written by operator 0 CONV_2D: first difference at "
        f"[0, 5, 4, 2]: {found.actual} where {found.expected} is due (2 of 144 elements differ)"
    )
    only_last = {outputs[3]: changed[outputs[3]].reshape(-1)}
    found = reference.first_difference(inputs, only_last)
    assert found is not None and found.tensor.index == outputs[3]


def test_arrays_that_cannot_be_compared_are_refused() -> None:
    b = ModelBuilder()
    y = b.softmax(b.input((1, 4)))
    reference = Reference(b.build(y))
    inputs = random_inputs(reference.graph, 0)
    for wrong in (np.zeros(3, np.int8), np.zeros(4, np.int16)):
        with pytest.raises(ModelError, match="cannot be compared"):
            reference.first_difference(inputs, {y: wrong})


@pytest.mark.parametrize("name", MLPERF_NAMES)
def test_mlperf_models_run_and_every_tensor_can_be_had(name: str) -> None:
    reference = Reference(mlperf_model(name))
    for inputs in [random_inputs(reference.graph, 1), *extreme_inputs(reference.graph)]:
        values = reference.all_tensors(inputs)
        for tensor, output in zip(reference.graph.outputs, reference.run(inputs), strict=True):
            np.testing.assert_array_equal(values[_index(tensor)], output)


def test_results_do_not_depend_on_what_ran_before() -> None:
    b = ModelBuilder(3)
    reference = Reference(b.build(b.conv2d(b.input((1, 5, 5, 2)), 3)))
    inputs = [random_inputs(reference.graph, seed) for seed in range(3)]
    first = [reference.run(x)[0] for x in inputs]
    again = [reference.run(x)[0] for x in reversed(inputs)]
    np.testing.assert_array_equal(first, again[::-1])


def test_a_softmax_that_would_abort_the_process_is_refused() -> None:
    b = ModelBuilder()
    x = b.reshape(b.input((700, 1), scale=0.2), (1, 700))
    reference = Reference(b.build(b.softmax(x)))
    codes = np.full((700, 1), -128, np.int8)
    codes[:511] = 127
    assert reference.run([codes])[0].max() == -127  # 256 / 511, rounded, from -128
    codes[511] = 127
    with pytest.raises(ModelError, match="operator 1 SOFTMAX 't3': with these inputs its expon"):
        reference.run([codes])


def test_random_inputs_repeat_for_a_seed_and_extremes_are_the_limits() -> None:
    b = ModelBuilder()
    x, y = b.input((2, 50)), b.input((2, 1))
    graph = Reference(b.build(b.add(x, y))).graph
    first, again, other = (random_inputs(graph, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0], again[0])
    assert (first[0] != other[0]).any()
    lowest, highest = extreme_inputs(graph)
    assert [a.dtype for a in lowest + highest] == [np.int8] * 4
    assert [a.shape for a in lowest] == [(2, 50), (2, 1)]
    assert {int(v) for a in lowest for v in a.flat} == {-128}
    assert {int(v) for a in highest for v in a.flat} == {127}


def test_wrong_inputs_and_functions_are_named() -> None:
    b = ModelBuilder(1)
    data = b.build(*two_branches(b))
    with pytest.raises(ModelError, match="operator 1 CUSTOM Negate 't4': no function is given"):
        Reference(data)
    reference = Reference(data, {"Negate": negate}, source="m.tflite")
    with pytest.raises(ModelError, match=r"m\.tflite: has 1 inputs; 0 are given"):
        reference.run([])
    with pytest.raises(ModelError, match="input 0 is tensor 0 't0' .* int8 1x6x6 is given"):
        reference.run([np.zeros((1, 6, 6), np.int8)])
    with pytest.raises(ModelError, match="an array of uint8 1x6x6x3 is given"):
        reference.run([np.zeros((1, 6, 6, 3), np.uint8)])
    x = random_inputs(reference.graph, 0)
    with pytest.raises(ModelError, match="its function returned 0 outputs"):
        Reference(data, {"Negate": lambda op, inputs: []}).run(x)
    with pytest.raises(ModelError, match="its function returned int16 1x6x6x4 for tensor 4"):
        Reference(data, {"Negate": lambda op, inputs: [np.zeros((1, 6, 6, 4), np.int16)]}).run(x)


def test_a_model_of_custom_operators_only_needs_no_interpreter() -> None:
    b = ModelBuilder()
    x = b.input((4,))
    (y,) = b.custom("Negate", [x], [(4,)])
    (z,) = b.custom("Negate", [y], [(4,)])
    reference = Reference(b.build(z, y), {"Negate": negate})
    codes = np.array([1, 2, -128, 127], np.int8)
    assert [a.tolist() for a in reference.run([codes])] == [
        [1, 2, -127, 127],
        [-1, -2, 127, -127],
    ]


def test_a_constant_may_be_an_output_and_an_operand_of_a_custom_operator() -> None:
    def add_constant(op: Operator, inputs: Sequence[Array | None]) -> list[Array]:
        x, c, absent = inputs
        assert x is not None and c is not None and absent is None
        return [x + c]

    b = ModelBuilder()
    c = b.constant(np.arange(4, dtype=np.int8), scale=0.1, zero_point=0)
    (y,) = b.custom("AddConstant", [b.input((4,)), c, -1], [(4,)])
    z = b.reshape(y, (2, 2))
    reference = Reference(b.build(z, c), {"AddConstant": add_constant})
    outputs = reference.run([np.ones(4, np.int8)])
    assert [a.tolist() for a in outputs] == [[[1, 2], [3, 4]], [0, 1, 2, 3]]


def test_constants_behind_the_flatbuffer_are_used() -> None:
    b = ModelBuilder()
    same: dict[str, Any] = {"scale": 0.5, "zero_point": 0}
    c = b.constant(np.zeros(4, np.int8), **same)
    b.subgraph.outputs = [b.add(b.input((4,), **same), c, **same)]
    buffer = b.model.buffers[1]
    buffer.data, buffer.offset, buffer.size = None, 2, 4
    buffer.offset = len(b.build())  # which takes no more room than the offset before
    reference = Reference(b.build() + bytes([1, 2, 3, 4]))
    assert reference.run([np.array([10, 10, 10, 10], np.int8)])[0].tolist() == [11, 12, 13, 14]


def test_scalars_are_run() -> None:
    b = ModelBuilder()
    same: dict[str, Any] = {"scale": 0.5, "zero_point": 0}
    x, y = b.input((), **same), b.input((2,), **same)
    reference = Reference(b.build(b.add(x, y, **same), b.reshape(x, (1, 1)), x))
    total, reshaped, scalar = reference.run([np.array(5, np.int8), np.array([1, 2], np.int8)])
    assert (total.tolist(), reshaped.tolist(), scalar.tolist()) == ([6, 7], [[5]], 5)
    assert reference.all_tensors([np.array(5, np.int8), np.array([1, 2], np.int8)])[0].shape == ()


def test_the_reference_runs_whatever_the_compiler_accepts() -> None:
    """Damaged models: those that are accepted neither crash it nor are refused."""
    seed, n_mutations = os.environ.get("WEFT_SEED", "1"), os.environ.get("WEFT_MUTATIONS", "200")
    command = [sys.executable, "-m", "tests.sim.damaged", seed, n_mutations]
    process = subprocess.run(command, capture_output=True, text=True)
    ran = process.stdout.splitlines()[-1:]
    assert process.returncode == 0, f"{ran} of {' '.join(command)}: {process.stderr[-2000:]}"
