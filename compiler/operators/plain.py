"""Fused activations of int32 and float32, as the core reads them."""

from __future__ import annotations

import numpy as np

from arch import elementwise_params as structures
from compiler.options import Activation

_LOWEST, _HIGHEST = (float(limit) for limit in (np.finfo("f4").min, np.finfo("f4").max))
_BOUNDS = {
    Activation.NONE: (_LOWEST, _HIGHEST),
    Activation.RELU: (0.0, _HIGHEST),
    Activation.RELU6: (0.0, 6.0),
    Activation.RELU_N1_TO_1: (-1.0, 1.0),
}


def plain_params(activation: Activation) -> bytes:
    """A ``weft_plain_params_t``."""
    low, high = _BOUNDS[activation]
    limits = np.iinfo(np.int32)
    values = {
        "low": int(max(low, limits.min)),
        "high": int(min(high, limits.max)),
        "low_f32": low,
        "high_f32": high,
    }
    return structures.PLAIN.pack(values)
