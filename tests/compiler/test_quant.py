"""Output multipliers and the project's arithmetic, to the last bit, against the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from arch.quant import requantize
from compiler.graph import Operator
from compiler.ops import add, convolution, pooling, softmax
from compiler.ops.requantization import Requantization
from sim.reference import Reference
from tests.compiler import naive_kernels as naive
from tests.compiler.cases import CASES
from tests.model_builder import Activation, ModelBuilder

N_CHANNELS = 60
INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1


def build(kind: str, per_channel: bool, factor: float, seed: int, bias: np.ndarray) -> bytes:
    """An operator with zero weights, so that its sums are its biases."""
    b = ModelBuilder([seed, len(kind), per_channel])
    x_scale = b.scale()
    x = b.input((1, 1) if kind == "fully_connected" else (1, 1, 1, 1), scale=x_scale)
    scales = b.rng.uniform(0.5, 1.0, N_CHANNELS if per_channel else 1) * 0.01
    options: dict[str, Any] = {
        "bias": bias.astype(np.int32),
        "per_channel": per_channel,
        "filter_scale": scales,
        "scale": float(x_scale * 0.01 / factor),
        "zero_point": b.zero_point(),
    }
    if kind == "conv_2d":
        y = b.conv2d(x, N_CHANNELS, (1, 1), **options)
    elif kind == "depthwise_conv_2d":
        y = b.depthwise_conv2d(x, N_CHANNELS, (1, 1), **options)
    else:
        y = b.fully_connected(x, N_CHANNELS, **options)
    filters = b.subgraph.tensors[b.subgraph.operators[0].inputs[1]]
    b.model.buffers[filters.buffer].data = np.zeros(N_CHANNELS, np.uint8)
    return b.build(y)


def requantization_of(op: Operator, kind: str) -> Requantization:
    derive: Callable[[Operator], Any] = getattr(convolution, kind)
    result = derive(op).requantization
    assert isinstance(result, Requantization)
    return result


def lowest_sum_of(code: int, channel: int, r: Requantization) -> int:
    """The lowest sum whose output is at least ``code``, by bisection."""
    low, high = INT32_MIN, INT32_MAX
    while low < high:
        middle = (low + high) // 2
        q, s = r.multipliers[channel], r.shifts[channel]
        if requantize(middle, q, s, r.zero_point, r.low, r.high) >= code:
            high = middle
        else:
            low = middle + 1
    return low


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("kind", ["conv_2d", "depthwise_conv_2d", "fully_connected"])
def test_outputs_step_at_exactly_the_sums_that_the_multipliers_say(
    kind: str, per_channel: bool
) -> None:
    """At 2**-24 a change of the multiplier's last bits moves the steps by about one."""
    for seed in range(12):
        rng = np.random.default_rng(seed)
        factor = 2.0**-24 * rng.uniform(1.0, 2.0)
        plain = Reference(build(kind, per_channel, factor, seed, np.zeros(N_CHANNELS)))
        r = requantization_of(plain.graph.operators[0], kind)
        codes = rng.integers(-126, 127, N_CHANNELS)
        steps = np.array([lowest_sum_of(int(c), i, r) for i, c in enumerate(codes)], np.int64)
        inside = (steps > INT32_MIN) & (steps < INT32_MAX)
        assert inside.sum() > N_CHANNELS // 4
        for below in (0, 1):
            bias = np.where(inside, steps - below, 0)
            reference = Reference(build(kind, per_channel, factor, seed, bias))
            output = reference.run([np.zeros(reference.graph.inputs[0].shape, np.int8)])[0]
            reached = output.reshape(-1) >= codes
            assert (reached[inside] == (below == 0)).all(), f"seed {seed}"


@pytest.mark.parametrize("kind", ["conv_2d", "depthwise_conv_2d", "fully_connected"])
def test_requantisation_of_any_sum_with_any_shift_is_that_of_the_reference(kind: str) -> None:
    """Overflow of the left shift and of the zero point's addition included."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        factor = 2.0 ** rng.uniform(-33, 29)
        magnitude = rng.uniform(0, 31, N_CHANNELS)
        bias = (rng.choice([-1, 1], N_CHANNELS) * 2.0**magnitude).clip(INT32_MIN, INT32_MAX)
        bias[:3] = INT32_MIN, INT32_MAX, -1
        reference = Reference(build(kind, True, factor, seed, bias))
        r = requantization_of(reference.graph.operators[0], kind)
        expected = reference.run([np.zeros(reference.graph.inputs[0].shape, np.int8)])[0]
        sums = bias.astype(np.int32).astype(np.int64)
        actual = requantize(sums, r.multipliers, r.shifts, r.zero_point, r.low, r.high)
        np.testing.assert_array_equal(actual, expected.reshape(-1), f"seed {seed}")


def test_the_addition_of_the_zero_point_overflows_as_in_the_reference() -> None:
    """A factor of 1 - 2**-30, made of float32 scales, keeps the largest sums almost whole."""
    unit = 2.0**-23
    scales = {"scale": 1 + (2**16 + 128) * unit, "filter_scale": 1 + 127 * unit}
    for zero_point in (-128, 127):
        b = ModelBuilder()
        x = b.input((1, 1, 1, 1), scale=1 + 2**16 * unit)
        bias = np.array([INT32_MAX, INT32_MIN, INT32_MAX - 100, INT32_MIN + 100, 0], np.int32)
        options: dict[str, Any] = {"per_channel": False, "zero_point": zero_point, **scales}
        y = b.conv2d(x, len(bias), (1, 1), bias=bias, **options)
        b.model.buffers[1].data = np.zeros(len(bias), np.uint8)
        reference = Reference(b.build(y))
        r = requantization_of(reference.graph.operators[0], "conv_2d")
        assert r.multipliers.tolist() == [INT32_MAX - 1] * len(bias)
        expected = reference.run([np.zeros((1, 1, 1, 1), np.int8)])[0].reshape(-1)
        actual = requantize(bias, r.multipliers, r.shifts, r.zero_point, r.low, r.high)
        np.testing.assert_array_equal(actual, expected)
        assert (expected[0], expected[1]) == ((-128, -128) if zero_point == 127 else (127, 127))


def bounds_near_ties(value: float) -> list[float]:
    """Scales for which value / scale is half-way between integers, or is so only in float32."""
    scales = []
    for code in range(130):
        tie = np.float32(value) / np.float32(code + 0.5)
        for scale in (np.nextafter(tie, np.float32(0)), tie, np.nextafter(tie, np.float32(99))):
            quotient = float(np.float32(value) / scale)
            exact = value / float(scale)
            if quotient % 1 == 0.5 or round(quotient) != round(exact):
                scales.append(float(scale))
    return scales


@pytest.mark.parametrize(
    ("activation", "value"), [(Activation.RELU6, 6.0), (Activation.RELU_N1_TO_1, 1.0)]
)
def test_clamps_of_activations_round_as_in_the_reference(activation: int, value: float) -> None:
    codes = np.arange(-128, 128).astype(np.int8).reshape(1, 16, 16, 1)
    scales = bounds_near_ties(value)
    assert len(scales) > 100
    for i, scale in enumerate(scales):
        b = ModelBuilder(i)
        x = b.input(codes.shape, scale=scale)
        y = b.max_pool2d(x, (1, 1), (1, 1), activation=activation)
        reference = Reference(b.build(y))
        p = pooling.pool_2d(reference.graph.operators[0])
        output = reference.run([codes])[0]
        assert (p.low, p.high) == (output.min(), output.max()), f"scale {scale!r}"


def test_tables_give_the_sum_of_all_pairs_of_codes() -> None:
    """As the element-wise unit adds: two table look-ups, a sum, a requantisation."""
    codes = np.arange(-128, 128).astype(np.int8)
    for seed in range(40):
        b = ModelBuilder(seed)
        scales = [b.scale() * 10.0 ** b.rng.integers(-2, 3) for _ in range(2)]
        x = b.input((256, 1), scale=scales[0])
        y = b.input((1, 256), scale=scales[1])
        activation = int(b.rng.choice([Activation.NONE, Activation.RELU]))
        reference = Reference(b.build(b.add(x, y, activation=activation)))
        p = add.add(reference.graph.operators[0])
        total = p.a.table.astype(np.int64)[:, None] + p.b.table[None, :]
        actual = requantize(total, p.multiplier, p.shift, p.zero_point, p.low, p.high)
        expected = reference.run([codes[:, None], codes[None, :]])[0]
        np.testing.assert_array_equal(actual, expected, f"seed {seed}")


def test_average_multipliers_round_as_the_division_does() -> None:
    """At every sum next to a boundary: in between, neither result changes."""
    for count in range(1, pooling.MAX_RECIPROCAL_COUNT + 1):
        multiplier_shift = pooling.average_multiplier(count)
        assert multiplier_shift is not None
        boundaries = np.arange(-128, 128) * count
        sums = np.unique(np.add.outer(boundaries, [-1, 0, 1, -(count // 2), count // 2]))
        sums = np.unique(np.add.outer(sums, [-1, 0, 1]))
        sums = sums[(sums >= -128 * count) & (sums <= 127 * count)]
        rounded = np.where(sums > 0, sums + count // 2, sums - count // 2)
        expected = np.sign(rounded) * (np.abs(rounded) // count)
        actual = requantize(sums, *multiplier_shift, 0, -128, 127)
        np.testing.assert_array_equal(actual, expected, f"count {count}")
    assert pooling.average_multiplier(pooling.MAX_RECIPROCAL_COUNT + 1) is None


def test_counts_are_the_windows_elements_inside_the_image() -> None:
    for seed in range(100):
        b = ModelBuilder(seed)
        op = Reference(b.build(CASES["average_pool_2d"](b))).graph.operators[0]
        p = pooling.pool_2d(op)
        expected = [len(taps) for _, _, taps in naive._places(p.window)]
        assert p.counts.reshape(-1).tolist() == expected, f"seed {seed}"


def test_folded_biases_make_padding_with_the_zero_point_exact() -> None:
    for seed in range(100):
        b = ModelBuilder(seed)
        op = Reference(b.build(CASES["conv_2d"](b))).graph.operators[0]
        p = convolution.conv_2d(op)
        n_taps = p.weights[0].size
        codes = b.rng.integers(-128, 128, n_taps)
        weights = p.weights.reshape(len(p.weights), -1).astype(np.int64)
        direct = weights @ (codes - p.input_zero_point) + p.bias
        np.testing.assert_array_equal(weights @ codes + p.folded_bias, direct, f"seed {seed}")


def test_exponentials_are_gemmlowps() -> None:
    for seed in range(30):
        b = ModelBuilder(seed)
        x = b.input((1, 4), scale=float(np.exp(b.rng.uniform(np.log(1e-5), np.log(20)))))
        p = softmax.softmax(Reference(b.build(b.softmax(x))).graph.operators[0])
        for distance, actual in enumerate(p.exponentials.tolist()):
            shifted = naive.wrap(-distance << p.left_shift)
            counted = -distance >= p.diff_min
            expected = naive.exp_neg(naive.srdhm(shifted, p.multiplier), 5) if counted else 0
            assert actual == expected, f"seed {seed}, distance {distance}"
