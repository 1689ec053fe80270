"""AudioFrontend on the host."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arch.errors import WeftError
from arch.op_interface import OpDescription, TensorDescription, TensorType
from examples.audio import tables
from firmware.host import HostOps

NAME = "AudioFrontend"
SOURCE = Path(__file__).with_name("audio_frontend.cc")


@cache
def host() -> HostOps:
    return HostOps([SOURCE], [])


class Frontend:
    """A stream of samples; features of the last second after each step of 20 ms."""

    def __init__(self) -> None:
        def tensor(array: NDArray[Any]) -> TensorDescription:
            return TensorDescription(array.shape, TensorType[array.dtype.name.upper()], array)

        self._samples = np.zeros((1, tables.STEP), np.int16)
        self._features = np.zeros((1, tables.ROWS, tables.CHANNELS, 1), np.int8)
        inputs = tuple(tensor(x) for x in (self._samples, *tables.operands()))
        use = OpDescription(NAME, inputs, (tensor(self._features),))
        state = np.zeros(host().state_bytes(NAME, use), np.uint8)
        self._use = OpDescription(NAME, inputs, use.outputs, state=state)
        self._check(host().init(NAME, self._use))

    def step(self, samples: NDArray[np.int16]) -> NDArray[np.int8]:
        """Take STEP samples; returns [ROWS, CHANNELS]."""
        self._samples[0] = samples
        self._check(host().call(NAME, self._use))
        return self._features[0, ..., 0].copy()

    @staticmethod
    def _check(status: int) -> None:
        if status:
            raise WeftError(f"{NAME}: returned the error {status}")


def last_features(samples: NDArray[np.int16]) -> NDArray[np.int8]:
    """Of a whole stream, the features at its end."""
    frontend = Frontend()
    for start in range(0, len(samples), tables.STEP):
        features = frontend.step(samples[start : start + tables.STEP])
    return features
