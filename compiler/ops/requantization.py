"""From sums to codes: output multipliers, zero point and clamp.

Sources: tensorflow/lite/kernels/kernel_util.cc (PopulateConvolutionQuantizationParams,
CalculateActivationRangeQuantized).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from arch.quant import Int64, quantize_multiplier
from compiler.graph import DType, Tensor
from compiler.options import Activation

INT8_MIN, INT8_MAX = -128, 127
MIN_SHIFT, MAX_SHIFT = -31, 30
_INT32_LIMIT = 1 << 31


@dataclass(frozen=True)
class Requantization:
    """out = clamp(sum * multiplier * 2**(shift-31) + zero_point, low, high).

    ``multipliers`` (0 to 2**31-1) and ``shifts`` (-31 to 30) have one element for each output
    channel; the arithmetic is :func:`arch.quant.requantize`.
    """

    multipliers: Int64
    shifts: Int64
    zero_point: int
    low: int
    high: int

    @property
    def uniform(self) -> bool:
        """All channels have the same multiplier and shift."""
        return len(np.unique(self.multipliers)) == 1 and len(np.unique(self.shifts)) == 1


def limits_of(dtype: DType) -> tuple[int, int]:
    """Lowest and highest code of an integer type."""
    assert dtype.numpy is not None
    info = np.iinfo(dtype.numpy)
    return int(info.min), int(info.max)


def quantize_multipliers(reals: Iterable[float]) -> tuple[Int64, Int64]:
    """Multipliers and shifts of real factors."""
    pairs = [quantize_multiplier(real) for real in reals]
    return np.array([q for q, _ in pairs], np.int64), np.array([s for _, s in pairs], np.int64)


def quantized_bound(value: float, tensor: Tensor) -> int | None:
    """The code of a real bound, or None where the reference refuses it as too large for int32.

    The quotient is that of float32; it is rounded half away from zero.
    """
    with np.errstate(over="ignore"):
        quotient = float(np.float32(value) / np.float32(tensor.scale))
    if not abs(quotient) < _INT32_LIMIT:
        return None
    return tensor.zero_point + int(math.copysign(math.floor(abs(quotient) + 0.5), quotient))


_BOUNDS: dict[Activation, tuple[float | None, float | None]] = {
    Activation.NONE: (None, None),
    Activation.RELU: (0.0, None),
    Activation.RELU6: (0.0, 6.0),
    Activation.RELU_N1_TO_1: (-1.0, 1.0),
}

SUPPORTED_ACTIVATIONS = tuple(_BOUNDS)


def activation_range(activation: Activation, output: Tensor) -> tuple[int, int] | None:
    """Lowest and highest code of the output; None where a bound does not fit into int32."""
    lower, upper = _BOUNDS[activation]
    low, high = limits_of(output.dtype)
    if lower is not None:
        bound = quantized_bound(lower, output)
        if bound is None:
            return None
        low = max(low, bound)
    if upper is not None:
        bound = quantized_bound(upper, output)
        if bound is None:
            return None
        high = min(high, bound)
    return low, high


def clamp_of(activation: Activation, output: Tensor) -> tuple[int, int]:
    """As :func:`activation_range`, for a graph that the constraints have passed."""
    limits = activation_range(activation, output)
    if limits is None:
        raise ValueError(f"{output}: {activation.name} has no bounds at this scale")
    return limits
