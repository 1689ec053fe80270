"""Operators of uint8 give the codes of LiteRT's reference kernels, which is what runs them here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from sim.reference import Reference, extreme_inputs, random_inputs
from tests.functional import Accelerator
from tests.kernel_check import repeat_with, seeds, small
from tests.model_builder import SAME, DType, Kind, ModelBuilder

CLAMPS = (0, 1, 3)
IMAGE = (1, 7, 6, 5)


class Builder(ModelBuilder):
    """Adds tensors of uint8."""

    def codes(self, shape: tuple[int, ...], scale: float | None = None, zero: int = -1) -> int:
        return self.tensor(
            shape,
            dtype=DType.UINT8,
            scale=self.scale(0.02, 0.1) if scale is None else scale,
            zero_point=int(self.rng.integers(0, 256)) if zero < 0 else zero,
        )

    def given(self, shape: tuple[int, ...] = IMAGE) -> int:
        x = self.codes(shape)
        self.subgraph.inputs.append(x)
        return x

    def like(self, x: int, shape: tuple[int, ...] = IMAGE, factor: float = 1.0) -> int:
        scale, zero = self.quantisation(x)
        return self.codes(shape, scale * factor, zero if factor == 1 else -1)

    def clamp(self) -> int:
        return int(self.rng.choice(CLAMPS))

    def filters(self, shape: tuple[int, ...]) -> int:
        """Every code, and a zero point that leaves weights of nine bits on one side."""
        data = np.clip(self.rng.normal(128, 50, shape), 0, 255).astype(np.uint8)
        data.reshape(-1)[:2] = 0, 255
        zero = int(self.rng.choice([0, 100, 128, 150, 255]))
        return self.constant(data, scale=self.scale(0.001, 0.01), zero_point=zero)

    def weighted(
        self, kind: int, x: int, w: int, shape: tuple[int, ...], taps: int, options: object
    ) -> int:
        product = np.float32(self.quantisation(x)[0]) * np.float32(self.quantisation(w)[0])
        bias = self.constant(
            self.rng.integers(-3000, 3000, shape[-1], np.int32), scale=product, zero_point=0
        )
        y = self.codes(shape, float(product) * 60 * taps**0.5)
        self.operator(kind, [x, w, bias], [y], options)
        return y


def conv_2d(b: Builder) -> int:
    channels = int(b.rng.choice([1, 3, 8, 19]))
    x, w = b.given((1, 9, 8, channels)), b.filters((9, 3, 3, channels))
    options = schema.Conv2DOptionsT(
        padding=SAME,
        strideH=2,
        strideW=1,
        dilationHFactor=1,
        dilationWFactor=1,
        fusedActivationFunction=b.clamp(),
    )
    return b.weighted(Kind.CONV_2D, x, w, (1, 5, 8, 9), 9 * channels, options)


def depthwise_conv_2d(b: Builder) -> int:
    multiplier = int(b.rng.choice([1, 2]))
    x, w = b.given((1, 9, 8, 9)), b.filters((1, 3, 3, 9 * multiplier))
    options = schema.DepthwiseConv2DOptionsT(
        padding=SAME,
        strideH=1,
        strideW=2,
        dilationHFactor=1,
        dilationWFactor=1,
        depthMultiplier=multiplier,
        fusedActivationFunction=b.clamp(),
    )
    shape = (1, 9, 4, 9 * multiplier)
    return b.weighted(Kind.DEPTHWISE_CONV_2D, x, w, shape, 9, options)


def fully_connected(b: Builder) -> int:
    n_in = int(b.rng.choice([5, 100]))
    x, w = b.given((2, n_in)), b.filters((11, n_in))
    options = schema.FullyConnectedOptionsT(fusedActivationFunction=b.clamp())
    return b.weighted(Kind.FULLY_CONNECTED, x, w, (2, 11), n_in, options)


def _pool(kind: int) -> Callable[[Builder], int]:
    def pool(b: Builder) -> int:
        x = b.given()
        y = b.like(x)
        options = schema.Pool2DOptionsT(
            padding=SAME,
            strideH=1,
            strideW=1,
            filterHeight=int(b.rng.choice([2, 3])),
            filterWidth=int(b.rng.choice([2, 4])),
            fusedActivationFunction=b.clamp(),
        )
        b.operator(kind, [x], [y], options)
        return y

    return pool


def _pair(kind: int, options: Callable[..., object], factor: float) -> Callable[[Builder], int]:
    def pair(b: Builder) -> int:
        x, other = b.given(), b.given()
        y = b.like(x, factor=factor)
        b.operator(kind, [x, other], [y], options(fusedActivationFunction=b.clamp()))
        return y

    return pair


def _unary(
    kind: int, output: tuple[float, int] | None = None, options: object = None
) -> Callable[[Builder], int]:
    def unary(b: Builder) -> int:
        x = b.given()
        y = b.like(x, factor=1.3) if output is None else b.codes(IMAGE, *output)
        b.operator(kind, [x], [y], options)
        return y

    return unary


def concatenation(b: Builder) -> int:
    parts = [b.given((1, 3, 4, n)) for n in (3, 5)]
    y = b.codes((1, 3, 4, 8))
    b.operator(Kind.CONCATENATION, parts, [y], schema.ConcatenationOptionsT(axis=3))
    return y


def mean(b: Builder) -> int:
    x = b.given()
    y = b.like(x, (1, 1, 1, 5), 0.7)
    axes = b.constant(np.array([1, 2], np.int32))
    b.operator(Kind.MEAN, [x, axes], [y], schema.ReducerOptionsT(keepDims=True))
    return y


def pad(b: Builder) -> int:
    x = b.given()
    y = b.like(x, (1, 8, 9, 5))
    sides = b.constant(np.array([[0, 0], [1, 0], [1, 2], [0, 0]], np.int32))
    b.operator(Kind.PAD, [x, sides], [y], schema.PadOptionsT())
    return y


def total(kind: int, factor: float = 1.0) -> Callable[[Builder], int]:
    def reduction(b: Builder) -> int:
        x = b.given()
        y = b.like(x, (1, 7, 5), factor)
        axes = b.constant(np.array([2], np.int32))
        b.operator(kind, [x, axes], [y], schema.ReducerOptionsT(keepDims=False))
        return y

    return reduction


def arg_min(b: Builder) -> int:
    x, y = b.given(), b.tensor(IMAGE[:3], dtype=DType.INT32)
    axis = b.constant(np.array(3, np.int32))
    b.operator(Kind.ARG_MIN, [x, axis], [y], schema.ArgMinOptionsT(outputType=DType.INT32))
    return y


def resize_bilinear(b: Builder) -> int:
    """To sizes at which no weight is rounded in float32, and to others."""
    size = [int(n) for n in b.rng.choice([4, 7, 9, 13, 14, 28, 25, 49], 2)]
    options = schema.ResizeBilinearOptionsT(alignCorners=bool(b.rng.integers(2)))
    options.halfPixelCenters = not options.alignCorners and bool(b.rng.integers(2))
    x = b.given((1, 7, 7, 3))
    y = b.like(x, (1, *size, 3))
    b.operator(Kind.RESIZE_BILINEAR, [x, b.constant(np.array(size, np.int32))], [y], options)
    return y


def div(b: Builder) -> int:
    x = b.given()
    divisor = np.array([1, 3, 128, 200, 255], np.uint8)
    w = b.constant(divisor, scale=b.scale(), zero_point=129)
    y = b.like(x, factor=b.scale(0.1, 3) / b.quantisation(w)[0])
    b.operator(Kind.DIV, [x, w], [y], schema.DivOptionsT(fusedActivationFunction=b.clamp()))
    return y


def prelu(b: Builder) -> int:
    x, alpha = b.given(), b.given((1, 1, 5))
    y = b.like(x, factor=1.3)
    b.operator(Kind.PRELU, [x, alpha], [y])
    return y


def less(b: Builder) -> int:
    x, other = b.given(), b.given((5,))
    y = b.tensor(IMAGE, dtype=DType.BOOL)
    b.operator(Kind.LESS, [x, other], [y])
    return y


def select(b: Builder) -> int:
    chosen = b.tensor(IMAGE, dtype=DType.BOOL)
    b.subgraph.inputs.append(chosen)
    x = b.given()
    other = b.like(x)
    b.subgraph.inputs.append(other)
    y = b.like(x)
    b.operator(Kind.SELECT_V2, [chosen, x, other], [y])
    return y


def transpose_conv(b: Builder) -> int:
    x, w = b.given((1, 4, 3, 9)), b.filters((5, 3, 3, 9))
    options = schema.TransposeConvOptionsT(padding=SAME, strideH=2, strideW=2)
    product = b.quantisation(x)[0] * b.quantisation(w)[0]
    y = b.codes((1, 8, 6, 5), product * 300)
    shape = b.constant(np.array([1, 8, 6, 5], np.int32))
    b.operator(Kind.TRANSPOSE_CONV, [shape, w, x], [y], options)
    return y


def quantize(b: Builder) -> int:
    """From float32, to other codes of uint8, and from there to int8 and float32."""
    x = b.tensor(IMAGE, dtype=DType.FLOAT32)
    b.subgraph.inputs.append(x)
    y = b.codes(IMAGE)
    z = b.like(y, factor=1.7)
    b.operator(Kind.QUANTIZE, [x], [y])
    b.operator(Kind.QUANTIZE, [y], [z])
    return z


def cast(b: Builder) -> int:
    x, y = b.given(), b.tensor(IMAGE, dtype=DType.FLOAT32)
    b.operator(Kind.CAST, [x], [y], schema.CastOptionsT())
    return y


CASES: dict[str, Callable[[Builder], int]] = {
    "conv_2d": conv_2d,
    "depthwise_conv_2d": depthwise_conv_2d,
    "fully_connected": fully_connected,
    "average_pool_2d": _pool(Kind.AVERAGE_POOL_2D),
    "max_pool_2d": _pool(Kind.MAX_POOL_2D),
    "add": _pair(Kind.ADD, schema.AddOptionsT, 2),
    "sub": _pair(Kind.SUB, schema.SubOptionsT, 2),
    "mul": _pair(Kind.MUL, schema.MulOptionsT, 4),
    "softmax": _unary(Kind.SOFTMAX, (1 / 256, 0), schema.SoftmaxOptionsT(beta=1.0)),
    "logistic": _unary(Kind.LOGISTIC, (1 / 256, 0)),
    "tanh": _unary(Kind.TANH, (1 / 128, 128)),
    "relu": _unary(Kind.RELU),
    "leaky_relu": _unary(Kind.LEAKY_RELU, options=schema.LeakyReluOptionsT(alpha=0.2)),
    "hard_swish": _unary(Kind.HARD_SWISH),
    "concatenation": concatenation,
    "mean": mean,
    "pad": pad,
    "log_softmax": _unary(Kind.LOG_SOFTMAX, (1 / 16, 255)),
    "l2_normalization": _unary(Kind.L2_NORMALIZATION, (1 / 128, 128), schema.L2NormOptionsT()),
    "gelu": _unary(Kind.GELU, options=schema.GeluOptionsT(approximate=True)),
    "relu_n1_to_1": _unary(Kind.RELU_N1_TO_1),
    "sum": total(Kind.SUM, 3.0),
    "reduce_min": total(Kind.REDUCE_MIN),
    "arg_min": arg_min,
    "resize_bilinear": resize_bilinear,
    "div": div,
    "prelu": prelu,
    "less": less,
    "select": select,
    "transpose_conv": transpose_conv,
    "quantize": quantize,
    "cast": cast,
}


@pytest.mark.parametrize("name", CASES)
def test_operator_gives_the_codes_of_litert(name: str) -> None:
    for seed in seeds(3):
        b = Builder(seed)
        reference = Reference(b.build(CASES[name](b)))
        accelerator = Accelerator(reference.graph, small())
        # The largest floats have no code in the reference.
        has_floats = any(t.dtype == DType.FLOAT32 for t in reference.graph.inputs)
        extremes = [] if has_floats else extreme_inputs(reference.graph)
        for inputs in (random_inputs(reference.graph, seed), *extremes):
            (actual,), (expected,) = accelerator.run(inputs), reference.run(inputs)
            np.testing.assert_array_equal(actual, expected, repeat_with(seed, name))
