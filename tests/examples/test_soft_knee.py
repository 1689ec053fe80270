"""The digits example's operator against its definition in examples/digits/README.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from math import floor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from arch.op_interface import ABSENT, OpDescription, OpStatus, TensorDescription, TensorType
from firmware.host import HostOps
from firmware.image import build_firmware
from tests.firmware.helpers import BASE_SEED, on_core, small
from tests.firmware.machine import Machine

SOURCE = Path(__file__).parents[2] / "examples" / "digits" / "soft_knee.cc"
ALL_CODES = np.arange(-128, 128)
UNITS = 1 << 20


@cache
def host() -> HostOps:
    return HostOps([SOURCE], [])


@dataclass(frozen=True)
class Use:
    """One use of the operator; scales are float32."""

    x: NDArray[np.int8]
    x_scale: np.float32
    x_zero_point: int
    y_scale: np.float32
    y_zero_point: int
    slopes: NDArray[np.int8]
    knees: NDArray[np.int16]

    def description(self) -> OpDescription:
        def activation(data: NDArray[np.int8], scale: np.float32, zero: int) -> TensorDescription:
            return TensorDescription(data.shape, TensorType.INT8, data, float(scale), zero)

        channels = self.slopes.shape
        knee_scale = float(self.x_scale / np.float32(256))
        return OpDescription(
            "SoftKnee",
            (
                activation(self.x, self.x_scale, self.x_zero_point),
                TensorDescription(channels, TensorType.INT8, self.slopes, 1 / 128),
                TensorDescription(channels, TensorType.INT16, self.knees, knee_scale),
            ),
            (activation(np.zeros_like(self.x), self.y_scale, self.y_zero_point),),
        )

    def on_host(self) -> NDArray[np.int8]:
        description = self.description()
        assert host().call("SoftKnee", description) == OpStatus.OK
        data = description.outputs[0].data
        assert isinstance(data, np.ndarray)
        return data


def defined(use: Use) -> NDArray[np.int64]:
    """What the definition in codes says, in exact fractions."""

    def nearest(value: Fraction) -> int:
        return floor(value + Fraction(1, 2))

    d = use.x.astype(np.int64) - use.x_zero_point
    above = nearest(UNITS * Fraction(float(use.x_scale)) / Fraction(float(use.y_scale)))
    sums = np.zeros_like(d)
    for c, (slope, knee) in enumerate(zip(use.slopes.tolist(), use.knees.tolist(), strict=True)):
        a, w = Fraction(slope, 128), Fraction(knee, 256)
        below = nearest(above * a)
        bend = above - below
        square = nearest(bend / (4 * w))
        linear = nearest(Fraction(above + below, 2))
        constant = nearest(bend * w / 4)
        x = d[..., c]
        bent = (square * x + linear) * x + constant
        x_256 = 256 * x
        sums[..., c] = np.where(x_256 >= knee, above * x, np.where(x_256 <= -knee, below * x, bent))
    return np.clip(np.floor_divide(2 * sums + UNITS, 2 * UNITS) + use.y_zero_point, -128, 127)


def in_real_numbers(use: Use) -> NDArray[np.float64]:
    """What the definition in real numbers says, as a code that is not rounded or clamped."""
    x = float(use.x_scale) * (use.x.astype(np.float64) - use.x_zero_point)
    a, w = use.slopes / 128, float(use.x_scale) * use.knees / 256
    parabola = (1 + a) / 2 * x + (1 - a) / 4 * (x * x / w + w)
    y = np.where(x >= w, x, np.where(x <= -w, a * x, parabola))
    return y / float(use.y_scale) + use.y_zero_point


def uses() -> Iterator[Use]:
    """All codes in every channel, with slopes, knees, scales and zero points at their limits."""
    rng = np.random.default_rng(BASE_SEED)
    slopes = np.array([-128, -127, -1, 0, 1, 127], np.int8)
    knees = np.array([1, 255, 256, 257, 20000, 32767], np.int16)
    limits = [array.reshape(-1) for array in np.meshgrid(slopes, knees)]
    for ratio in (4.0, 3.99, 1.0, 0.7, 1 / 3, 0.03, 1e-5):
        for x_zero_point, y_zero_point in ((-128, -128), (127, 127), (-128, 127), (5, -3)):
            x_scale = np.float32(np.exp(rng.uniform(-9, 3)))
            all_slopes = np.concatenate([limits[0], rng.integers(-128, 128, 60, np.int8)])
            drawn = np.exp(rng.uniform(0, np.log(32767), 60)).astype(np.int16)
            yield Use(
                np.repeat(ALL_CODES.astype(np.int8)[:, None], all_slopes.size, axis=1),
                x_scale,
                x_zero_point,
                np.float32(x_scale / np.float32(ratio)),
                y_zero_point,
                all_slopes,
                np.concatenate([limits[1], drawn]),
            )


def test_operator_is_its_definition_for_all_codes() -> None:
    for use in uses():
        np.testing.assert_array_equal(use.on_host(), defined(use), str(use))


def test_operator_is_the_nearest_code_of_the_real_function() -> None:
    """But for what the rounding of the coefficients to 2**-20 makes of it.

    In units of half of that and at a distance d from the zero point: d**2 from square, within the
    knee; less than 4 * d + w from the others, where d < 256 and w < 128.
    """
    for use in uses():
        d = np.abs(use.x.astype(np.int64) - use.x_zero_point)
        inside = np.where(256 * d < use.knees, d * d, 0)
        bound = 0.5 + (inside + 4 * 256 + 128) / (2 * UNITS)
        error = np.abs(use.on_host() - np.clip(in_real_numbers(use), -128, 127))
        assert (error <= bound).all(), f"{use}: {(error - bound).max()} beyond the bound"


def test_core_gives_what_the_host_gives() -> None:
    machine = Machine(small(), build_firmware(small(), [SOURCE], []))
    rng = np.random.default_rng(BASE_SEED)
    for use in list(uses())[::3]:
        status, (output,) = on_core(machine, use.description(), rng)
        assert status == OpStatus.OK
        assert output == use.on_host().tobytes()


def typical(shape: tuple[int, ...] = (1, 4, 4, 24)) -> Use:
    """Like the network's: of all three parts of the function a good many."""
    rng = np.random.default_rng(BASE_SEED)
    x = np.clip(np.rint(rng.normal(0, 30, shape)), -128, 127).astype(np.int8)
    slopes = rng.integers(20, 127, shape[-1:], np.int8)
    knees = rng.integers(300, 1100, shape[-1:], np.int16)
    return Use(x, np.float32(0.15), 5, np.float32(0.14), -3, slopes, knees)


def test_operator_takes_under_twenty_instructions_a_code() -> None:
    use = typical()
    machine = Machine(small(), build_firmware(small(), [SOURCE], []))
    assert on_core(machine, use.description(), np.random.default_rng(0))[0] == OpStatus.OK
    print(f"SoftKnee of 4x4x24: {machine.instructions} instructions")
    assert machine.instructions < 20 * use.x.size


@pytest.mark.parametrize("shape", [(7,), (3, 1), (2, 3, 5, 4)])
def test_channels_are_the_last_dimension_of_any_shape(shape: tuple[int, ...]) -> None:
    use = typical(shape)
    np.testing.assert_array_equal(use.on_host(), defined(use))


def _bad(description: OpDescription, operand: int, **changes: object) -> OpDescription:
    """The description with another operand; -1 is the output."""
    if operand < 0:
        return replace(description, outputs=(replace(description.outputs[0], **changes),))
    inputs = list(description.inputs)
    inputs[operand] = replace(inputs[operand], **changes)
    return replace(description, inputs=tuple(inputs))


SHORT = np.zeros(23, np.int8)
WIDE = np.zeros((1, 4, 4, 24), np.int16)
NO_KNEE = np.zeros(24, np.int16)


@pytest.mark.parametrize(
    ("operand", "changes", "status"),
    [
        (0, {"type": TensorType.INT16, "data": WIDE}, OpStatus.TYPE),
        (-1, {"type": TensorType.INT16, "data": WIDE}, OpStatus.TYPE),
        (0, {"zero_point": 128}, OpStatus.TYPE),
        (-1, {"zero_point": -129}, OpStatus.TYPE),
        (1, {"shape": SHORT.shape, "data": SHORT}, OpStatus.SHAPE),
        (1, {"shape": (1, 24)}, OpStatus.SHAPE),
        (1, {"zero_point": 1}, OpStatus.SHAPE),
        (2, {"type": TensorType.INT8, "data": np.ones(24, np.int8)}, OpStatus.SHAPE),
        (-1, {"shape": SHORT.shape, "data": SHORT}, OpStatus.SHAPE),
        (0, {"scale": 0.0}, OpStatus.PARAMS),
        (-1, {"scale": 0.0}, OpStatus.PARAMS),
        (-1, {"scale": -0.14}, OpStatus.PARAMS),
        (-1, {"scale": float("inf")}, OpStatus.PARAMS),
        (-1, {"scale": 0.15 / 4.001}, OpStatus.PARAMS),
        (-1, {"scale": 0.15 * 2**21}, OpStatus.PARAMS),
        (1, {"scale": 1 / 127}, OpStatus.PARAMS),
        (2, {"scale": 0.15 / 128}, OpStatus.PARAMS),
        (2, {"data": NO_KNEE}, OpStatus.PARAMS),
    ],
)
def test_what_the_operator_cannot_take_is_refused(
    operand: int, changes: dict[str, object], status: OpStatus
) -> None:
    assert host().call("SoftKnee", _bad(typical().description(), operand, **changes)) == status


def test_missing_operands_are_refused() -> None:
    description = typical().description()
    few = replace(description, inputs=description.inputs[:2])
    assert host().call("SoftKnee", few) == OpStatus.SHAPE
    absent = replace(description, inputs=(*description.inputs[:2], ABSENT))
    assert host().call("SoftKnee", absent) == OpStatus.SHAPE
