"""Rewriting of .tflite files for the reference: other outputs, or only a run of the operators.

Works on the object tree of TensorFlow Lite's schema rather than on :class:`compiler.graph.Graph`,
so that a mistake in the compiler's reading of a model cannot reach the reference that judges it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

IDENTIFIER = b"TFL3"
DATA_ALIGNMENT_BYTES = 16  # schema.fbs: (force_align: 16) on Buffer.data


class _AlignedBuilder(flatbuffers.Builder):  # type: ignore[misc]  # no types
    """A builder that keeps the schema's alignment of constant data, which Python's ignores."""

    def CreateNumpyVector(self, x: np.ndarray) -> Any:  # noqa: N802 (name of the base class)
        self.Prep(DATA_ALIGNMENT_BYTES, x.size * x.itemsize)
        return super().CreateNumpyVector(x)


def unpack(data: bytes) -> Any:
    """The object tree (``ModelT``) of a model, with all data inside it.

    Constants and custom options that the file keeps behind the flatbuffer are moved into it.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    for buffer in model.buffers or ():
        if buffer.offset > 1:
            buffer.data = np.frombuffer(data, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    for subgraph in model.subgraphs:
        for operator in subgraph.operators or ():
            if operator.largeCustomOptionsOffset > 1:
                start, size = operator.largeCustomOptionsOffset, operator.largeCustomOptionsSize
                operator.customOptions = np.frombuffer(data, np.uint8, size, start)
                operator.largeCustomOptionsOffset = operator.largeCustomOptionsSize = 0
    return model


def pack(model: Any) -> bytes:
    """The .tflite file of an object tree."""
    builder = _AlignedBuilder(1 << 16)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def with_data_inside(data: bytes) -> bytes:
    """The file itself, or a copy of it if it keeps constants behind the flatbuffer.

    TensorFlow Lite Micro does not look there: it takes such constants for activations.
    """
    model = schema.Model.GetRootAs(data, 0)
    buffers = (model.Buffers(i) for i in range(model.BuffersLength()))
    return pack(unpack(data)) if any(buffer.Offset() > 1 for buffer in buffers) else data


def has_control_flow(data: bytes) -> bool:
    """Whether operators call other subgraphs in every inference."""
    model = schema.Model.GetRootAs(data, 0)
    codes = (model.OperatorCodes(i).BuiltinCode() for i in range(model.OperatorCodesLength()))
    kinds = schema.BuiltinOperator
    return any(code in (kinds.IF, kinds.WHILE) for code in codes)


def extract(
    model: Any, operators: Sequence[int], inputs: Sequence[int], outputs: Sequence[int]
) -> Any:
    """A model of some operators, in order, with its own inputs and outputs (tensor indices).

    Tensors keep their indices. Left out are codes of other operators, which an interpreter would
    look for, and everything that only describes the whole (signatures, metadata).
    """
    part = copy.copy(model)
    subgraph = copy.copy(model.subgraphs[0])
    subgraph.operators = [copy.copy(subgraph.operators[i]) for i in operators]
    used = sorted({operator.opcodeIndex for operator in subgraph.operators})
    part.operatorCodes = [model.operatorCodes[i] for i in used]
    for operator in subgraph.operators:
        operator.opcodeIndex = used.index(operator.opcodeIndex)
    subgraph.inputs = np.array(inputs, np.int32)
    subgraph.outputs = np.array(outputs, np.int32)
    part.subgraphs = [subgraph]
    part.signatureDefs = part.metadata = part.metadataBuffer = None
    return part
