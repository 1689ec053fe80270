"""The graph must say what the file says, as the object tree of TensorFlow Lite's schema has it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from compiler import tflite_schema
from compiler.builtin import Kind
from compiler.errors import ModelError
from compiler.flatbuffer import Refused, Scalar, Scalars, Table, Tables, Text, Union
from compiler.graph import DType, Graph, Operator, Tensor
from compiler.operators import verify
from compiler.options import Activation, Padding
from compiler.tflite_reader import load_model, read_model
from sim import tflite_rewrite
from tests.compiler.cases import CASES
from tests.mlperf import MLPERF_NAMES, mlperf_model
from tests.model_builder import DType as SchemaType
from tests.model_builder import ModelBuilder

# Fields of option classes, by the names of the schema's object tree.
_OPTION_FIELDS = {
    "padding": ("padding",),
    "stride": ("strideH", "strideW"),
    "dilation": ("dilationHFactor", "dilationWFactor"),
    "kernel": ("filterHeight", "filterWidth"),
    "activation": ("fusedActivationFunction",),
    "depth_multiplier": ("depthMultiplier",),
    "keep_num_dims": ("keepNumDims",),
    "shuffled_weights": ("weightsFormat",),
    "keep_dims": ("keepDims",),
    "beta": ("beta",),
    "new_shape": ("newShape",),
}


def assert_same_tensor(tensor: Tensor, tree: Any, buffers: list[Any]) -> None:
    assert tensor.name == tree.name.decode()
    assert tensor.shape == tuple([] if tree.shape is None else tree.shape.tolist())
    assert int(tensor.dtype) == tree.type
    assert tensor.is_variable == bool(tree.isVariable)
    q = tree.quantization
    if q is None or q.scale is None or q.zeroPoint is None or not len(q.scale):
        assert tensor.quantization is None
    else:
        assert tensor.quantization is not None
        assert tensor.quantization.scales == tuple(q.scale.tolist())
        assert tensor.quantization.zero_points == tuple(q.zeroPoint.tolist())
        assert tensor.quantization.axis == q.quantizedDimension
    data = buffers[tree.buffer].data
    if data is None or not len(data):
        assert tensor.data is None
    else:
        assert tensor.data is not None
        assert tensor.data.tobytes() == data.tobytes()
        assert not tensor.data.flags.writeable


def assert_same_operator(op: Operator, tree: Any, graph: Graph, codes: list[Any]) -> None:
    code = codes[tree.opcodeIndex]
    assert int(op.kind) == max(code.builtinCode, code.deprecatedBuiltinCode)
    for operands, indices in ((op.inputs, tree.inputs), (op.outputs, tree.outputs)):
        assert [-1 if t is None else graph.tensors.index(t) for t in operands] == indices.tolist()
    if op.options is None or tree.builtinOptions is None:
        return
    for field in dataclasses.fields(op.options):
        value = getattr(op.options, field.name)
        parts = [getattr(tree.builtinOptions, name) for name in _OPTION_FIELDS[field.name]]
        if isinstance(value, tuple) and len(parts) == 1:
            assert value == tuple([] if parts[0] is None else parts[0].tolist())
        else:
            assert value == (tuple(parts) if len(parts) > 1 else parts[0]), field.name


def assert_same(graph: Graph, data: bytes) -> None:
    model = tflite_rewrite.unpack(data)
    (subgraph,) = model.subgraphs
    assert len(graph.tensors) == len(subgraph.tensors)
    for tensor, tree in zip(graph.tensors, subgraph.tensors, strict=True):
        assert_same_tensor(tensor, tree, model.buffers)
    for op, tree in zip(graph.operators, subgraph.operators, strict=True):
        assert_same_operator(op, tree, graph, model.operatorCodes)
    assert [t.index for t in graph.inputs] == subgraph.inputs.tolist()
    assert [t.index for t in graph.outputs] == subgraph.outputs.tolist()


@pytest.mark.parametrize("name", MLPERF_NAMES)
def test_mlperf_models_are_read_as_they_are(name: str) -> None:
    data = mlperf_model(name)
    graph = read_model(data)
    verify(graph)
    assert_same(graph, data)


@pytest.mark.parametrize("name", CASES)
def test_generated_models_are_read_as_they_are(name: str) -> None:
    for seed in range(30):
        builder = ModelBuilder(seed)
        data = builder.build(CASES[name](builder))
        assert_same(read_model(data), data)


# ---- what files may contain ----------------------------------------------------------------------
def test_an_operator_keeps_its_custom_name_and_options() -> None:
    b = ModelBuilder()
    (y,) = b.custom("MyOp", [b.input((1, 4))], [(1, 4)], b"\x00\x01options")
    op = read_model(b.build(y)).operators[0]
    assert (op.kind, op.custom_name, op.custom_options) == (Kind.CUSTOM, "MyOp", b"\x00\x01options")


def test_an_absent_operand_is_none() -> None:
    b = ModelBuilder()
    op = read_model(b.build(b.conv2d(b.input((1, 3, 3, 2)), bias=False, absent_bias=True)))
    assert op.operators[0].inputs[2] is None


def test_codes_of_operators_may_be_old_or_beyond_127() -> None:
    b = ModelBuilder()
    x = b.input((1, 4))
    (y,) = b.custom("Old", [x], [(1, 4)])
    z = b.activation((1, 4))
    b.operator(Kind.GELU, [y], [z])
    old, new = b.model.operatorCodes
    old.builtinCode = 0  # files of before 2020 have only the old field
    assert (new.deprecatedBuiltinCode, new.builtinCode) == (127, 150)
    kinds = [op.kind for op in read_model(b.build(z)).operators]
    assert kinds == [Kind.CUSTOM, Kind.GELU]
    old.deprecatedBuiltinCode, old.builtinCode = 0, 32  # and some writers only the new one
    new.deprecatedBuiltinCode = 0
    kinds = [op.kind for op in read_model(b.build(z)).operators]
    assert kinds == [Kind.CUSTOM, Kind.GELU]


def test_scalars_and_unquantised_tensors_are_read() -> None:
    b = ModelBuilder()
    x = b.input((1, 1))
    y = b.reshape(x, ())
    b.subgraph.tensors[y].quantization = None
    b.subgraph.tensors[x].quantization.zeroPoint = None
    graph = read_model(b.build(y))
    assert graph.outputs[0].shape == ()
    assert graph.outputs[0].quantization is None
    assert graph.inputs[0].quantization is None


def test_one_zero_point_stands_for_all_channels() -> None:
    b = ModelBuilder()
    y = b.conv2d(b.input((1, 3, 3, 2)), 5)
    filters = b.subgraph.tensors[b.subgraph.operators[0].inputs[1]]
    filters.quantization.zeroPoint = filters.quantization.zeroPoint[:1]
    quantization = read_model(b.build(y)).operators[0].input(1).quantization
    assert quantization is not None
    assert quantization.zero_points == (0,) * 5


def test_an_input_may_be_an_output_and_an_output_be_read_further() -> None:
    b = ModelBuilder()
    x = b.input((1, 4))
    y = b.reshape(x, (4, 1))
    z = b.reshape(y, (2, 2))
    graph = read_model(b.build(x, z, y, z))
    verify(graph)
    assert [t.index for t in graph.outputs] == [x, z, y, z]


def test_buffers_may_be_shared() -> None:
    b = ModelBuilder()
    data = np.arange(4, dtype=np.int8)
    first = b.constant(data, scale=0.1, zero_point=0)
    second = b.tensor((2, 2), scale=0.1, zero_point=0)
    b.subgraph.tensors[second].buffer = b.subgraph.tensors[first].buffer
    graph = read_model(b.build(b.add(b.input((2, 2)), second)))
    assert [graph.tensors[i].data.tolist() for i in (first, second)] == [  # type: ignore[union-attr]
        [0, 1, 2, 3],
        [[0, 1], [2, 3]],
    ]


def test_constants_and_options_may_lie_behind_the_flatbuffer() -> None:
    b = ModelBuilder()
    y = b.add(b.input((4,)), b.constant(np.zeros(4, np.int8), scale=0.1, zero_point=0))
    (z,) = b.custom("MyOp", [y], [(4,)])
    b.subgraph.outputs = [z]
    buffer, custom = b.model.buffers[1], b.subgraph.operators[1]
    buffer.data, buffer.offset, buffer.size = None, 2, 4
    custom.largeCustomOptionsOffset, custom.largeCustomOptionsSize = 2, 3
    length = len(b.build())  # the right offsets take no more room
    buffer.offset, custom.largeCustomOptionsOffset = length, length + 4
    graph = read_model(b.build() + b"\x01\x02\x03\x04abc")
    assert graph.tensors[1].data is not None
    assert graph.tensors[1].data.tolist() == [1, 2, 3, 4]
    assert graph.operators[1].custom_options == b"abc"


def test_constants_of_each_type_are_read() -> None:
    b = ModelBuilder()
    arrays = [
        np.array([1, -2], dtype) for dtype in (np.int8, np.int16, np.int32, np.int64, np.float32)
    ]
    constants = [b.constant(array) for array in arrays]
    graph = read_model(b.build(b.reshape(b.input((1,)), (1, 1))))
    for array, index in zip(arrays, constants, strict=True):
        np.testing.assert_array_equal(graph.tensors[index].data, array)


def test_a_file_is_read_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # names of models are cut where they are long
    b = ModelBuilder()
    path = Path("m.tflite")
    path.write_bytes(b.build(b.softmax(b.input((1, 4)))))
    assert load_model(path).name == str(path)
    with pytest.raises(ModelError, match=r"none\.tflite: No such file or directory; give the path"):
        load_model(tmp_path / "none.tflite")
    with pytest.raises(ModelError, match="Is a directory"):
        load_model(tmp_path)


# ---- the enumerations and tables that the project repeats ----------------------------------------
def _members(enumeration: type) -> dict[str, int]:
    return {k: v for k, v in vars(enumeration).items() if isinstance(v, int)}


def test_enumerations_are_those_of_the_schema() -> None:
    assert {kind.name: kind.value for kind in Kind} == _members(schema.BuiltinOperator)
    assert {dtype.name: dtype.value for dtype in DType} == _members(SchemaType)
    assert {p.name: p.value for p in Padding} == _members(schema.Padding)
    assert {a.name: a.value for a in Activation} == _members(schema.ActivationFunctionType)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _tables(table: Table, seen: dict[str, Table]) -> dict[str, Table]:
    if table.name not in seen:
        seen[table.name] = table
        for field in table.fields.values():
            inner = [field] if isinstance(field, Table) else []
            inner += [field.of] if isinstance(field, Tables) else []
            inner += list(field.members.values()) if isinstance(field, Union) else []
            for other in inner:
                _tables(other, seen)
    return seen


RETIRED = ("deprecated_tag", "new_height", "new_width")
"""Fields whose slots the schema keeps free."""


@pytest.mark.parametrize("name", _tables(tflite_schema.MODEL, {}))
def test_tables_are_those_of_the_schema(name: str) -> None:
    """Slots, types and defaults, as the code that the schema compiler generated writes them."""
    table = _tables(tflite_schema.MODEL, {})[name]
    for slot, (field, kind) in enumerate(table.fields.items()):
        add = getattr(schema, f"{name}Add{_camel(field)}", None)
        if add is None:
            assert field in RETIRED
            continue
        (first, *_) = [c for c in add.__code__.co_consts if isinstance(c, int)]
        assert first == slot, field
        (method,) = [n for n in add.__code__.co_names if n.startswith("Prepend")]
        if isinstance(kind, Scalar):
            assert method == f"Prepend{np.dtype(kind.type).name.capitalize()}Slot", field
            attribute = _camel(field)[0].lower() + _camel(field)[1:]
            assert getattr(getattr(schema, f"{name}T")(), attribute) == kind.default, field
        elif not isinstance(kind, Refused):
            assert method == "PrependUOffsetTRelativeSlot", field
            assert isinstance(kind, Text | Scalars | Table | Tables | Union)
        if isinstance(kind, Scalars):
            start = getattr(schema, f"{name}Start{_camel(field)}Vector")
            sizes = [c for c in start.__code__.co_consts if isinstance(c, int)]
            assert sizes[0] == np.dtype(kind.type).itemsize, field


def test_option_tables_are_numbered_as_in_the_schema() -> None:
    for number, table in tflite_schema.OPTIONS.items():
        assert getattr(schema.BuiltinOptions, table.name) == number
