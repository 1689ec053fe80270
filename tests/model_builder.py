"""Builds .tflite files for tests, operator by operator, with random weights and scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from sim import tflite_rewrite

Kind = schema.BuiltinOperator
DType = schema.TensorType
SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
Activation = schema.ActivationFunctionType

_TYPE_OF = {
    "int8": DType.INT8,
    "int16": DType.INT16,
    "int32": DType.INT32,
    "int64": DType.INT64,
    "uint8": DType.UINT8,
    "float32": DType.FLOAT32,
}


def window_output(size: int, kernel: int, stride: int, dilation: int, padding: int) -> int:
    """Output size of a sliding window along one dimension."""
    reach = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == SAME else (size - reach) // stride + 1


class ModelBuilder:
    """Adds operators one by one; every method returns the index of the tensor that it makes.

    What a caller leaves out is drawn from ``rng``: weights, biases, scales that keep most outputs
    within int8 (times ``scale_factor``), zero points. :attr:`subgraph` and :attr:`model` may be
    changed before :meth:`build`, which is how tests make malformed models.
    """

    def __init__(self, seed: int | Sequence[int] = 0, name: str = "main") -> None:
        self.rng = np.random.default_rng(seed)
        self.subgraph = schema.SubGraphT(
            tensors=[], operators=[], inputs=[], outputs=[], name=name.encode()
        )
        self.model = schema.ModelT(
            version=3,
            operatorCodes=[],
            subgraphs=[self.subgraph],
            buffers=[schema.BufferT()],
            description=b"test",
        )
        self._codes: dict[tuple[int, bytes | None], int] = {}

    # ---- tensors -----------------------------------------------------------------------------
    def scale(self, low: float = 0.005, high: float = 0.2) -> float:
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def zero_point(self) -> int:
        """A zero point, at the limits more often than not."""
        return int(self.rng.choice([-128, 127, 0, int(self.rng.integers(-128, 128))]))

    def tensor(
        self,
        shape: Sequence[int],
        *,
        dtype: int = DType.INT8,
        scale: float | Sequence[float] | None = None,
        zero_point: int | Sequence[int] | None = None,
        axis: int = 0,
        data: NDArray[Any] | None = None,
        name: str | None = None,
    ) -> int:
        """A tensor; with ``data``, a constant. Without ``scale`` it is not quantised."""
        tensors = self.subgraph.tensors
        quantization = None
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            zeros = 0 if zero_point is None else zero_point
            quantization = schema.QuantizationParametersT(
                scale=scales,
                zeroPoint=np.broadcast_to(np.asarray(zeros, np.int64), scales.shape).copy(),
                quantizedDimension=axis,
            )
        buffer = 0
        if data is not None:
            buffer = len(self.model.buffers)
            raw = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            self.model.buffers.append(schema.BufferT(data=raw))
        tensors.append(
            schema.TensorT(
                shape=np.asarray(shape, np.int32).reshape(-1),
                type=dtype,
                buffer=buffer,
                name=(name or f"t{len(tensors)}").encode(),
                quantization=quantization,
            )
        )
        return len(tensors) - 1

    def constant(self, data: NDArray[Any], **quantisation: Any) -> int:
        dtype = _TYPE_OF[str(data.dtype)]
        return self.tensor(data.shape, dtype=dtype, data=data, **quantisation)

    def activation(
        self, shape: Sequence[int], scale: float | None = None, zero_point: int | None = None
    ) -> int:
        """An int8 tensor whose quantisation is drawn where it is not given."""
        return self.tensor(
            shape,
            scale=self.scale() if scale is None else scale,
            zero_point=self.zero_point() if zero_point is None else zero_point,
        )

    def input(self, shape: Sequence[int], **quantisation: Any) -> int:
        index = self.activation(shape, **quantisation)
        self.subgraph.inputs.append(index)
        return index

    def shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(int(n) for n in self.subgraph.tensors[tensor].shape)

    def quantisation(self, tensor: int) -> tuple[float, int]:
        q = self.subgraph.tensors[tensor].quantization
        return float(q.scale[0]), int(q.zeroPoint[0])

    # ---- operators ---------------------------------------------------------------------------
    def operator(
        self,
        kind: int,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: Any = None,
        *,
        custom_name: str | None = None,
        custom_options: bytes | None = None,
        version: int = 1,
    ) -> None:
        key = (kind, custom_name.encode() if custom_name is not None else None)
        if key not in self._codes:
            self._codes[key] = len(self.model.operatorCodes)
            self.model.operatorCodes.append(
                schema.OperatorCodeT(
                    deprecatedBuiltinCode=min(kind, 127),
                    builtinCode=kind,
                    customCode=key[1],
                    version=version,
                )
            )
        options_type = 0
        if options is not None:
            options_type = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        raw = None if custom_options is None else np.frombuffer(custom_options, np.uint8)
        self.subgraph.operators.append(
            schema.OperatorT(
                opcodeIndex=self._codes[key],
                inputs=np.asarray(inputs, np.int32),
                outputs=np.asarray(outputs, np.int32),
                builtinOptionsType=options_type,
                builtinOptions=options,
                customOptions=raw,
            )
        )

    def _weights(self, shape: Sequence[int]) -> NDArray[np.int8]:
        return self.rng.integers(-127, 128, shape, np.int8)

    def _filter_and_bias(
        self,
        x: int,
        weights: NDArray[np.int8],
        axis: int,
        per_channel: bool,
        bias: NDArray[np.int32] | bool,
        filter_scale: Sequence[float] | float | None,
    ) -> tuple[int, int | None, float]:
        """Indices of filter and bias, and an output scale that most sums fit."""
        n_out, taps = weights.shape[axis], weights.size // weights.shape[axis]
        drawn = np.exp(self.rng.uniform(np.log(0.001), np.log(0.02), n_out if per_channel else 1))
        given = drawn if filter_scale is None else filter_scale
        scales = np.atleast_1d(np.asarray(given, np.float32))
        w = self.constant(weights, scale=scales, zero_point=0, axis=axis)
        x_scale = self.quantisation(x)[0]
        spread = np.sqrt(taps) * 73 * 100
        b = None
        if bias is True:
            bias = self.rng.integers(-int(spread), int(spread) + 1, n_out, np.int32)
        if not isinstance(bias, bool):
            b = self.constant(bias, scale=np.float32(x_scale) * scales, zero_point=0, axis=0)
        return w, b, float(x_scale * scales.mean() * spread / 90)

    def conv2d(
        self,
        x: int,
        n_out: int = 8,
        kernel: tuple[int, int] = (3, 3),
        *,
        stride: tuple[int, int] = (1, 1),
        dilation: tuple[int, int] = (1, 1),
        padding: int = SAME,
        activation: int = Activation.NONE,
        groups: int = 1,
        weights: NDArray[np.int8] | None = None,
        bias: NDArray[np.int32] | bool = True,
        absent_bias: bool = False,
        per_channel: bool = True,
        filter_scale: Sequence[float] | float | None = None,
        scale: float | None = None,
        scale_factor: float = 1.0,
        zero_point: int | None = None,
    ) -> int:
        """CONV_2D; ``bias=False`` leaves it out, ``absent_bias`` names it as tensor -1."""
        n, h, w, c = self.shape(x)
        if weights is None:
            weights = self._weights((n_out, *kernel, c // groups))
        filt, b, fitting = self._filter_and_bias(x, weights, 0, per_channel, bias, filter_scale)
        shape = (
            n,
            window_output(h, kernel[0], stride[0], dilation[0], padding),
            window_output(w, kernel[1], stride[1], dilation[1], padding),
            n_out,
        )
        fitting *= scale_factor
        y = self.activation(shape, fitting if scale is None else scale, zero_point)
        options = schema.Conv2DOptionsT(
            padding=padding,
            strideH=stride[0],
            strideW=stride[1],
            dilationHFactor=dilation[0],
            dilationWFactor=dilation[1],
            fusedActivationFunction=activation,
        )
        inputs = [x, filt] + ([b] if b is not None else [-1] if absent_bias else [])
        self.operator(Kind.CONV_2D, inputs, [y], options)
        return y

    def depthwise_conv2d(
        self,
        x: int,
        multiplier: int = 1,
        kernel: tuple[int, int] = (3, 3),
        *,
        stride: tuple[int, int] = (1, 1),
        dilation: tuple[int, int] = (1, 1),
        padding: int = SAME,
        activation: int = Activation.NONE,
        bias: NDArray[np.int32] | bool = True,
        per_channel: bool = True,
        filter_scale: Sequence[float] | float | None = None,
        scale: float | None = None,
        scale_factor: float = 1.0,
        zero_point: int | None = None,
    ) -> int:
        n, h, w, c = self.shape(x)
        weights = self._weights((1, *kernel, c * multiplier))
        filt, b, fitting = self._filter_and_bias(x, weights, 3, per_channel, bias, filter_scale)
        shape = (
            n,
            window_output(h, kernel[0], stride[0], dilation[0], padding),
            window_output(w, kernel[1], stride[1], dilation[1], padding),
            c * multiplier,
        )
        fitting *= scale_factor
        y = self.activation(shape, fitting if scale is None else scale, zero_point)
        options = schema.DepthwiseConv2DOptionsT(
            padding=padding,
            strideH=stride[0],
            strideW=stride[1],
            dilationHFactor=dilation[0],
            dilationWFactor=dilation[1],
            depthMultiplier=multiplier,
            fusedActivationFunction=activation,
        )
        self.operator(
            Kind.DEPTHWISE_CONV_2D, [x, filt] + ([b] if b is not None else []), [y], options
        )
        return y

    def fully_connected(
        self,
        x: int,
        n_out: int = 8,
        *,
        activation: int = Activation.NONE,
        keep_num_dims: bool = False,
        bias: NDArray[np.int32] | bool = True,
        per_channel: bool = False,
        filter_scale: Sequence[float] | float | None = None,
        filter_zero_point: int = 0,
        scale: float | None = None,
        scale_factor: float = 1.0,
        zero_point: int | None = None,
        n_in: int | None = None,
    ) -> int:
        """FULLY_CONNECTED; ``n_in`` differs from the last dimension when the input is flattened."""
        shape = self.shape(x)
        n_in = shape[-1] if n_in is None else n_in
        weights = self._weights((n_out, n_in))
        filt, b, fitting = self._filter_and_bias(x, weights, 0, per_channel, bias, filter_scale)
        if filter_zero_point:
            q = self.subgraph.tensors[filt].quantization
            q.zeroPoint = np.full_like(q.zeroPoint, filter_zero_point)
        batch = int(np.prod(shape)) // n_in
        out_shape = (*shape[:-1], n_out) if keep_num_dims else (batch, n_out)
        fitting *= scale_factor
        y = self.activation(out_shape, fitting if scale is None else scale, zero_point)
        options = schema.FullyConnectedOptionsT(
            fusedActivationFunction=activation, keepNumDims=keep_num_dims
        )
        inputs = [x, filt, -1 if b is None else b]
        self.operator(Kind.FULLY_CONNECTED, inputs, [y], options)
        return y

    def add(
        self,
        a: int,
        b: int,
        *,
        activation: int = Activation.NONE,
        scale: float | None = None,
        zero_point: int | None = None,
    ) -> int:
        shape = np.broadcast_shapes(self.shape(a), self.shape(b))
        if scale is None:
            scale = (self.quantisation(a)[0] + self.quantisation(b)[0]) * self.rng.uniform(0.3, 1.5)
        y = self.activation(shape, scale, zero_point)
        options = schema.AddOptionsT(fusedActivationFunction=activation)
        self.operator(Kind.ADD, [a, b], [y], options)
        return y

    def _pool(
        self,
        kind: int,
        x: int,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        padding: int,
        activation: int,
    ) -> int:
        n, h, w, c = self.shape(x)
        shape = (
            n,
            window_output(h, kernel[0], stride[0], 1, padding),
            window_output(w, kernel[1], stride[1], 1, padding),
            c,
        )
        y = self.activation(shape, *self.quantisation(x))
        options = schema.Pool2DOptionsT(
            padding=padding,
            strideH=stride[0],
            strideW=stride[1],
            filterHeight=kernel[0],
            filterWidth=kernel[1],
            fusedActivationFunction=activation,
        )
        self.operator(kind, [x], [y], options)
        return y

    def average_pool2d(
        self,
        x: int,
        kernel: tuple[int, int] = (2, 2),
        stride: tuple[int, int] = (2, 2),
        padding: int = VALID,
        activation: int = Activation.NONE,
    ) -> int:
        return self._pool(Kind.AVERAGE_POOL_2D, x, kernel, stride, padding, activation)

    def max_pool2d(
        self,
        x: int,
        kernel: tuple[int, int] = (2, 2),
        stride: tuple[int, int] = (2, 2),
        padding: int = VALID,
        activation: int = Activation.NONE,
    ) -> int:
        return self._pool(Kind.MAX_POOL_2D, x, kernel, stride, padding, activation)

    def mean(
        self,
        x: int,
        axes: Sequence[int] = (1, 2),
        keep_dims: bool = True,
        *,
        scale: float | None = None,
        zero_point: int | None = None,
    ) -> int:
        shape = self.shape(x)
        reduced = {axis % len(shape) for axis in axes}
        out = [
            1 if i in reduced else size
            for i, size in enumerate(shape)
            if keep_dims or i not in reduced
        ]
        y = self.activation(
            out,
            self.quantisation(x)[0] * self.rng.uniform(0.2, 1.5) if scale is None else scale,
            zero_point,
        )
        axis = self.constant(np.array(axes, np.int32))
        self.operator(Kind.MEAN, [x, axis], [y], schema.ReducerOptionsT(keepDims=keep_dims))
        return y

    def pad(
        self, x: int, paddings: Sequence[tuple[int, int]], *, zero_point: int | None = None
    ) -> int:
        """PAD; another zero point than the input's is allowed, if strange."""
        shape = [n + a + b for n, (a, b) in zip(self.shape(x), paddings, strict=True)]
        scale, input_zero_point = self.quantisation(x)
        y = self.activation(shape, scale, input_zero_point if zero_point is None else zero_point)
        table = self.constant(np.array(paddings, np.int32))
        self.operator(Kind.PAD, [x, table], [y], schema.PadOptionsT())
        return y

    def reshape(self, x: int, shape: Sequence[int], *, as_tensor: bool = True) -> int:
        """RESHAPE; ``shape`` may hold one -1 in the operand, never in the output tensor."""
        size = int(np.prod(self.shape(x)))
        known = int(np.prod([n for n in shape if n != -1]))
        y = self.activation([size // known if n == -1 else n for n in shape], *self.quantisation(x))
        inputs = [x, self.constant(np.array(shape, np.int32))] if as_tensor else [x]
        options = schema.ReshapeOptionsT(newShape=np.array(shape, np.int32))
        self.operator(Kind.RESHAPE, inputs, [y], options)
        return y

    def softmax(self, x: int, beta: float = 1.0) -> int:
        y = self.activation(self.shape(x), 1 / 256, -128)
        self.operator(Kind.SOFTMAX, [x], [y], schema.SoftmaxOptionsT(beta=beta))
        return y

    def custom(
        self,
        name: str,
        inputs: Sequence[int],
        shapes: Sequence[Sequence[int]],
        options: bytes | None = None,
    ) -> list[int]:
        """A CUSTOM operator with int8 outputs of the given shapes."""
        outputs = [self.activation(shape) for shape in shapes]
        self.operator(Kind.CUSTOM, inputs, outputs, custom_name=name, custom_options=options)
        return outputs

    # ---- the file ----------------------------------------------------------------------------
    def build(self, *outputs: int) -> bytes:
        """The .tflite file with the given outputs (as they are set already, if none)."""
        if outputs:
            self.subgraph.outputs = list(outputs)
        return tflite_rewrite.pack(self.model)
