"""Tensors of any type for :class:`tests.model_builder.ModelBuilder`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.model_builder import DType, ModelBuilder

QUANTISED = (DType.INT8, DType.INT16, DType.UINT8)


def typed(b: ModelBuilder, shape: Sequence[int], dtype: int, like: int | None = None) -> int:
    """A tensor, quantised if it is int8, int16 or uint8: as ``like``, or at random."""
    if dtype not in QUANTISED:
        return b.tensor(shape, dtype=dtype)
    if like is not None:
        scale, zero_point = b.quantisation(like)
    else:
        scale, zero_point = b.scale(), 0 if dtype == DType.INT16 else b.zero_point()
        zero_point += 128 if dtype == DType.UINT8 else 0
    return b.tensor(shape, dtype=dtype, scale=scale, zero_point=zero_point)


def typed_input(b: ModelBuilder, shape: Sequence[int], dtype: int, like: int | None = None) -> int:
    index = typed(b, shape, dtype, like)
    b.subgraph.inputs.append(index)
    return index


def int32(b: ModelBuilder, values: Any) -> int:
    """A constant."""
    return b.constant(np.asarray(values, np.int32))
