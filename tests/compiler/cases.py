"""Random models of one operator each, with everything at its limits every now and then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.model_builder import SAME, VALID, Activation, ModelBuilder

ACTIVATIONS = (Activation.NONE, Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1)
Case = Callable[[ModelBuilder], int]


def _choice(b: ModelBuilder, *values: int) -> int:
    return int(b.rng.choice(values))


def _activation(b: ModelBuilder) -> int:
    return _choice(b, *ACTIVATIONS)


def _scale(b: ModelBuilder) -> float | None:
    """Mostly left to the builder; else tiny or huge."""
    return [None, None, None, 1e-6, 1e5][_choice(b, 0, 1, 2, 3, 4)]


def _scales(b: ModelBuilder) -> dict[str, Any]:
    """Mostly an output scale that fits the sums; else a huge one, or a tiny one, which leaves no
    room for a clamp at real values."""
    if _choice(b, 0, 1, 2, 3):
        return {"activation": _activation(b), "scale_factor": [1.0, 1.0, 1e7][_choice(b, 0, 1, 2)]}
    return {
        "activation": _choice(b, Activation.NONE, Activation.RELU),
        "scale_factor": [1e-9, 1e-3][_choice(b, 0, 1)],
    }


def _window(b: ModelBuilder, dilate: bool) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Image sizes and window options for which a VALID window fits."""
    padding = _choice(b, SAME, VALID)
    sizes, kernels, strides, dilations = [], [], [], []
    for _ in range(2):
        kernel, stride = _choice(b, 1, 1, 2, 3, 3, 4, 5), _choice(b, 1, 1, 2, 3, 5)
        dilation = _choice(b, 1, 1, 2, 3) if dilate else 1
        reach = (kernel - 1) * dilation + 1
        least = 1 if padding == SAME else reach
        sizes.append(int(b.rng.integers(least, least + 9)))
        kernels.append(kernel)
        strides.append(stride)
        dilations.append(dilation)
    options: dict[str, Any] = {
        "kernel": tuple(kernels),
        "stride": tuple(strides),
        "padding": padding,
    }
    if dilate:
        options["dilation"] = tuple(dilations)
    return tuple(sizes), options


def conv_2d(b: ModelBuilder) -> int:
    (h, w), options = _window(b, True)
    groups, per_group = _choice(b, 1, 1, 1, 2, 3), _choice(b, 1, 2, 3, 5, 8)
    x = b.input((_choice(b, 1, 1, 2), h, w, groups * per_group), scale=_scale(b))
    return b.conv2d(
        x,
        groups * _choice(b, 1, 2, 3, 7),
        groups=groups,
        bias=bool(_choice(b, 0, 1, 1)),
        absent_bias=bool(_choice(b, 0, 1)),
        per_channel=bool(_choice(b, 0, 1, 1)),
        **options,
        **_scales(b),
    )


def depthwise_conv_2d(b: ModelBuilder) -> int:
    (h, w), options = _window(b, True)
    x = b.input((_choice(b, 1, 1, 2), h, w, _choice(b, 1, 2, 3, 8, 9)), scale=_scale(b))
    return b.depthwise_conv2d(
        x,
        _choice(b, 1, 1, 2, 3),
        bias=bool(_choice(b, 0, 1, 1)),
        per_channel=bool(_choice(b, 0, 1, 1)),
        **options,
        **_scales(b),
    )


def fully_connected(b: ModelBuilder) -> int:
    n_in, keep = _choice(b, 1, 2, 3, 8, 40), bool(_choice(b, 0, 1))
    lead = [(), (3,), (2, 3), (1, 2, 2)][_choice(b, 1, 1, 2, 3) if keep else _choice(b, 1, 1, 2, 3)]
    scales = _scales(b)
    # The rounding of a bias's scale to float32 is too much for the smallest output scales.
    may_have_bias = scales["scale_factor"] != 1e-9
    return b.fully_connected(
        b.input((*lead, n_in), scale=_scale(b)),
        _choice(b, 1, 2, 9, 30),
        keep_num_dims=keep,
        bias=may_have_bias and bool(_choice(b, 0, 1, 1)),
        per_channel=bool(_choice(b, 0, 1)),
        **scales,
    )


def add(b: ModelBuilder) -> int:
    rank = _choice(b, 1, 2, 3, 4, 5, 6)
    shape = [_choice(b, 1, 2, 3, 5) for _ in range(rank)]
    other = list(shape)
    if _choice(b, 0, 1):  # broadcast
        other = [n if _choice(b, 0, 1) else 1 for n in shape][_choice(b, 0, 0, rank - 1) :]
    scales = [b.scale() * 10.0 ** _choice(b, -4, 0, 0, 0, 4) for _ in range(2)]
    pair = [b.input(shape, scale=scales[0]), b.input(other, scale=scales[1])]
    if _choice(b, 0, 1):
        pair.reverse()
    # From just above the smallest output scale that is supported to a very large one.
    least = max(scales) * 2.0**-18.9
    scale = [None, None, least, max(scales) * 1e4][_choice(b, 0, 1, 2, 3)]
    return b.add(*pair, activation=_activation(b) if scale != least else 0, scale=scale)


def _pool_input(b: ModelBuilder, sizes: tuple[int, ...]) -> int:
    return b.input((_choice(b, 1, 1, 3), *sizes, _choice(b, 1, 2, 5)))


def average_pool_2d(b: ModelBuilder) -> int:
    sizes, options = _window(b, False)
    x, activation = _pool_input(b, sizes), _activation(b)
    return b.average_pool2d(x, activation=activation, **options)


def max_pool_2d(b: ModelBuilder) -> int:
    sizes, options = _window(b, False)
    x, activation = _pool_input(b, sizes), _activation(b)
    return b.max_pool2d(x, activation=activation, **options)


def mean(b: ModelBuilder) -> int:
    shape = (_choice(b, 1, 2), _choice(b, 1, 2, 7, 24), _choice(b, 1, 3, 8), _choice(b, 1, 4))
    axes = [(1, 2), (2, 1), (-3, -2), (1,), (2,), (1, -3)][_choice(b, 0, 0, 1, 2, 3, 4, 5)]
    x = b.input(shape, scale=_scale(b))
    scale, zero_point = b.quantisation(x)
    if _choice(b, 0, 1):  # the same quantisation
        return b.mean(x, axes, bool(_choice(b, 0, 1)), scale=scale, zero_point=zero_point)
    factor = [None, 1e-4, 1e-9, 1e9][_choice(b, 0, 0, 0, 1, 2, 3)]
    return b.mean(x, axes, bool(_choice(b, 0, 1)), scale=None if factor is None else scale * factor)


def pad(b: ModelBuilder) -> int:
    rank = _choice(b, 1, 2, 3, 4, 4, 4, 5)
    shape = [_choice(b, 1, 2, 3) for _ in range(rank)]
    paddings = [(_choice(b, 0, 0, 1, 3), _choice(b, 0, 1, 2)) for _ in shape]
    return b.pad(b.input(shape), paddings, zero_point=b.zero_point() if _choice(b, 0, 1) else None)


def reshape(b: ModelBuilder) -> int:
    shape = [_choice(b, 1, 2, 3, 4) for _ in range(_choice(b, 1, 2, 3, 4))]
    size = int(np.prod(shape))
    new = [list(reversed(shape)), [size], [-1, 1, size], [1, *shape, 1]][_choice(b, 0, 1, 2, 3)]
    return b.reshape(b.input(shape), new, as_tensor=bool(_choice(b, 0, 1)))


def softmax(b: ModelBuilder) -> int:
    shape = [_choice(b, 1, 2, 3) for _ in range(_choice(b, 0, 1, 3))]
    scale = float(np.exp(b.rng.uniform(np.log(1e-6), np.log(20))))
    scale = [scale, scale, scale, 2.0**-24, 1e9][_choice(b, 0, 1, 2, 3, 4)]
    beta = [1.0, 1.0, 0.3, 7.0][_choice(b, 0, 1, 2, 3)]
    return b.softmax(b.input((*shape, _choice(b, 1, 2, 10, 100, 511)), scale=scale), beta)


CASES: dict[str, Case] = {
    case.__name__: case
    for case in (
        conv_2d,
        depthwise_conv_2d,
        fully_connected,
        add,
        average_pool_2d,
        max_pool_2d,
        mean,
        pad,
        reshape,
        softmax,
    )
}
