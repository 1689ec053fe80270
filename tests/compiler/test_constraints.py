"""What is not supported is refused with one line that says what is, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from compiler import constraints
from compiler.errors import ModelError
from compiler.tflite_reader import read_model
from tests.mlperf import MLPERF_NAMES, mlperf_model
from tests.model_builder import SAME, VALID, Activation, DType, ModelBuilder
from tests.model_builder import Kind as SchemaKind

Spoiled = Callable[[ModelBuilder], int]


def operand(b: ModelBuilder, position: int) -> int:
    return int(b.subgraph.operators[-1].inputs[position])


def conv(b: ModelBuilder) -> int:
    return b.conv2d(b.input((1, 5, 5, 4), scale=0.1), 6, scale=0.1)


def replace_operand(b: ModelBuilder, position: int, tensor: int) -> None:
    b.subgraph.operators[-1].inputs[position] = tensor


def _unknown(b: ModelBuilder) -> int:
    x, y = b.input((1, 4)), b.activation((1, 4))
    b.operator(SchemaKind.COMPLEX_ABS, [x], [y])
    return y


def _float_input(b: ModelBuilder) -> int:
    y = conv(b)
    b.subgraph.tensors[0].type = DType.FLOAT32
    b.subgraph.inputs = []
    b.subgraph.tensors[0].isVariable = True
    return y


def _int32_model(b: ModelBuilder) -> int:
    x = b.input((1, 5, 5, 4))
    b.subgraph.tensors[x].type = DType.INT32
    y = b.max_pool2d(x)
    b.subgraph.tensors[y].type = DType.INT32
    return y


def _int16(b: ModelBuilder) -> int:
    y = _int32_model(b)
    b.subgraph.tensors[0].type = b.subgraph.tensors[y].type = DType.INT16
    return y


def _half_input(b: ModelBuilder) -> int:
    y = conv(b)
    b.subgraph.tensors[0].type = DType.FLOAT16
    return y


def _zero_dimension(b: ModelBuilder) -> int:
    return b.reshape(b.input((0, 4)), (4, 0))


def _huge(b: ModelBuilder) -> int:
    x = b.input((1, 1 << 16, 1 << 16, 1))
    return b.max_pool2d(x, (1, 1), (1, 1))


def _variable(b: ModelBuilder) -> int:
    y = conv(b)
    b.subgraph.tensors[0].isVariable = True
    b.subgraph.inputs = []
    return y


def _four_operands(b: ModelBuilder) -> int:
    y = conv(b)
    op = b.subgraph.operators[-1]
    op.inputs = np.append(op.inputs, np.int32(0)).astype(np.int32)
    return y


def _absent_data(b: ModelBuilder) -> int:
    y = conv(b)
    replace_operand(b, 1, -1)
    return y


def _unquantised(b: ModelBuilder) -> int:
    y = conv(b)
    b.subgraph.tensors[y].quantization = None
    return y


def _per_channel_activation(b: ModelBuilder) -> int:
    y = conv(b)
    q = b.subgraph.tensors[0].quantization
    q.scale, q.zeroPoint = np.full(4, 0.1, np.float32), np.zeros(4, np.int64)
    q.quantizedDimension = 3
    return y


def _scale(value: float) -> Spoiled:
    def spoil(b: ModelBuilder) -> int:
        y = conv(b)
        b.subgraph.tensors[y].quantization.scale[:] = value
        return y

    return spoil


def _zero_point(b: ModelBuilder) -> int:
    return b.conv2d(b.input((1, 5, 5, 4), scale=0.1, zero_point=128), 6)


def _tanh(b: ModelBuilder) -> int:
    return b.conv2d(b.input((1, 5, 5, 4)), 6, activation=Activation.TANH)


def _computed_filter(b: ModelBuilder) -> int:
    y = conv(b)
    b.subgraph.tensors[operand(b, 1)].buffer = 0
    b.subgraph.inputs.append(operand(b, 1))
    return y


def _filter_type(b: ModelBuilder) -> int:
    y = conv(b)
    b.subgraph.tensors[operand(b, 1)].type = DType.UINT8
    return y


def _shuffled(b: ModelBuilder) -> int:
    y = b.fully_connected(b.input((1, 4)), 4)
    b.subgraph.operators[-1].builtinOptions.weightsFormat = 1
    return y


def _filter_unquantised(b: ModelBuilder) -> int:
    y = conv(b)
    b.subgraph.tensors[operand(b, 1)].quantization = None
    return y


def _filter_axis(b: ModelBuilder) -> int:
    y = b.conv2d(b.input((1, 5, 5, 6)), 6)
    b.subgraph.tensors[operand(b, 1)].quantization.quantizedDimension = 3
    return y


def _filter_scale(b: ModelBuilder) -> int:
    y = conv(b)
    b.subgraph.tensors[operand(b, 1)].quantization.scale[2] = 0
    return y


def _filter_zero_point(b: ModelBuilder) -> int:
    y = conv(b)
    b.subgraph.tensors[operand(b, 1)].quantization.zeroPoint[2] = 1
    return y


def _bias_type(b: ModelBuilder) -> int:
    y = conv(b)
    replace_operand(b, 2, b.constant(np.zeros(6, np.int64)))
    return y


def _bias_computed(b: ModelBuilder) -> int:
    y = conv(b)
    bias = b.tensor((6,), dtype=DType.INT32)
    b.subgraph.inputs.append(bias)
    replace_operand(b, 2, bias)
    return y


def _bias_size(b: ModelBuilder) -> int:
    y = conv(b)
    replace_operand(b, 2, b.constant(np.zeros(5, np.int32)))
    return y


def _output_shape(b: ModelBuilder) -> int:
    y = conv(b)
    b.subgraph.tensors[y].shape = np.array([1, 9, 9, 6], np.int32)
    return y


def _rank(b: ModelBuilder) -> int:
    y = conv(b)
    b.subgraph.tensors[0].shape = np.array([5, 5, 4], np.int32)
    return y


def _stride(b: ModelBuilder) -> int:
    y = conv(b)
    b.subgraph.operators[-1].builtinOptions.strideH = 0
    return y


def _dilation(b: ModelBuilder) -> int:
    y = conv(b)
    b.subgraph.operators[-1].builtinOptions.dilationWFactor = -1
    return y


def _window(b: ModelBuilder) -> int:
    y = b.max_pool2d(b.input((1, 3, 3, 1)))
    b.subgraph.operators[-1].builtinOptions.filterHeight = 4
    return y


def _depth_multiplier(b: ModelBuilder) -> int:
    y = b.depthwise_conv2d(b.input((1, 5, 5, 4)), 2)
    b.subgraph.operators[-1].builtinOptions.depthMultiplier = 1
    return y


def _group_channels(b: ModelBuilder) -> int:
    return b.conv2d(b.input((1, 5, 5, 7)), weights=np.ones((4, 3, 3, 3), np.int8), n_out=4)


def _few_groups(b: ModelBuilder) -> int:
    return b.conv2d(b.input((1, 5, 5, 6)), 2, groups=3)


def _broadcast(b: ModelBuilder) -> int:
    y = b.add(b.input((1, 4)), b.input((1, 4)))
    b.subgraph.tensors[0].shape = np.array([1, 3], np.int32)
    return y


def _deep_broadcast(b: ModelBuilder) -> int:
    return b.add(b.input((1, 2, 1, 1, 1, 1, 2)), b.input((2,)))


def _rows(b: ModelBuilder) -> int:
    y = b.fully_connected(b.input((2, 8)), 3)
    b.subgraph.tensors[0].shape = np.array([2, 7], np.int32)
    return y


def _axes_computed(b: ModelBuilder) -> int:
    y = b.mean(b.input((1, 4, 4, 3)))
    axes = b.tensor((2,), dtype=DType.INT32)
    b.subgraph.inputs.append(axes)
    replace_operand(b, 1, axes)
    return y


def _mean_factor(b: ModelBuilder) -> int:
    return b.mean(b.input((1, 4, 4, 3), scale=1e10), scale=1e-10)


def _long_paddings(b: ModelBuilder) -> int:
    y = b.pad(b.input((1, 4)), [(0, 0), (1, 1)])
    replace_operand(b, 1, b.constant(np.array([(0, 0), (1, 1)], np.int64)))
    return y


def _six_dimensional_pad(b: ModelBuilder) -> int:
    return b.pad(b.input((1,) * 6), [(0, 1)] * 6)


def _negative_padding(b: ModelBuilder) -> int:
    return b.pad(b.input((1, 4)), [(0, 0), (-1, 1)])


def _reshape_types(b: ModelBuilder) -> int:
    y = b.reshape(b.input((2, 2)), (4,))
    b.subgraph.tensors[y].type = DType.UINT8
    return y


def _reshape_size(b: ModelBuilder) -> int:
    y = b.reshape(b.input((2, 2)), (4,))
    b.subgraph.tensors[y].shape = np.array([5], np.int32)
    return y


def _long_new_shape(b: ModelBuilder) -> int:
    y = b.reshape(b.input((2, 2)), (4,))
    b.subgraph.operators[-1].builtinOptions.newShape = np.ones(9, np.int32)
    return y


def _scalar_softmax(b: ModelBuilder) -> int:
    return b.softmax(b.input(()))


def _softmax_output(b: ModelBuilder) -> int:
    y = b.softmax(b.input((1, 4)))
    b.subgraph.tensors[y].quantization.zeroPoint[:] = 0
    return y


def _nameless(b: ModelBuilder) -> int:
    return b.custom("", [b.input((4,))], [(4,)])[0]


def _no_outputs(b: ModelBuilder) -> int:
    x = b.input((4,))
    b.custom("Sink", [x], [])
    return x


def _custom_type(b: ModelBuilder) -> int:
    (y,) = b.custom("MyOp", [b.input((4,))], [(4,)])
    z = b.custom("Next", [y], [(4,)])[0]
    b.subgraph.tensors[y].type = DType.COMPLEX64
    return z


REFUSED = [
    (_unknown, "COMPLEX_ABS 't1': is not supported; supported are those of docs/operators.md,"),
    (
        _unknown,
        "and any operator written in C++ as a custom one"
        " ('weft new-op NAME' writes a stub; docs/ops.md)",
    ),
    (_half_input, "(FLOAT16 1x5x5x4), an input or output, is FLOAT16; supported: int8"),
    (_int32_model, "operator 0 MAX_POOL_2D 't1': tensor 0 't0' (INT32 1x5x5x4) is INT32"),
    (_int32_model, "; supported: Its inputs and its output are of one type: int8 (quantise the"),
    (_int16, "and zero point -123; supported: Inputs and output have one positive scale"),
    (_float_input, "is a variable; supported: No operand keeps its value"),
    (_zero_dimension, "has a dimension of 0; supported: Every dimension is fixed and at least 1"),
    (_huge, "has 4294967296 bytes; supported: "),
    (_variable, "tensor 0 't0' (INT8 1x5x5x4) is a variable"),
    (_four_operands, "it has 4 operands and 1 outputs; supported: It has all its operands"),
    (_absent_data, "operand 1 is absent"),
    (_unquantised, "is not quantised; supported: Inputs and output have one positive scale"),
    (_per_channel_activation, "has 4 scales; supported: Inputs and output have one positive"),
    (_scale(0.0), "has scale 0 and zero point"),
    (_scale(float("nan")), "has scale nan and zero point"),
    (_scale(float("inf")), "has scale inf and zero point"),
    (_scale(-1.0), "has scale -1 and zero point"),
    (_zero_point, "has scale 0.1 and zero point 128"),
    (_tanh, "its fused activation is TANH; supported: The fused activation is NONE, RELU, RELU6"),
    (_computed_filter, "is computed; supported: The filter is a constant of type int8"),
    (_filter_type, "is UINT8; supported: The filter is a constant of type int8"),
    (_shuffled, "its filter is shuffled"),
    (_filter_unquantised, "is not quantised; supported: The filter has one positive scale, or one"),
    (_filter_axis, "its filter has scales along dimension 3 instead of 0"),
    (_filter_scale, "its filter has a scale of 0"),
    (_filter_zero_point, "its filter has a zero point other than 0"),
    (_bias_type, "its bias tensor 4 't4' (INT64 6) is no int32 constant; supported: The bias"),
    (_bias_computed, "its bias tensor 4 't4' (INT32 6) is no int32 constant; supported: The bias"),
    (_bias_size, "it has 5 biases for 6 channels"),
    (_output_shape, "its output is 1x9x9x6 where 1x5x5x6 is due; supported: Operands and output"),
    (_rank, "operand 0 is 5x5x4 where 4 dimensions are due"),
    (_stride, "its strides are 0 and 1"),
    (_dilation, "its dilations are 1 and -1"),
    (_window, "the window does not fit into its input"),
    (_depth_multiplier, "its filter is 1x3x3x8 for 4 input channels and a depth multiplier of 1"),
    (_group_channels, "its 7 input channels are no multiple of the 3 of its filter"),
    (_few_groups, "its 2 filters do not divide into 3 groups"),
    (_broadcast, "its operands are 1x3 and 1x4, which cannot be broadcast"),
    (_deep_broadcast, "has 7 dimensions; supported: Operands of different shapes are broadcast"),
    (_rows, "its input is 2x7, which is not made of rows of 8"),
    (_axes_computed, "its axes tensor 3 't3' (INT32 2) are no int32 constant; supported: The axes"),
    (_mean_factor, "it is 1e+20; supported: Of integers: the input's scale over the output's is"),
    (_long_paddings, "(INT64 2x2), is no int32 constant; supported: Operand 1 is an int32"),
    (_six_dimensional_pad, "has 6 dimensions; supported: What it moves has at most 5"),
    (_negative_padding, "its paddings are [0, 0, -1, 1] for an input of 2 dimensions"),
    (_reshape_types, "they are INT8 and UINT8"),
    (_reshape_size, "its output is 5 for 4 elements"),
    (_long_new_shape, "its new shape has 9 dimensions"),
    (_scalar_softmax, "its input is a scalar"),
    (_softmax_output, "it has scale 0.00390625 and zero point 0"),
    (_nameless, "it has no name; supported: It has a name"),
    (_no_outputs, "it has no outputs"),
    (_custom_type, "is COMPLEX64; supported: Its operands and outputs are integers of 8 to"),
]


@pytest.mark.parametrize(("spoil", "message"), REFUSED)
def test_what_is_not_supported_is_named_with_what_is(spoil: Spoiled, message: str) -> None:
    b = ModelBuilder(5)
    data = b.build(spoil(b))
    with pytest.raises(ModelError) as caught:
        constraints.check(read_model(data, "m.tflite"))
    assert message in str(caught.value)
    assert str(caught.value).startswith("m.tflite: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", MLPERF_NAMES)
def test_mlperf_models_are_supported(name: str) -> None:
    constraints.check(read_model(mlperf_model(name)))


def test_custom_operators_take_any_plain_types() -> None:
    b = ModelBuilder()
    (y,) = b.custom("MyOp", [b.input((4,)), -1], [(4,)])
    b.subgraph.tensors[0].type, b.subgraph.tensors[y].type = DType.FLOAT32, DType.INT64
    constraints.check(read_model(b.build(y)))


def test_windows_beyond_the_image_are_supported_where_padding_is_same() -> None:
    for padding, supported in ((SAME, True), (VALID, False)):
        b = ModelBuilder()
        y = b.average_pool2d(b.input((1, 2, 2, 1)), (5, 5), (1, 1), SAME)
        b.subgraph.operators[0].builtinOptions.padding = padding
        graph = read_model(b.build(y))
        if supported:
            constraints.check(graph)
        else:
            with pytest.raises(ModelError, match="the window does not fit into its input"):
                constraints.check(graph)


def test_a_model_without_operators_is_refused() -> None:
    b = ModelBuilder()
    with pytest.raises(ModelError, match="model: has no operators"):
        constraints.check(read_model(b.build(b.input((1, 4)))))
