"""Layers of a small convolutional network, forwards and backwards, in NumPy.

Tensors are NHWC. Values that are multiplied and summed are rounded to a grid (:func:`snap`) that is
coarse enough for every sum to be exact in float64: the result does not depend on the order in
which a library adds, and training gives the same bits on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Bits below the point. A product has at most 16 + 20 of them, which leaves 17 above the point.
VALUE_BITS = 12  # of activations
WEIGHT_BITS = 16
GRADIENT_BITS = 20

SLOPE_BITS = 7  # of SoftKnee's slopes when they are quantised, which must be below 1


def snap(x: Array, fraction_bits: int) -> Array:
    """The nearest multiple of 2**-fraction_bits."""
    unit = float(1 << fraction_bits)
    rounded: Array = np.rint(x * unit) / unit
    return rounded


class Parameter:
    """Values that are learned, with their gradient and Adam's moments.

    ``low`` and ``high`` bound the values.
    """

    def __init__(self, value: Array, low: float = -8.0, high: float = 8.0):
        self.low, self.high = low, high
        self.value = snap(value, WEIGHT_BITS)
        self.gradient = np.zeros_like(value)
        self._exact = self.value.copy()
        self._first = np.zeros_like(value)
        self._second = np.zeros_like(value)

    def step(self, rate: float, corrections: tuple[float, float], decay: float = 0.0) -> None:
        """One step of Adam (Kingma and Ba, 2014) with decoupled weight decay.

        ``corrections`` are 1 - beta1**t and 1 - beta2**t.
        """
        g = self.gradient
        self._first += 0.1 * (g - self._first)
        self._second += 0.001 * (g * g - self._second)
        update = self._first / corrections[0] / (np.sqrt(self._second / corrections[1]) + 1e-8)
        exact = self._exact - rate * (update + decay * self._exact)
        self._exact = np.clip(exact, self.low, self.high)
        self.value = snap(self._exact, WEIGHT_BITS)


class Layer:
    """One operator of the network; ``backward`` follows the ``forward`` that it belongs to.

    Members
    -------
    name : of the operator's output.
    parameters : in no particular order.
    range : least and greatest output of the last run, 0 included.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.parameters: list[Parameter] = []
        self.range = (0.0, 0.0)

    def run(self, x: Array) -> Array:
        """:meth:`forward`, with a note of the range."""
        y = self.forward(x)
        self.range = min(0.0, float(y.min())), max(0.0, float(y.max()))
        return y

    def forward(self, x: Array) -> Array:
        """The output, snapped."""
        raise NotImplementedError

    def backward(self, gradient: Array) -> Array:
        """The gradient of the input from that of the output; sets those of the parameters."""
        raise NotImplementedError


def _uniform(rng: np.random.Generator, shape: Sequence[int], fan_in: int) -> Array:
    """He's variance. Only raw uniform numbers are drawn: no logarithm that may differ."""
    drawn: Array = (2 * rng.random(tuple(shape)) - 1) * np.sqrt(6 / fan_in)
    return drawn


class _Window:
    """A square window, padded as SAME pads it."""

    def __init__(self, size: int, stride: int):
        self.size, self.stride = size, stride

    def _before(self, extent: int) -> tuple[int, int]:
        """Output extent, and rows of padding above."""
        n_out = -(-extent // self.stride)
        total = max(0, (n_out - 1) * self.stride + self.size - extent)
        return n_out, total // 2

    def taps(self, x: Array) -> list[Array]:
        """For each tap, row by row, what it sees at each output pixel."""
        n, height, width, channels = x.shape
        rows, top = self._before(height)
        cols, left = self._before(width)
        padded = np.zeros((n, height + self.size, width + self.size, channels))
        padded[:, top : top + height, left : left + width] = x
        return [padded[:, y, x] for y, x in self._slices(rows, cols)]

    def _slices(self, rows: int, cols: int) -> list[tuple[slice, slice]]:
        return [
            (
                slice(y, y + (rows - 1) * self.stride + 1, self.stride),
                slice(x, x + (cols - 1) * self.stride + 1, self.stride),
            )
            for y in range(self.size)
            for x in range(self.size)
        ]

    def scatter(self, gradients: Sequence[Array], shape: Sequence[int]) -> Array:
        """The transpose of :meth:`taps`."""
        n, height, width, channels = shape
        rows, top = self._before(height)
        cols, left = self._before(width)
        padded = np.zeros((n, height + self.size, width + self.size, channels))
        for (y, x), gradient in zip(self._slices(rows, cols), gradients, strict=True):
            padded[:, y, x] += gradient
        return padded[:, top : top + height, left : left + width]


class _WithRelu(Layer):
    """A layer that may end in a ReLU."""

    def __init__(self, name: str, relu: bool):
        super().__init__(name)
        self.relu = relu
        self._passes: NDArray[np.bool_] | None = None

    def _activate(self, y: Array) -> Array:
        y = snap(y, VALUE_BITS)
        if not self.relu:
            return y
        self._passes = y > 0
        return np.where(self._passes, y, 0.0)

    def _through_relu(self, gradient: Array) -> Array:
        if self.relu:
            assert self._passes is not None
            gradient = np.where(self._passes, gradient, 0.0)
        return snap(gradient, GRADIENT_BITS)


class Conv(_WithRelu):
    """CONV_2D, SAME; ``weight`` is (taps, input channels, output channels)."""

    def __init__(
        self,
        name: str,
        rng: np.random.Generator,
        n_in: int,
        n_out: int,
        size: int = 1,
        stride: int = 1,
        relu: bool = False,
    ):
        super().__init__(name, relu)
        self.window = _Window(size, stride)
        fan_in = size * size * n_in
        self.weight = Parameter(_uniform(rng, (size * size, n_in, n_out), fan_in))
        self.bias = Parameter(np.zeros(n_out))
        self.parameters = [self.weight, self.bias]

    def forward(self, x: Array) -> Array:
        self._shape = x.shape
        self._columns = np.stack(self.window.taps(x), axis=-2)
        n_out = self.bias.value.size
        flat = self._columns.reshape(-1, self.weight.value.size // n_out)
        y = flat @ self.weight.value.reshape(-1, n_out) + self.bias.value
        return self._activate(y.reshape(*self._columns.shape[:3], n_out))

    def backward(self, gradient: Array) -> Array:
        g = self._through_relu(gradient)
        n_out = g.shape[-1]
        flat = g.reshape(-1, n_out)
        weight = self.weight.value.reshape(-1, n_out)
        columns = self._columns.reshape(flat.shape[0], -1)
        self.weight.gradient = (columns.T @ flat).reshape(self.weight.value.shape)
        self.bias.gradient = flat.sum(axis=0)
        back = (flat @ weight.T).reshape(self._columns.shape)
        return self.window.scatter(list(np.moveaxis(back, -2, 0)), self._shape)


class Depthwise(_WithRelu):
    """DEPTHWISE_CONV_2D, SAME; ``weight`` is (taps, channels)."""

    def __init__(
        self,
        name: str,
        rng: np.random.Generator,
        channels: int,
        size: int = 3,
        stride: int = 1,
        relu: bool = False,
    ):
        super().__init__(name, relu)
        self.window = _Window(size, stride)
        self.weight = Parameter(_uniform(rng, (size * size, channels), size * size))
        self.bias = Parameter(np.zeros(channels))
        self.parameters = [self.weight, self.bias]

    def forward(self, x: Array) -> Array:
        self._shape = x.shape
        self._taps = self.window.taps(x)
        y = self.bias.value + sum(t * w for t, w in zip(self._taps, self.weight.value, strict=True))
        return self._activate(y)

    def backward(self, gradient: Array) -> Array:
        g = self._through_relu(gradient)
        self.weight.gradient = np.stack([(tap * g).sum(axis=(0, 1, 2)) for tap in self._taps])
        self.bias.gradient = g.sum(axis=(0, 1, 2))
        return self.window.scatter([g * w for w in self.weight.value], self._shape)


class SoftKnee(Layer):
    """The network's own operator; see soft_knee.cc.

    ``slope`` a and ``knee`` w are learned for each channel. y = x from w on, y = a * x up to -w,
    and a parabola in between that continues both with their slopes.
    """

    def __init__(self, name: str, channels: int, slope: float = 0.25, knee: float = 0.5):
        super().__init__(name)
        self.slope = Parameter(np.full(channels, slope), -1.0, 1 - 0.5**SLOPE_BITS)
        self.knee = Parameter(np.full(channels, knee), 1 / 16, 4.0)
        self.parameters = [self.slope, self.knee]

    def forward(self, x: Array) -> Array:
        a, w = self.slope.value, self.knee.value
        self._x = x
        inside = np.clip(x + w, 0.0, 2 * w)  # how far into the knee
        self._bent = inside * inside / (4 * w) + np.maximum(x - w, 0.0)
        self._rise = inside / (2 * w)
        return snap(a * x + (1 - a) * self._bent, VALUE_BITS)

    def backward(self, gradient: Array) -> Array:
        a, w = self.slope.value, self.knee.value
        x, axes = self._x, tuple(range(self._x.ndim - 1))
        # Of the bent part by w: 1/4 - x**2 / 4w**2 within the knee, 0 outside.
        by_knee = np.where(np.abs(x) < w, 0.25 - x * x / (4 * w * w), 0.0)
        self.slope.gradient = snap(gradient * (x - self._bent), GRADIENT_BITS).sum(axis=axes)
        self.knee.gradient = snap(gradient * (1 - a) * by_knee, GRADIENT_BITS).sum(axis=axes)
        return gradient * (a + (1 - a) * self._rise)


class Residual(_WithRelu):
    """ADD of the input and of what some layers make of it."""

    def __init__(self, name: str, layers: Sequence[Layer], relu: bool = False):
        super().__init__(name, relu)
        self.layers = list(layers)
        self.parameters = [p for layer in layers for p in layer.parameters]

    def forward(self, x: Array) -> Array:
        y = x
        for layer in self.layers:
            y = layer.run(y)
        return self._activate(x + y)

    def backward(self, gradient: Array) -> Array:
        g = self._through_relu(gradient)
        back = g
        for layer in reversed(self.layers):
            back = layer.backward(back)
        return g + back


class AveragePool(Layer):
    """AVERAGE_POOL_2D, VALID, of windows of size x size next to each other."""

    def __init__(self, name: str, size: int):
        super().__init__(name)
        self.size = size

    def forward(self, x: Array) -> Array:
        n, height, width, channels = x.shape
        k = self.size
        windows = x.reshape(n, height // k, k, width // k, k, channels)
        return snap(windows.sum(axis=(2, 4)) / (k * k), VALUE_BITS)

    def backward(self, gradient: Array) -> Array:
        k = self.size
        spread = np.repeat(np.repeat(gradient, k, axis=1), k, axis=2)
        return snap(spread / (k * k), GRADIENT_BITS)


class FullyConnected(Layer):
    """FULLY_CONNECTED of the flattened input; ``weight`` is (inputs, outputs)."""

    def __init__(self, name: str, rng: np.random.Generator, n_in: int, n_out: int):
        super().__init__(name)
        self.weight = Parameter(_uniform(rng, (n_in, n_out), n_in))
        self.bias = Parameter(np.zeros(n_out))
        self.parameters = [self.weight, self.bias]

    def forward(self, x: Array) -> Array:
        self._shape = x.shape
        self._flat = x.reshape(x.shape[0], -1)
        return snap(self._flat @ self.weight.value + self.bias.value, VALUE_BITS)

    def backward(self, gradient: Array) -> Array:
        g = snap(gradient, GRADIENT_BITS)
        self.weight.gradient = self._flat.T @ g
        self.bias.gradient = g.sum(axis=0)
        return (g @ self.weight.value.T).reshape(self._shape)


def digits_network(rng: np.random.Generator) -> list[Layer]:
    """The example's network, for images of 8x8x1; its last outputs are the logits."""
    return [
        Conv("conv", rng, 1, 16, size=3, relu=True),
        Depthwise("depthwise_1", rng, 16, stride=2),
        Conv("pointwise_1", rng, 16, 24),
        SoftKnee("soft_knee", 24),
        Residual(
            "residual",
            [Depthwise("depthwise_2", rng, 24, relu=True), Conv("pointwise_2", rng, 24, 24)],
            relu=True,
        ),
        AveragePool("pool", 2),
        FullyConnected("logits", rng, 2 * 2 * 24, 10),
    ]


def forward(layers: Sequence[Layer], x: Array) -> Array:
    """What the last layer makes of a batch."""
    for layer in layers:
        x = layer.run(x)
    return x
