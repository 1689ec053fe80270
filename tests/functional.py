"""Whole models on the functional model of the accelerator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arch.config import Config
from arch.params import Params
from compiler.compile import compile_graph
from compiler.graph import DType, Graph
from firmware.builder import FirmwareBuilder
from sim.model import FunctionalModel, Region


class Accelerator:
    """A compiled model on an accelerator that keeps what it keeps between inferences."""

    def __init__(self, graph: Graph, config: Config):
        builder = FirmwareBuilder(Params(config)) if config.has_core else None
        self.program = compile_graph(graph, config, builder)
        self._arena = self.program.arena()
        self._core = None if builder is None else builder.host_core
        self._model = FunctionalModel(Params(config), self._core)

    def run(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """One inference; inputs and outputs in the model's order."""
        program = self.program
        data = bytearray(program.input_bytes)
        for place, array in zip(program.inputs, inputs, strict=True):
            data[place.offset : place.offset + place.n_bytes] = array.tobytes()
        output = bytearray(program.output_bytes)
        self._model.regions = [
            Region(bytearray(program.image)),
            Region(data),
            Region(output, read=False, write=True),
            Region(self._arena, write=True),
        ]
        self._model.run(program.commands)
        arrays = []
        for place in program.outputs:
            dtype = DType[place.dtype].numpy
            assert dtype is not None
            raw = bytes(output[place.offset : place.offset + place.n_bytes])
            arrays.append(np.frombuffer(raw, dtype).reshape(place.shape))
        return arrays

    @property
    def n_given(self) -> int:
        """Commands that operators on the core gave in the last inference."""
        return self._model.n_given

    def engines(self) -> list[str]:
        """Where each operator runs."""
        return [layer.engine for layer in self.program.layers]
