"""What a model's outputs must be: TensorFlow Lite Micro's reference kernels, run here.

Models with custom operators are cut at them; TensorFlow Lite Micro runs the parts in between, and
a Python callable each custom operator. What TensorFlow Lite Micro lacks LiteRT runs.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflite_micro import runtime

from arch.quant import rounding_divide_by_pot
from compiler import constraints
from compiler.builtin import Kind
from compiler.errors import ModelError
from compiler.graph import DType, Graph, Operator, Tensor
from compiler.ops.softmax import SUM_INTEGER_BITS, SUM_LIMIT, softmax
from compiler.shapes import shape_text
from compiler.simplify import simplified
from compiler.tflite_reader import read_model
from sim import litert_operators, tflite_rewrite
from sim.litert import is_run_by_litert, run_litert

Array = NDArray[Any]
CustomOp = Callable[[Operator, Sequence[Array | None]], Sequence[Array]]

_PRESERVING = runtime.InterpreterConfig.kPreserveAllTensors
_RECORDING = runtime.InterpreterConfig.kAllocationRecording
_ARENA_SPARE_BYTES = 1 << 20
_ARENA_BYTES_PER_ITEM = 4096  # of an operator or tensor: its structures and its parameters
_ARENA_COPIES = 6  # scratch buffers of 32 bits for each element, beside the element


@dataclass(frozen=True)
class Difference:
    """The first element in which a tensor is not what it must be.

    ``operator`` wrote the tensor; None for an input of the model.
    """

    tensor: Tensor
    operator: Operator | None
    index: tuple[int, ...]
    expected: Any
    actual: Any
    n_different: int

    def __str__(self) -> str:
        writer = "an input" if self.operator is None else f"written by {self.operator.label}"
        return (
            f"{self.tensor}, {writer}: first difference at {list(self.index)}: {self.actual} where "
            f"{self.expected} is due ({self.n_different} of {self.tensor.size} elements differ)"
        )


class Reference:
    """Runs one model on inputs in the model's order.

    ``custom_ops`` has a function for each custom operator, by name; it gets the operator and its
    operands (constants included, None for absent ones), and returns the outputs.

    Raises :class:`ModelError` for a model that cannot be read or is not supported, which is checked
    before TensorFlow Lite Micro sees it, since that may abort the process.
    """

    def __init__(
        self,
        data: bytes,
        custom_ops: Mapping[str, CustomOp] | None = None,
        source: str = "model",
    ) -> None:
        self.graph = read_model(data, source)
        constraints.check(simplified(self.graph))
        self._custom_ops = dict(custom_ops or {})
        for op in self.graph.operators:
            if op.kind is Kind.CUSTOM and op.custom_name not in self._custom_ops:
                raise ModelError(f"{source}: {op}: no function is given for this custom operator")
        self._steps = _plan(self.graph, data)
        # A model that runs as a whole keeps its variables itself.
        self._states = {_index(state.before): state.initial for state in self.graph.states}

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """All outputs, in the model's order."""
        values = self._run(inputs, every_tensor=False)
        return [values[_index(tensor)] for tensor in self.graph.outputs]

    def all_tensors(self, inputs: Sequence[Array]) -> dict[int, Array]:
        """Inputs, outputs and every tensor in between, by their indices in the file."""
        return self._run(inputs, every_tensor=True)

    def tensor(self, inputs: Sequence[Array], index: int) -> Array:
        """One tensor by its index in the file."""
        return self.all_tensors(inputs)[index]

    def first_difference(
        self, inputs: Sequence[Array], actual: Mapping[int, Array]
    ) -> Difference | None:
        """The first difference, in the order of execution, of the tensors in ``actual``.

        ``actual`` maps indices in the file to arrays of as many elements; None if all are equal.
        """
        expected = self.all_tensors(inputs)
        written: list[tuple[Operator | None, Tensor]] = [(None, t) for t in self.graph.inputs]
        written += [(op, tensor) for op in self.graph.operators for tensor in op.outputs]
        for op, tensor in written:
            index = tensor.index
            if index is not None and index in actual:
                found = difference(tensor, op, expected[index], actual[index])
                if found is not None:
                    return found
        return None

    def _run(self, inputs: Sequence[Array], every_tensor: bool) -> dict[int, Array]:
        _check_inputs(self.graph, inputs)
        values = {_index(t): t.data for t in self.graph.outputs if t.data is not None}
        values |= {_index(t): x for t, x in zip(self.graph.inputs, inputs, strict=True)}
        values |= self._states
        for step in self._steps:
            if isinstance(step, _Segment | _LitertSegment):
                values |= step.run(values, every_tensor)
            else:
                values |= self._run_custom(step, values)
        if len(self._steps) > 1:
            self._states = {_index(s.before): values[_index(s.after)] for s in self.graph.states}
        return values

    def _run_custom(self, op: Operator, values: Mapping[int, Array]) -> dict[int, Array]:
        operands = [_operand(tensor, values) for tensor in op.inputs]
        function = litert_operators.OPERATORS.get(op.kind)
        results = list((function or self._custom_ops[op.custom_name])(op, operands))
        if len(results) != len(op.outputs):
            raise ModelError(f"{op}: its function returned {len(results)} outputs")
        for tensor, result in zip(op.outputs, results, strict=True):
            if result.shape != tensor.shape or result.dtype != tensor.dtype.numpy:
                found = f"{result.dtype} {shape_text(result.shape)}"
                raise ModelError(f"{op}: its function returned {found} for {tensor}")
        return {_index(t): x for t, x in zip(op.outputs, results, strict=True)}


class _Segment:
    """A run of operators that TensorFlow Lite Micro executes; interpreters are made once."""

    def __init__(
        self,
        graph: Graph,
        operators: list[Operator],
        data: bytes,
        inputs: list[int],
        outputs: list[int],
    ) -> None:
        self.graph = graph
        self.operators = operators
        self.data = data
        self.inputs = inputs
        self.outputs = outputs
        self._interpreters: dict[bool, runtime.Interpreter] = {}

    def run(self, values: Mapping[int, Array], every_tensor: bool) -> dict[int, Array]:
        for op in self.operators[:1]:
            _check_softmax(op, values)
        interpreter = self._interpreter(every_tensor)
        for position, index in enumerate(self.inputs):
            interpreter.set_input(np.require(values[index], requirements="C"), position)
        try:
            interpreter.invoke()
        except RuntimeError as error:
            raise ModelError(f"{self.graph.name}: TensorFlow Lite Micro fails: {error}") from None
        results = {index: interpreter.get_output(i) for i, index in enumerate(self.outputs)}
        if every_tensor:
            for index in _written(self.operators):
                results[index] = interpreter.GetTensor(index, 0)["tensor_data"]
        return results

    def _interpreter(self, every_tensor: bool) -> runtime.Interpreter:
        if every_tensor not in self._interpreters:
            with _native_stderr() as log:
                try:
                    self._interpreters[every_tensor] = runtime.Interpreter.from_bytes(
                        self.data,
                        arena_size=_arena_bytes(self.graph),
                        intrepreter_config=_PRESERVING if every_tensor else _RECORDING,
                    )
                except RuntimeError as error:
                    reason = next(iter(log()), str(error))
                    raise ModelError(
                        f"{self.graph.name}: TensorFlow Lite Micro refuses the model: {reason}"
                    ) from None
        return self._interpreters[every_tensor]


@dataclass(frozen=True)
class _LitertSegment:
    """A run of operators that TensorFlow Lite Micro lacks."""

    segment: _Segment

    def run(self, values: Mapping[int, Array], every_tensor: bool) -> dict[int, Array]:
        part = self.segment
        indices = part.outputs
        if every_tensor:
            indices = _written(part.operators)
        inputs = {index: values[index] for index in part.inputs}
        return run_litert(part.data, part.graph.name, inputs, indices)


def difference(
    tensor: Tensor, operator: Operator | None, expected: Array, actual: Array
) -> Difference | None:
    """The first difference between two arrays of one tensor's elements; None if there is none."""
    actual = np.asarray(actual)
    if actual.size != expected.size or actual.dtype != expected.dtype:
        found = f"{actual.size} elements of {actual.dtype}"
        raise ModelError(f"{tensor}: {found} cannot be compared with it")
    flat = (_bytes(actual) != _bytes(expected)).any(axis=1)
    if not flat.any():
        return None
    first = int(flat.argmax())
    return Difference(
        tensor=tensor,
        operator=operator,
        index=tuple(int(i) for i in np.unravel_index(first, expected.shape)),
        expected=expected.reshape(-1)[first].item(),
        actual=actual.reshape(-1)[first].item(),
        n_different=int(flat.sum()),
    )


def _bytes(array: Array) -> NDArray[np.uint8]:
    """The bytes of each element, so that floats are compared bit for bit."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(np.uint8).reshape(flat.size, flat.itemsize)


def random_inputs(graph: Graph, seed: int) -> list[Array]:
    """Inputs of uniformly random codes (floats: normally distributed), the same for each seed."""
    rng = np.random.default_rng(seed)
    inputs: list[Array] = []
    for tensor in graph.inputs:
        dtype = _dtype(tensor)
        if dtype.kind == "f":
            inputs.append(rng.standard_normal(tensor.shape).astype(dtype))
        elif dtype.kind == "b":
            inputs.append(rng.integers(0, 2, tensor.shape).astype(dtype))
        else:
            low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
            inputs.append(rng.integers(low, high, tensor.shape, dtype, endpoint=True))
    return inputs


def extreme_inputs(graph: Graph) -> list[list[Array]]:
    """Two sets of inputs: every element at the lowest code (-128), and at the highest (127)."""
    return [
        [np.full(tensor.shape, _limit(_dtype(tensor), highest)) for tensor in graph.inputs]
        for highest in (False, True)
    ]


def _limit(dtype: np.dtype[Any], highest: bool) -> Any:
    if dtype.kind == "b":
        return dtype.type(highest)
    info = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    return dtype.type(info.max if highest else info.min)


def _dtype(tensor: Tensor) -> np.dtype[Any]:
    if tensor.dtype.numpy is None:
        raise ModelError(f"{tensor}: there are no arrays of this type")
    return tensor.dtype.numpy


def _index(tensor: Tensor) -> int:
    if tensor.index is None:
        raise ModelError(f"{tensor}: is not in the file")
    return tensor.index


def _written(operators: Sequence[Operator]) -> list[int]:
    """Indices of what operators write; tensors of other subgraphs have none."""
    tensors = (tensor for op in operators for tensor in op.outputs)
    return [tensor.index for tensor in tensors if tensor.index is not None]


def _operand(tensor: Tensor | None, values: Mapping[int, Array]) -> Array | None:
    if tensor is None:
        return None
    return tensor.data if tensor.data is not None else values[_index(tensor)]


def _check_inputs(graph: Graph, inputs: Sequence[Array]) -> None:
    if len(inputs) != len(graph.inputs):
        raise ModelError(f"{graph.name}: has {len(graph.inputs)} inputs; {len(inputs)} are given")
    for i, (tensor, array) in enumerate(zip(graph.inputs, inputs, strict=True)):
        if array.shape != tensor.shape or array.dtype != tensor.dtype.numpy:
            found = f"{array.dtype} {shape_text(array.shape)}"
            raise ModelError(f"{graph.name}: input {i} is {tensor}; an array of {found} is given")


def _plan(graph: Graph, data: bytes) -> list[_Segment | _LitertSegment | Operator]:
    """Segments and custom operators, in execution order; one for a model with control flow."""
    if tflite_rewrite.has_control_flow(data):
        return [_with_control_flow(graph, data)]
    runs: list[list[Operator]] = []
    for op in graph.operators:
        alone = _is_run_here(op) or bool(runs) and _is_run_here(runs[-1][-1])
        other = bool(runs) and is_run_by_litert(op) != is_run_by_litert(runs[-1][-1])
        if not runs or alone or other or _may_abort(op):
            runs.append([])
        runs[-1].append(op)
    if len(runs) <= 1 and not any(map(_is_not_micro, graph.operators)):
        return [_whole(graph, data)]
    model = tflite_rewrite.unpack(data)
    steps: list[_Segment | _LitertSegment | Operator] = []
    for operators in runs:
        if _is_run_here(operators[0]):
            steps.append(operators[0])
        else:
            part = _segment(graph, operators, model)
            steps.append(_LitertSegment(part) if is_run_by_litert(operators[0]) else part)
    return steps


def _whole(graph: Graph, data: bytes) -> _Segment:
    """The file as it is."""
    indices = [[_index(t) for t in tensors] for tensors in (graph.inputs, graph.outputs)]
    return _Segment(graph, graph.operators, tflite_rewrite.with_data_inside(data), *indices)


def _with_control_flow(graph: Graph, data: bytes) -> _Segment | _LitertSegment:
    """The file as it is, for LiteRT where TensorFlow Lite Micro lacks something in it."""
    if any(map(_is_run_here, graph.operators)) or graph.states:
        raise ModelError(
            f"{graph.name}: has IF or WHILE beside variables or custom operators; there is no"
            " reference for both in one model"
        )
    whole = _whole(graph, data)
    by_litert = any(is_run_by_litert(op) for op in graph.operators if op.index is not None)
    return _LitertSegment(whole) if by_litert else whole


def _is_not_micro(op: Operator) -> bool:
    return _is_run_here(op) or is_run_by_litert(op)


def _segment(graph: Graph, operators: list[Operator], model: Any) -> _Segment:
    """A segment whose inputs come from outside it, and whose outputs are needed outside it."""
    written = [tensor for op in operators for tensor in op.outputs]
    read = [t for op in operators for t in op.inputs if t is not None and t.data is None]
    inputs = list(dict.fromkeys(_index(t) for t in read if t not in written))
    needed = {id(t) for op in graph.operators if op not in operators for t in op.inputs}
    needed |= {id(t) for t in (*graph.outputs, *(state.after for state in graph.states))}
    outputs = [_index(t) for t in written if id(t) in needed] or [_index(written[-1])]
    numbers = [op.index for op in operators if op.index is not None]
    part = tflite_rewrite.pack(tflite_rewrite.extract(model, numbers, inputs, outputs))
    return _Segment(graph, operators, part, inputs, outputs)


def _is_run_here(op: Operator) -> bool:
    """Custom operators, and those of LiteRT that are written here."""
    types = litert_operators.TYPES.get(op.kind, ())
    return op.kind is Kind.CUSTOM or bool(types) and op.output.dtype in types


def _may_abort(op: Operator) -> bool:
    """TensorFlow Lite Micro aborts when a SOFTMAX's sum of exponentials reaches 512."""
    is_fixed_point = op.kind is Kind.SOFTMAX and op.input(0).dtype is DType.INT8
    return is_fixed_point and softmax(op).depth << (31 - SUM_INTEGER_BITS) >= SUM_LIMIT


def _check_softmax(op: Operator, values: Mapping[int, Array]) -> None:
    if not _may_abort(op):
        return
    x = _operand(op.input(0), values)
    assert x is not None
    distance = x.max(axis=-1, keepdims=True).astype(np.int64) - x
    exponentials = softmax(op).exponentials[distance].astype(np.int64)
    sums = rounding_divide_by_pot(exponentials, SUM_INTEGER_BITS).sum(axis=-1)
    if sums.max() >= SUM_LIMIT:
        raise ModelError(
            f"{op}: with these inputs its exponentials sum up to 512 times the largest, where "
            "TensorFlow Lite Micro aborts; there is no reference for them"
        )


def _arena_bytes(graph: Graph) -> int:
    """Ample room: the interpreter touches only what it uses."""
    tensors = sum(t.n_bytes + 16 for t in graph.tensors if t.dtype.numpy is not None)
    items = len(graph.tensors) + len(graph.operators)
    return _ARENA_SPARE_BYTES + _ARENA_COPIES * tensors + _ARENA_BYTES_PER_ITEM * items


@contextmanager
def _native_stderr() -> Iterator[Callable[[], list[str]]]:
    """Keeps what C++ writes to standard error; the yielded function returns its lines."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)

        def lines() -> list[str]:
            file.seek(0)
            return [line.decode(errors="replace").strip() for line in file if line.strip()]

        try:
            yield lines
        finally:
            os.dup2(saved, 2)
            os.close(saved)
