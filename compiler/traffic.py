"""The least that a model has to move between external memory and the accelerator."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.builtin import Kind
from compiler.graph import Graph

WITH_CONSTANTS = (Kind.CONV_2D, Kind.DEPTHWISE_CONV_2D, Kind.FULLY_CONNECTED, Kind.ADD)


@dataclass(frozen=True)
class Traffic:
    """Bytes read from and written to external memory."""

    read: int
    written: int


def least_traffic(graph: Graph) -> Traffic:
    """Inputs, weights and biases once, outputs once; nothing in between leaves the chip."""
    constants = {
        id(tensor): tensor.n_bytes
        for op in graph.operators
        if op.kind in WITH_CONSTANTS
        for tensor in op.inputs
        if tensor is not None and tensor.data is not None
    }
    read = sum(tensor.n_bytes for tensor in graph.inputs) + sum(constants.values())
    return Traffic(read, sum(tensor.n_bytes for tensor in graph.outputs))
