"""A trained network as a fully quantised .tflite file.

Follows TensorFlow Lite's 8-bit quantization specification: int8 weights in [-127, 127] with one
scale for each output channel (FULLY_CONNECTED: one in all), int32 biases of the scale of the
products, int8 activations with a zero point, from the ranges that the layers have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from examples.digits.network import (
    SLOPE_BITS,
    Array,
    AveragePool,
    Conv,
    Depthwise,
    FullyConnected,
    Layer,
    Residual,
    SoftKnee,
)
from sim import tflite_rewrite

Kind = schema.BuiltinOperator
DType = schema.TensorType
SAME, VALID = schema.Padding.SAME, schema.Padding.VALID

KNEE_BITS = 8  # of SoftKnee's widths, below one step of its input

_TYPES = {
    "int8": DType.INT8,
    "int16": DType.INT16,
    "uint16": DType.UINT16,
    "int32": DType.INT32,
}


@dataclass(frozen=True)
class Activation:
    """A tensor of activations in the file: its index, its shape, its quantisation."""

    index: int
    shape: tuple[int, ...]
    scale: np.float32
    zero_point: int

    def codes(self, x: Array) -> NDArray[np.int8]:
        """Real values as this tensor holds them."""
        codes: Array = np.rint(x / float(self.scale)) + self.zero_point
        clipped: NDArray[np.int8] = np.clip(codes, -128, 127).astype(np.int8)
        return clipped


def quantisation_of(low: float, high: float) -> tuple[np.float32, int]:
    """Scale and zero point that span a range; 0 is in the range and has a code of its own."""
    scale = np.float32((high - low) / 255)
    zero_point = int(np.clip(np.rint(-128 - low / float(scale)), -128, 127))
    return scale, zero_point


class ModelWriter:
    """A .tflite file, filled tensor by tensor and operator by operator."""

    def __init__(self, description: str) -> None:
        self._subgraph = schema.SubGraphT(
            tensors=[], operators=[], inputs=[], outputs=[], name=b"main"
        )
        self._model = schema.ModelT(
            version=3,
            operatorCodes=[],
            subgraphs=[self._subgraph],
            buffers=[schema.BufferT()],  # by convention the first is empty
            description=description.encode(),
        )
        self._codes: dict[tuple[int, str], int] = {}

    def _tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: int,
        scales: NDArray[np.float32],
        zero_point: int,
        axis: int = 0,
        buffer: int = 0,
    ) -> int:
        quantisation = schema.QuantizationParametersT(
            scale=scales,
            zeroPoint=np.full(scales.shape, zero_point, np.int64),
            quantizedDimension=axis,
        )
        self._subgraph.tensors.append(
            schema.TensorT(
                shape=np.asarray(shape, np.int32),
                type=dtype,
                buffer=buffer,
                name=name.encode(),
                quantization=quantisation,
            )
        )
        return len(self._subgraph.tensors) - 1

    def activation(
        self,
        name: str,
        shape: Sequence[int],
        scale: np.float32,
        zero_point: int,
        dtype: str = "int8",
    ) -> Activation:
        """A tensor that is computed, or an input."""
        scales = np.array([scale], np.float32)
        index = self._tensor(name, shape, _TYPES[dtype], scales, zero_point)
        return Activation(index, tuple(shape), scale, zero_point)

    def constant(
        self, name: str, data: NDArray[Any], scales: NDArray[np.float32], axis: int = 0
    ) -> int:
        """A constant with zero point 0 and one scale, or one for each index of ``axis``."""
        raw = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
        self._model.buffers.append(schema.BufferT(data=raw))
        dtype, buffer = _TYPES[str(data.dtype)], len(self._model.buffers) - 1
        return self._tensor(name, data.shape, dtype, scales, 0, axis, buffer)

    def operator(
        self,
        kind: int,
        inputs: Sequence[int],
        output: Activation,
        options: Any = None,
        custom_name: str = "",
        version: int = 1,
    ) -> Activation:
        """Append an operator; returns its output."""
        key = (kind, custom_name)
        if key not in self._codes:
            self._codes[key] = len(self._model.operatorCodes)
            code = schema.OperatorCodeT(
                deprecatedBuiltinCode=kind, builtinCode=kind, version=version
            )
            code.customCode = custom_name.encode() or None
            self._model.operatorCodes.append(code)
        operator = schema.OperatorT(
            opcodeIndex=self._codes[key],
            inputs=np.asarray(inputs, np.int32),
            outputs=np.asarray([output.index], np.int32),
        )
        if options is not None:
            kind_of_options = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind_of_options)
            operator.builtinOptions = options
        self._subgraph.operators.append(operator)
        return output

    def build(self, inputs: Sequence[Activation], outputs: Sequence[Activation]) -> bytes:
        self._subgraph.inputs = [tensor.index for tensor in inputs]
        self._subgraph.outputs = [tensor.index for tensor in outputs]
        return tflite_rewrite.pack(self._model)


def quantise(layers: Sequence[Layer], image_shape: Sequence[int]) -> tuple[bytes, Activation]:
    """The file, and its input tensor.

    The layers' ranges must be those of a run over representative images with values of 0 to 1.
    A SOFTMAX is put behind the last layer.
    """
    writer = ModelWriter("Handwritten digits of 8x8 pixels")
    image = writer.activation("image", (1, *image_shape), *quantisation_of(0.0, 1.0))
    return writer.build([image], [write_network(writer, layers, image)]), image


def write_network(writer: ModelWriter, layers: Sequence[Layer], image: Activation) -> Activation:
    """Append layers and a SOFTMAX; returns the probabilities."""
    logits = _write_all(writer, layers, image)
    # TensorFlow Lite fixes this quantisation of probabilities.
    y = writer.activation("probabilities", logits.shape, np.float32(1 / 256), -128)
    options = schema.SoftmaxOptionsT(beta=1.0)
    return writer.operator(Kind.SOFTMAX, [logits.index], y, options)


def _write_all(writer: ModelWriter, layers: Sequence[Layer], x: Activation) -> Activation:
    for layer in layers:
        x = _WRITERS[type(layer)](writer, layer, x)
    return x


def _output(writer: ModelWriter, layer: Layer, shape: Sequence[int]) -> Activation:
    return writer.activation(layer.name, shape, *quantisation_of(*layer.range))


def _fused(relu: bool) -> int:
    functions = schema.ActivationFunctionType
    return int(functions.RELU if relu else functions.NONE)


def _filter_and_bias(
    writer: ModelWriter,
    name: str,
    x: Activation,
    weights: Array,
    bias: Array,
    axis: int | None,
) -> list[int]:
    """Indices of a filter, with scales along ``axis`` or one in all, and of its bias."""
    others = tuple(i for i in range(weights.ndim) if i != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True)
    scales = (np.maximum(largest, 1e-6) / 127).astype(np.float32)
    codes = np.clip(np.rint(weights / scales.astype(np.float64)), -127, 127).astype(np.int8)
    filter_index = writer.constant(f"{name}/filter", codes, scales.reshape(-1), axis or 0)
    bias_scales = x.scale * scales.reshape(-1)
    bias_codes = np.rint(bias / bias_scales.astype(np.float64)).astype(np.int32)
    return [filter_index, writer.constant(f"{name}/bias", bias_codes, bias_scales)]


def _conv(writer: ModelWriter, layer: Conv, x: Activation) -> Activation:
    size, stride = layer.window.size, layer.window.stride
    taps, n_in, n_out = layer.weight.value.shape
    weights = layer.weight.value.reshape(size, size, n_in, n_out).transpose(3, 0, 1, 2)
    constants = _filter_and_bias(writer, layer.name, x, weights, layer.bias.value, 0)
    y = _output(writer, layer, (1, *(-(-n // stride) for n in x.shape[1:3]), n_out))
    options = schema.Conv2DOptionsT(
        padding=SAME, strideH=stride, strideW=stride, fusedActivationFunction=_fused(layer.relu)
    )
    return writer.operator(Kind.CONV_2D, [x.index, *constants], y, options, version=3)


def _depthwise(writer: ModelWriter, layer: Depthwise, x: Activation) -> Activation:
    size, stride = layer.window.size, layer.window.stride
    channels = x.shape[3]
    weights = layer.weight.value.reshape(1, size, size, channels)
    constants = _filter_and_bias(writer, layer.name, x, weights, layer.bias.value, 3)
    y = _output(writer, layer, (1, *(-(-n // stride) for n in x.shape[1:3]), channels))
    options = schema.DepthwiseConv2DOptionsT(
        padding=SAME,
        strideH=stride,
        strideW=stride,
        depthMultiplier=1,
        fusedActivationFunction=_fused(layer.relu),
    )
    return writer.operator(Kind.DEPTHWISE_CONV_2D, [x.index, *constants], y, options, version=3)


def _soft_knee(writer: ModelWriter, layer: SoftKnee, x: Activation) -> Activation:
    """The operands that soft_knee.cc asks for."""
    slopes = np.rint(layer.slope.value * (1 << SLOPE_BITS)).astype(np.int8)
    slope_scale = np.array([0.5**SLOPE_BITS], np.float32)
    knee_scale = np.array([x.scale], np.float32) / np.float32(1 << KNEE_BITS)
    knees = np.rint(layer.knee.value / float(knee_scale[0]))
    knees = np.clip(knees, 1, np.iinfo(np.int16).max).astype(np.int16)
    operands = [
        x.index,
        writer.constant(f"{layer.name}/slope", slopes, slope_scale),
        writer.constant(f"{layer.name}/knee", knees, knee_scale),
    ]
    y = _output(writer, layer, x.shape)
    return writer.operator(Kind.CUSTOM, operands, y, custom_name="SoftKnee")


def _residual(writer: ModelWriter, layer: Residual, x: Activation) -> Activation:
    inner = _write_all(writer, layer.layers, x)
    y = _output(writer, layer, x.shape)
    options = schema.AddOptionsT(fusedActivationFunction=_fused(layer.relu))
    return writer.operator(Kind.ADD, [x.index, inner.index], y, options, version=2)


def _average_pool(writer: ModelWriter, layer: AveragePool, x: Activation) -> Activation:
    """Averages keep the quantisation of what they are taken of."""
    k = layer.size
    n, height, width, channels = x.shape
    shape = (n, height // k, width // k, channels)
    y = writer.activation(layer.name, shape, x.scale, x.zero_point)
    options = schema.Pool2DOptionsT(
        padding=VALID, strideH=k, strideW=k, filterHeight=k, filterWidth=k
    )
    return writer.operator(Kind.AVERAGE_POOL_2D, [x.index], y, options, version=2)


def _fully_connected(writer: ModelWriter, layer: FullyConnected, x: Activation) -> Activation:
    weights = layer.weight.value.T
    constants = _filter_and_bias(writer, layer.name, x, weights, layer.bias.value, None)
    y = _output(writer, layer, (1, weights.shape[0]))
    options = schema.FullyConnectedOptionsT()
    return writer.operator(Kind.FULLY_CONNECTED, [x.index, *constants], y, options, version=4)


_WRITERS: dict[type[Layer], Callable[[ModelWriter, Any, Activation], Activation]] = {
    Conv: _conv,
    Depthwise: _depthwise,
    SoftKnee: _soft_knee,
    Residual: _residual,
    AveragePool: _average_pool,
    FullyConnected: _fully_connected,
}
