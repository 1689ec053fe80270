"""Files that are no model, or no model that can be read, give one line that says why.

To repeat a failure: WEFT_SEED as it is printed, and WEFT_MUTATIONS=1. To search longer: raise
WEFT_MUTATIONS.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from compiler import constraints
from compiler.errors import ModelError
from compiler.operators import verify
from compiler.tflite_reader import read_model
from tests.compiler.cases import CASES
from tests.mlperf import MLPERF_NAMES, mlperf_model
from tests.model_builder import DType, ModelBuilder

N_MUTATIONS = int(os.environ.get("WEFT_MUTATIONS", "200"))
SEED = int(os.environ.get("WEFT_SEED", "1"))
SECONDS_FOR_ONE_FILE = 5


def simple() -> tuple[ModelBuilder, int]:
    b = ModelBuilder()
    return b, b.conv2d(b.input((1, 4, 4, 3)), 2)


def test_no_prefix_of_a_model_is_a_model() -> None:
    b, y = simple()
    data = b.build(y)
    for length in range(len(data) - 1):
        with pytest.raises(ModelError):
            read_model(data[:length])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "model: is not a readable .tflite model: the file is empty"),
        (b"\x1c\0\0\0TFL", "does not have the identifier TFL3"),
        (b"PK\x03\x04 a zip archive", "does not have the identifier TFL3"),
        (b"\x1c\0\0\0TFL3", "Model lies outside the file"),
        (b"\0\0\0\0TFL3", "root has a null offset"),
        (b"\xff\xff\xff\xffTFL3", "Model lies outside the file"),
    ],
)
def test_other_files_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_model(data)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def _version(b: ModelBuilder) -> None:
    b.model.version = 2


def _no_subgraph(b: ModelBuilder) -> None:
    b.model.subgraphs = []


def _no_outputs(b: ModelBuilder) -> None:
    b.subgraph.outputs = []


def _output_out_of_range(b: ModelBuilder) -> None:
    b.subgraph.outputs = [99]


def _operand_out_of_range(b: ModelBuilder) -> None:
    b.subgraph.operators[0].inputs = np.array([0, 1, -2], np.int32)


def _result_absent(b: ModelBuilder) -> None:
    b.subgraph.operators[0].outputs = np.array([-1], np.int32)


def _code_out_of_range(b: ModelBuilder) -> None:
    b.subgraph.operators[0].opcodeIndex = 3


def _unknown_code(b: ModelBuilder) -> None:
    b.model.operatorCodes[0].builtinCode = 999


def _buffer_out_of_range(b: ModelBuilder) -> None:
    b.subgraph.tensors[0].buffer = 77


def _data_outside(b: ModelBuilder) -> None:
    b.model.buffers[1].data = None
    b.model.buffers[1].offset, b.model.buffers[1].size = 10**9, 54


def _data_too_short(b: ModelBuilder) -> None:
    b.model.buffers[1].data = b.model.buffers[1].data[:-1]


def _unknown_type(b: ModelBuilder) -> None:
    b.subgraph.tensors[0].type = 99


def _four_bit_weights(b: ModelBuilder) -> None:
    b.subgraph.tensors[1].type = DType.INT4


def _dynamic_shape(b: ModelBuilder) -> None:
    b.subgraph.tensors[0].shape = np.array([-1, 4, 4, 3], np.int32)


def _many_dimensions(b: ModelBuilder) -> None:
    b.subgraph.tensors[0].shape = np.ones(9, np.int32)


def _vast_without_elements(b: ModelBuilder) -> None:
    largest = (1 << 31) - 1
    b.tensor([0, largest, largest, largest], name="vast")


def _zero_points(b: ModelBuilder) -> None:
    b.subgraph.tensors[1].quantization.zeroPoint = np.zeros(3, np.int64)


def _scales(b: ModelBuilder) -> None:
    b.subgraph.tensors[1].quantization.quantizedDimension = 9


def _sparse(b: ModelBuilder) -> None:
    b.subgraph.tensors[1].sparsity = schema.SparsityParametersT()


def _details(b: ModelBuilder) -> None:
    q = b.subgraph.tensors[1].quantization
    q.detailsType, q.details = 1, schema.CustomQuantizationT()


def _external(b: ModelBuilder) -> None:
    b.subgraph.tensors[1].externalBuffer = 4


def _no_options(b: ModelBuilder) -> None:
    op = b.subgraph.operators[0]
    op.builtinOptions, op.builtinOptionsType = None, 0


def _wrong_options(b: ModelBuilder) -> None:
    op = b.subgraph.operators[0]
    op.builtinOptions = schema.AddOptionsT()
    op.builtinOptionsType = schema.BuiltinOptions.AddOptions


def _padding(b: ModelBuilder) -> None:
    b.subgraph.operators[0].builtinOptions.padding = 7


def _activation(b: ModelBuilder) -> None:
    b.subgraph.operators[0].builtinOptions.fusedActivationFunction = 7


def _read_before_written(b: ModelBuilder) -> None:
    b.subgraph.inputs = []


def _written_twice(b: ModelBuilder) -> None:
    b.subgraph.operators = b.subgraph.operators * 2


def _written_input(b: ModelBuilder) -> None:
    b.subgraph.inputs = [0, 3]


def _constant_input(b: ModelBuilder) -> None:
    b.subgraph.inputs = [0, 1]


def _input_twice(b: ModelBuilder) -> None:
    b.subgraph.inputs = [0, 0]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_version, "its schema has version 2 instead of 3"),
        (_no_subgraph, "it has no subgraphs"),
        (_no_outputs, "it has no outputs"),
        (_output_out_of_range, "the list of outputs: refers to tensor 99 of 4"),
        (_operand_out_of_range, "operator 0 CONV_2D: refers to tensor -2 of 4"),
        (_result_absent, "operator 0 CONV_2D: refers to tensor -1 of 4"),
        (_code_out_of_range, "operator 0: refers to operator code 3"),
        (_unknown_code, "operator code 0: builtin operator 999 is unknown"),
        (_buffer_out_of_range, "tensor 0 't0': refers to buffer 77, which is not there"),
        (_data_outside, "tensor 1 't1': its data lies outside the file"),
        (_data_too_short, "tensor 1 't1': holds 53 bytes for 54 elements of type INT8"),
        (_unknown_type, "tensor 0 't0': element type 99 is unknown"),
        (_four_bit_weights, "tensor 1 't1': holds 54 bytes for 54 elements of type INT4"),
        (_dynamic_shape, "tensor 0 't0' (INT8 -1x4x4x3) has a dynamic shape; convert the model"),
        (_many_dimensions, "tensor 0 't0': has 9 dimensions; the limit is 8"),
        (_vast_without_elements, "tensor 4 'vast' (INT8 0x2147483647x2147483647x2147483647) has"),
        (_zero_points, "tensor 1 't1': has 2 scales and 3 zero points"),
        (_scales, "tensor 1 't1': has 2 scales, but not as many indices to scale"),
        (_sparse, "tensor 1 't1': is sparse, and its dimensions are listed in no order"),
        (_details, "quantization.details_type: quantisation other than by scales"),
        (_external, "tensors[1].external_buffer: constants in other files are not supported"),
        (_no_options, "operator 0 CONV_2D: its options are missing"),
        (_wrong_options, "operator 0 CONV_2D: has the options of another operator"),
        (_padding, "operator 0 CONV_2D: padding 7 is unknown"),
        (_activation, "operator 0 CONV_2D: activation function 7 is unknown"),
        (_read_before_written, "operator 0 CONV_2D 't3' reads tensor 0 't0' (INT8 1x4x4x3) before"),
        (_written_twice, "operator 1 CONV_2D 't3' writes tensor 3 't3' (INT8 1x4x4x2), which is"),
        (_written_input, "operator 0 CONV_2D 't3' writes tensor 3 't3' (INT8 1x4x4x2), which is"),
        (_constant_input, "input tensor 1 't1' (INT8 2x3x3x3) is a constant"),
        (_input_twice, "input tensor 0 't0' (INT8 1x4x4x3) is listed twice"),
    ],
)
def test_contradictions_are_named(spoil: Callable[[ModelBuilder], None], message: str) -> None:
    b, y = simple()
    b.subgraph.outputs = [y]
    spoil(b)
    with pytest.raises(ModelError) as caught:
        read_model(b.build(), "m.tflite")
    assert message in str(caught.value)
    assert str(caught.value).startswith("m.tflite: ")
    assert "\n" not in str(caught.value)


def test_custom_operators_have_no_builtin_options() -> None:
    b = ModelBuilder()
    (y,) = b.custom("MyOp", [b.input((4,))], [(4,)])
    op = b.subgraph.operators[0]
    op.builtinOptions = schema.AddOptionsT()
    op.builtinOptionsType = schema.BuiltinOptions.AddOptions
    with pytest.raises(ModelError, match="operator 0 CUSTOM: has the options of a builtin"):
        read_model(b.build(y))


def test_names_from_a_model_do_not_break_the_line() -> None:
    b, y = simple()
    b.subgraph.tensors[y].name = b"a\nb\x1b[31m" + b"\xff" + b"x" * 500
    b.subgraph.tensors[y].quantization = None
    with pytest.raises(ModelError) as caught:
        constraints.check(read_model(b.build(y)))
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 500


# ---- random damage -------------------------------------------------------------------------------
def structure_of(data: bytes) -> np.ndarray:
    """Positions outside constants, where damage matters."""
    inside = np.zeros(len(data), bool)
    base = np.frombuffer(data, np.uint8).__array_interface__["data"][0]
    for tensor in read_model(data).tensors:
        if tensor.data is not None and tensor.data.size:
            start = tensor.data.__array_interface__["data"][0] - base
            inside[start : start + tensor.data.nbytes] = True
    return np.flatnonzero(~inside)


def damaged(data: bytes, structure: np.ndarray, rng: np.random.Generator) -> bytes:
    """The file with a few bytes or words changed, cut off or moved."""
    out = bytearray(data)
    kind = rng.integers(0, 8)
    if kind == 0:
        return bytes(out[: rng.integers(0, len(out))])
    if kind == 1:
        start, end = sorted(int(i) for i in rng.integers(0, len(out), 2))
        return bytes(out[:start] + out[end:])
    for _ in range(int(rng.integers(1, 5))):
        position = int(rng.choice(structure))
        if kind in (2, 3, 4):
            out[position] = int(rng.integers(0, 256))
        else:
            position = min(position & ~3, len(out) - 4)
            word = int(rng.choice([0, 1, 2, 4, 1 << 31, (1 << 32) - 1, (1 << 31) - 1, len(out)]))
            word = word if rng.integers(0, 2) else int(rng.integers(0, len(out)))
            struct.pack_into("<I", out, position, word)
    return bytes(out)


def survives(data: bytes, seed: int) -> bool:
    """True if a graph comes out; anything but that or a ModelError of one line fails the test."""
    begin = time.monotonic()
    try:
        graph = read_model(data)
        constraints.check(graph)
        verify(graph)
        return True
    except ModelError as error:
        assert "\n" not in str(error), f"WEFT_SEED={seed}"
        return False
    except Exception as error:
        raise AssertionError(f"WEFT_SEED={seed}: {error!r}") from error
    finally:
        assert time.monotonic() - begin < SECONDS_FOR_ONE_FILE, f"WEFT_SEED={seed}"


def fuzz(data: bytes) -> None:
    structure = structure_of(data)
    survivors = 0
    for seed in range(SEED, SEED + N_MUTATIONS):
        survivors += survives(damaged(data, structure, np.random.default_rng(seed)), seed)
    assert survivors < N_MUTATIONS  # the damage does something


@pytest.mark.parametrize("name", MLPERF_NAMES)
def test_damaged_mlperf_models_give_one_line_or_a_graph(name: str) -> None:
    fuzz(mlperf_model(name))


@pytest.mark.parametrize("name", [*CASES, "custom"])
def test_damaged_generated_models_give_one_line_or_a_graph(name: str) -> None:
    b = ModelBuilder(3)
    if name == "custom":
        y = b.custom("MyOp", [b.conv2d(b.input((1, 4, 4, 2)))], [(1, 4)], b"options")[0]
    else:
        y = CASES[name](b)
    b.model.signatureDefs = [
        schema.SignatureDefT(
            inputs=[schema.TensorMapT(name=b"x", tensorIndex=0)],
            outputs=[schema.TensorMapT(name=b"y", tensorIndex=y)],
            signatureKey=b"serving_default",
        )
    ]
    b.model.metadata = [schema.MetadataT(name=b"min_runtime_version", buffer=0)]
    fuzz(b.build(y))


def test_every_single_byte_of_a_small_model_may_be_wrong() -> None:
    b = ModelBuilder()
    data = b.build(b.reshape(b.input((2, 2)), (4,)))
    for position in range(len(data)):
        for value in (0, 1, 0x7F, 0x80, 0xFF, data[position] ^ 4):
            changed = bytearray(data)
            changed[position] = value
            survives(bytes(changed), position)
