"""Small networks whose commands are of every kind that the scalar datapath has."""

from __future__ import annotations

from collections.abc import Callable

from tests.model_builder import SAME, VALID, ModelBuilder


def first_layers(b: ModelBuilder) -> int:
    """Few channels: windows between words, at borders everywhere."""
    x = b.conv2d(b.input((1, 13, 11, 3)), 12, (3, 3), stride=(2, 2))
    x = b.conv2d(x, 21, (1, 1), padding=VALID)
    return b.conv2d(x, 9, (3, 2), dilation=(2, 1))


def speech(b: ModelBuilder) -> int:
    x = b.conv2d(b.input((1, 15, 10, 1)), 8, (10, 4), stride=(2, 2))
    return b.conv2d(b.depthwise_conv2d(x), 16, (1, 1))


def separable(b: ModelBuilder) -> int:
    """Channels that fill words, as of most networks."""
    x = b.conv2d(b.input((1, 9, 8, 8)), 16, (3, 3))
    x = b.depthwise_conv2d(x, stride=(2, 2))
    x = b.conv2d(x, 24, (1, 1))
    return b.conv2d(b.depthwise_conv2d(x, 1, (3, 3), dilation=(2, 1)), 10, (1, 1))


def ragged(b: ModelBuilder) -> int:
    """Channels that fill no word, over many pixels."""
    x = b.conv2d(b.input((1, 9, 7, 10)), 6, (1, 1))
    x = b.conv2d(x, 14, (1, 1))
    return b.conv2d(x, 5, (3, 3))


def inner(b: ModelBuilder) -> int:
    """No padding; pixels at words and between them."""
    x = b.conv2d(b.input((1, 12, 13, 1)), 4, (3, 3), padding=VALID)
    x = b.conv2d(x, 8, (2, 2), stride=(2, 2), padding=VALID)
    x = b.depthwise_conv2d(x, 1, (2, 2), padding=VALID)
    return b.conv2d(x, 12, (2, 2), padding=VALID)


def odd_depthwise(b: ModelBuilder) -> int:
    x = b.depthwise_conv2d(b.input((1, 10, 9, 10)), 1, (3, 3))
    x = b.depthwise_conv2d(x, 2, (3, 3), stride=(2, 1), padding=VALID)
    return b.depthwise_conv2d(x, 1, (5, 1), dilation=(1, 2), padding=SAME)


def pools(b: ModelBuilder) -> int:
    """Additions, pools and a mean around convolutions."""
    x = b.input((1, 8, 8, 8))
    x = b.max_pool2d(b.add(x, b.conv2d(x, 8, (3, 3))))
    x = b.average_pool2d(b.pad(x, [(0, 0), (1, 0), (0, 1), (0, 0)]), (3, 3), (1, 1), SAME)
    return b.mean(x)


def pointwise(b: ModelBuilder) -> int:
    """Many channels, whose weights go round the ring several times."""
    x = b.conv2d(b.input((1, 6, 5, 64)), 32, (1, 1))
    return b.conv2d(b.conv2d(x, 96, (1, 1)), 40, (1, 1))


def additions(b: ModelBuilder) -> int:
    x = b.input((1, 3, 5, 6))
    x = b.conv2d(b.add(x, b.conv2d(x, 6, (1, 1))), 4, (1, 1))
    return b.add(x, b.conv2d(x, 4, (1, 1)))


def matrices(b: ModelBuilder) -> int:
    """Vectors: bound by the weights, which move once."""
    return b.fully_connected(b.fully_connected(b.input((1, 100)), 70), 33)


NETWORKS: dict[str, Callable[[ModelBuilder], int]] = {
    f.__name__: f
    for f in (
        first_layers,
        speech,
        separable,
        ragged,
        inner,
        odd_depthwise,
        pools,
        pointwise,
        additions,
        matrices,
    )
}
