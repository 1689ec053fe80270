"""TFLite_Detection_PostProcess by TensorFlow Lite Micro's kernel, the reference of the core's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from compiler.errors import ModelError
from compiler.graph import Operator, Tensor
from sim import tflite_rewrite

Array = NDArray[Any]
_ARENA_BYTES = 1 << 27  # the kernel sorts all classes of all anchors at once


def detect(op: Operator, operands: Sequence[Array | None]) -> list[Array]:
    """Boxes, classes, scores and their number, float32; zeros behind the last detection.

    ``operands`` may be codes, which are dequantised as DEQUANTIZE does. Raises
    :class:`ModelError` where the kernel fails.
    """
    floats = [
        _dequantised(tensor, array)
        for tensor, array in zip(op.inputs, operands, strict=True)
        if tensor is not None and array is not None
    ]
    shapes = tuple(x.shape for x in floats), tuple(t.shape for t in op.outputs)
    interpreter = _interpreter(op.custom_name, op.custom_options, *shapes)
    for i, x in enumerate(floats):
        interpreter.set_input(np.ascontiguousarray(x), i)
    try:
        interpreter.invoke()
    except RuntimeError as error:
        raise ModelError(f"{op}: TensorFlow Lite Micro fails: {error}") from None
    results = [interpreter.get_output(i) for i in range(len(op.outputs))]
    n = int(results[-1].reshape(-1)[0])
    for array in results[:-1]:
        array.reshape(-1, *array.shape[2:])[n:] = 0  # the kernel leaves these as they were
    return results


def _dequantised(tensor: Tensor, array: Array) -> Array:
    q = tensor.quantization
    if array.dtype == np.float32 or q is None:
        return array
    codes = array.astype(np.int32) - q.zero_points[0]
    return codes.astype(np.float32) * np.float32(q.scales[0])


@cache
def _interpreter(
    name: str,
    options: bytes,
    inputs: tuple[tuple[int, ...], ...],
    outputs: tuple[tuple[int, ...], ...],
) -> runtime.Interpreter:
    """Of a model with this operator alone, on tensors of float32."""
    model = schema.ModelT()
    model.version = 3
    model.buffers = [schema.BufferT()]
    code = schema.OperatorCodeT()
    code.builtinCode = schema.BuiltinOperator.CUSTOM
    code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode = name
    model.operatorCodes = [code]
    graph = schema.SubGraphT()
    graph.tensors = []
    for number, shape in enumerate((*inputs, *outputs)):
        tensor = schema.TensorT()
        tensor.shape = np.array(shape, np.int32)
        tensor.type = schema.TensorType.FLOAT32
        tensor.name = f"t{number}"
        graph.tensors.append(tensor)
    graph.inputs = np.arange(len(inputs), dtype=np.int32)
    graph.outputs = np.arange(len(inputs), len(graph.tensors), dtype=np.int32)
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = graph.inputs, graph.outputs
    operator.customOptions = np.frombuffer(options, np.uint8)
    graph.operators = [operator]
    model.subgraphs = [graph]
    return runtime.Interpreter.from_bytes(tflite_rewrite.pack(model), arena_size=_ARENA_BYTES)
