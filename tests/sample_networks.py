"""Networks with random weights that stress what the MLPerf Tiny ones do not: for cycles.

Their sums may saturate; only their shapes matter.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.model_builder import VALID, ModelBuilder


def mobilenet_v2(b: ModelBuilder) -> int:
    """Inverted residuals as in MobileNetV2 0.35, on 48x48 pixels."""
    x = b.conv2d(b.input((1, 48, 48, 3)), 16, stride=(2, 2))
    x = b.conv2d(b.depthwise_conv2d(x), 8, (1, 1))
    for n_out, expansion, stride in ((8, 6, 2), (8, 6, 1), (16, 6, 2), (16, 6, 1), (32, 6, 2)):
        n_in = b.shape(x)[3]
        y = b.conv2d(x, n_in * expansion, (1, 1))
        y = b.depthwise_conv2d(y, stride=(stride, stride))
        y = b.conv2d(y, n_out, (1, 1))
        x = b.add(x, y) if stride == 1 and n_in == n_out else y
    x = b.conv2d(x, 256, (1, 1))
    x = b.reshape(b.mean(x), (1, 256))
    return b.fully_connected(x, 100)


def odd_kernels(b: ModelBuilder) -> int:
    """Kernels from 1x1 to 7x7, strides, dilations, channels that fill no word."""
    x = b.conv2d(b.input((1, 40, 31, 2)), 12, (10, 4), stride=(2, 2))
    x = b.depthwise_conv2d(x, 1, (7, 7))
    x = b.conv2d(x, 20, (5, 1))
    x = b.depthwise_conv2d(x, 2, (1, 5), stride=(1, 2))
    x = b.conv2d(x, 23, (3, 3), dilation=(2, 2))
    x = b.depthwise_conv2d(x, 1, (3, 3), dilation=(2, 1))
    x = b.max_pool2d(x, (2, 2), (2, 2))
    x = b.conv2d(x, 33, (2, 4), padding=VALID)
    x = b.average_pool2d(x, (3, 1), (2, 1))
    return b.conv2d(x, 7, (1, 1))


def wide(b: ModelBuilder) -> int:
    """Many channels on few pixels: bound by the weights."""
    x = b.conv2d(b.input((1, 4, 4, 64)), 192)
    x = b.conv2d(x, 256, (1, 1))
    x = b.depthwise_conv2d(x)
    x = b.conv2d(x, 128, (1, 1))
    x = b.reshape(b.average_pool2d(x, (4, 4), (4, 4)), (1, 128))
    return b.fully_connected(b.fully_connected(x, 300), 80)


def narrow(b: ModelBuilder) -> int:
    """Few channels on many pixels: bound by results and pixels."""
    x = b.conv2d(b.input((1, 64, 64, 1)), 4, (3, 3))
    y = b.depthwise_conv2d(x)
    x = b.add(x, y)
    x = b.conv2d(x, 4, (5, 5), stride=(2, 2))
    x = b.max_pool2d(x, (3, 3), (2, 2))
    return b.conv2d(x, 8, (1, 1))


SAMPLES: dict[str, Callable[[ModelBuilder], int]] = {
    f.__name__: f for f in (mobilenet_v2, odd_kernels, wide, narrow)
}


def sample_network(name: str) -> bytes:
    """The .tflite file of a sample."""
    b = ModelBuilder(1, name)
    return b.build(SAMPLES[name](b))
