"""Models with variables (VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE, CALL_ONCE)."""

from __future__ import annotations

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from arch.config import load_config
from compiler.errors import ModelError
from compiler.program import load_program
from compiler.tflite_reader import read_model
from sim.inference import job_of
from sim.reference import Reference, random_inputs
from sim.run import prepare_bytes, run_functional
from tests.functional import Accelerator
from tests.model_builder import DType, Kind, ModelBuilder

SCALE, ZERO = 0.05, -7


def _handle(b: ModelBuilder, name: str) -> int:
    handle = b.tensor((), dtype=DType.RESOURCE)
    b.operator(Kind.VAR_HANDLE, [], [handle], schema.VarHandleOptionsT(sharedName=name.encode()))
    return handle


def _initial(b: ModelBuilder, values: dict[str, np.ndarray]) -> None:
    """The subgraph that is called once."""
    main = b.subgraph
    b.subgraph = schema.SubGraphT(tensors=[], operators=[], inputs=[], outputs=[], name=b"NoOp")
    for name, value in values.items():
        handle = _handle(b, name)
        constant = b.constant(value, scale=SCALE, zero_point=ZERO)
        b.operator(Kind.ASSIGN_VARIABLE, [handle, constant], [])
    b.model.subgraphs.append(b.subgraph)
    b.subgraph = main


def streaming(height: int = 4, channels: int = 8) -> ModelBuilder:
    """A convolution over the last rows, and a running sum that is read twice and assigned twice."""
    b = ModelBuilder(3)
    b.operator(Kind.CALL_ONCE, [], [], schema.CallOnceOptionsT(initSubgraphIndex=1))
    x = b.input((1, 1, 6, channels), scale=SCALE, zero_point=ZERO)
    rows, total = _handle(b, "rows"), _handle(b, "total")
    before = b.activation((1, height, 6, channels), SCALE, ZERO)
    b.operator(Kind.READ_VARIABLE, [rows], [before])
    joined = b.activation((1, height + 1, 6, channels), SCALE, ZERO)
    b.operator(Kind.CONCATENATION, [before, x], [joined], schema.ConcatenationOptionsT(axis=1))
    y = b.conv2d(joined, channels, (3, 3), scale=SCALE, zero_point=ZERO, filter_scale=0.0005)
    last = b.activation((1, height, 6, channels), SCALE, ZERO)
    begin, size = (b.constant(np.array(v, np.int32)) for v in ((0, 1, 0, 0), (1, height, 6, -1)))
    b.operator(Kind.SLICE, [joined, begin, size], [last], schema.SliceOptionsT())
    b.operator(Kind.ASSIGN_VARIABLE, [rows, last], [])
    results = [y]
    for _ in range(2):
        old = b.activation((1, 1, 6, channels), SCALE, ZERO)
        b.operator(Kind.READ_VARIABLE, [total], [old])
        new = b.add(old, x, scale=SCALE, zero_point=ZERO)
        b.operator(Kind.ASSIGN_VARIABLE, [total, new], [])
        results.append(new)
    _initial(
        b,
        {
            "rows": b.rng.integers(-128, 128, (1, height, 6, channels), np.int8),
            "total": np.full((1, 1, 6, channels), ZERO, np.int8),
        },
    )
    b.subgraph.outputs = results
    return b


def _data(b: ModelBuilder) -> bytes:
    return b.build(*b.subgraph.outputs)


@pytest.mark.parametrize(("config", "height"), [("small", 4), ("tiny", 700)])
def test_variables_keep_their_values_from_one_inference_to_the_next(
    config: str, height: int
) -> None:
    data = _data(streaming(height))
    reference = Reference(data)
    accelerator = Accelerator(reference.graph, load_config(config))
    seen = set()
    for seed in range(4):
        inputs = random_inputs(reference.graph, seed)
        expected = reference.run(inputs)
        for actual, wanted in zip(accelerator.run(inputs), expected, strict=True):
            np.testing.assert_array_equal(actual, wanted, f"inference {seed}")
        seen.add(expected[0].tobytes())
    assert len(seen) == 4


def test_initial_values_are_in_the_program_s_file_and_in_jobs(tmp_path) -> None:
    prepared = prepare_bytes(_data(streaming()), "streaming", load_config("small"))
    inputs = [random_inputs(prepared.graph, seed) for seed in range(3)]
    assert run_functional(prepared, inputs).bit_exact
    prepared.program.save(tmp_path / "program")
    again = load_program(tmp_path / "program")
    assert again.arena() == prepared.program.arena()
    assert job_of(again, inputs).image == job_of(prepared.program, inputs).image


def test_variables_without_a_constant_to_begin_with_are_refused() -> None:
    b = streaming()
    b.model.subgraphs[1].operators = b.model.subgraphs[1].operators[:2]
    with pytest.raises(ModelError, match="a variable, has no initial value like it"):
        read_model(_data(b))
    b = streaming()
    b.model.subgraphs[1].operators[1].inputs = np.array([0], np.int32)
    with pytest.raises(ModelError, match="supported there are constants assigned to variables"):
        read_model(_data(b))


def test_a_variable_that_nothing_names_is_refused() -> None:
    b = streaming()
    read = next(op for op in b.subgraph.operators if len(op.inputs) == 1)
    read.inputs = np.array([0], np.int32)
    with pytest.raises(ModelError, match="READ_VARIABLE .*: names no variable"):
        read_model(_data(b))
