"""Inputs and outputs of models as .npz files."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arch.errors import WeftError
from compiler.graph import Graph


class InputError(WeftError):
    """Inputs that a model cannot take."""


def read_inputs(path: Path, graph: Graph) -> list[NDArray[Any]]:
    """Arrays ``input_0``, ``input_1``, ... in the order of the model's inputs."""
    try:
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or "is not an .npz file"
        raise InputError(
            f"{path}: {reason}; write it with numpy.savez(path, input_0=...)"
        ) from None
    result = []
    for i, tensor in enumerate(graph.inputs):
        name = f"input_{i}"
        if name not in arrays:
            have = ", ".join(sorted(arrays)) or "nothing"
            raise InputError(f"{path}: has no array {name} for {tensor}; it holds {have}")
        array = arrays[name]
        if array.dtype != tensor.dtype.numpy or array.shape != tensor.shape:
            raise InputError(
                f"{path}: {name} is {array.dtype} {list(array.shape)}, and {tensor} is wanted"
            )
        result.append(array)
    return result


def write_outputs(path: Path, outputs: Sequence[NDArray[Any]]) -> None:
    """Arrays ``output_0``, ``output_1``, ... in the order of the model's outputs."""
    try:
        arrays: dict[str, Any] = {f"output_{i}": array for i, array in enumerate(outputs)}
        np.savez(path, **arrays)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; choose another file") from None
