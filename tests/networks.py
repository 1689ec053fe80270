"""Random networks with branches, quantised so that signals neither vanish nor saturate."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.model_builder import SAME, Activation, ModelBuilder

ACTIVATIONS = (
    Activation.NONE,
    Activation.NONE,
    Activation.RELU,
    Activation.RELU6,
    Activation.RELU_N1_TO_1,
)


def random_network(b: ModelBuilder, n_operators: int = 12) -> list[int]:
    """Adds a network; returns its outputs, one of which is read further inside it."""
    shape = (_choice(b, 1, 1, 2), _choice(b, 5, 8, 9), _choice(b, 4, 7), _choice(b, 1, 3, 4))
    images = [b.input(shape, scale=0.05, zero_point=_choice(b, -128, -3, 0, 90))]
    for _ in range(n_operators):
        x = images[int(b.rng.integers(max(0, len(images) - 3), len(images)))]
        images.append(_grown(b, x, images))
    n, h, w, c = b.shape(images[-1])
    flat = b.reshape(images[-1], (n, h * w * c))
    options = _fitting(b, flat, h * w * c, 10, Activation.NONE)
    tail = b.fully_connected(flat, 10, **options)
    read = {int(i) for op in b.subgraph.operators for i in op.inputs}
    outputs = [b.softmax(tail), tail, *(image for image in images[1:] if image not in read)]
    outputs.append(int(b.rng.choice(images[1:])))
    return list(dict.fromkeys(outputs))


def _choice(b: ModelBuilder, *values: int) -> int:
    return int(b.rng.choice(values))


def _fitting(b: ModelBuilder, x: int, taps: int, n_out: int, activation: int) -> dict[str, Any]:
    """Scales and biases that spread sums of random products over the output's range.

    ``taps`` is the number of products in a sum; weights are uniform, codes about 60 from their
    zero point.
    """
    rectified = activation in (Activation.RELU, Activation.RELU6)
    scale = {Activation.RELU6: 6 / 255, Activation.RELU_N1_TO_1: 0.02}.get(activation, b.scale())
    per_channel = bool(_choice(b, 0, 1, 1))
    spread = taps**0.5 * 73 * 60
    jitter = b.rng.uniform(0.7, 1.4, n_out if per_channel else 1)
    return {
        "activation": activation,
        "scale": scale,
        "zero_point": -128 if rectified else _choice(b, -9, 0, 20),
        "filter_scale": 50 * scale / (b.quantisation(x)[0] * spread) * jitter,
        "per_channel": per_channel,
        "bias": b.rng.integers(-int(spread), int(spread), n_out, np.int32) // 2,
    }


def _grown(b: ModelBuilder, x: int, images: list[int]) -> int:
    """One more operator on an image; it stays an image of four dimensions."""
    kernel = (_choice(b, 1, 2, 3), _choice(b, 1, 3))
    stride = (_choice(b, 1, 1, 2), _choice(b, 1, 1, 2))
    activation = _choice(b, *ACTIVATIONS)
    same = [image for image in images if b.shape(image) == b.shape(x)]
    channels, area = b.shape(x)[3], kernel[0] * kernel[1]
    match _choice(b, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 6):
        case 0:
            groups = _choice(b, 1, 1, channels)
            n_out = groups * _choice(b, 1, 2, 3)
            options = _fitting(b, x, area * channels // groups, n_out, activation)
            return b.conv2d(x, n_out, kernel, stride=stride, groups=groups, **options)
        case 1:
            multiplier = _choice(b, 1, 1, 2)
            options = _fitting(b, x, area, channels * multiplier, activation)
            return b.depthwise_conv2d(x, multiplier, kernel, stride=stride, **options)
        case 2:
            return b.average_pool2d(x, kernel, (1, 1), SAME)
        case 3:
            return b.max_pool2d(x, kernel, stride, SAME)
        case 4:
            return b.pad(x, [(0, 0), (1, 0), (0, 1), (0, _choice(b, 0, 1))])
        case 5:
            scale, zero_point = b.quantisation(x)
            pooled = b.mean(x, (1, 2), True, scale=scale / 2, zero_point=zero_point // 2)
            return b.add(x, pooled, scale=scale, zero_point=zero_point // 2)
        case _:
            other = int(b.rng.choice(same))
            scale = max(b.quantisation(x)[0], b.quantisation(other)[0])
            return b.add(x, other, scale=1.2 * scale, zero_point=_choice(b, -20, 0, 15))
