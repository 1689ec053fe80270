"""The compiler's graph: tensors, and operators in the order in which they run.

Tensors and operators are compared by identity. :meth:`Graph.verify` is called after reading a
model and between passes.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compiler.builtin import Kind
from compiler.errors import ModelError, printable
from compiler.options import Options
from compiler.shapes import shape_text


class DType(enum.IntEnum):
    """Element types, numbered as TensorType in TensorFlow Lite's schema."""

    FLOAT32 = 0
    FLOAT16 = 1
    INT32 = 2
    UINT8 = 3
    INT64 = 4
    STRING = 5
    BOOL = 6
    INT16 = 7
    COMPLEX64 = 8
    INT8 = 9
    FLOAT64 = 10
    COMPLEX128 = 11
    UINT64 = 12
    RESOURCE = 13
    VARIANT = 14
    UINT32 = 15
    UINT16 = 16
    INT4 = 17
    BFLOAT16 = 18
    INT2 = 19
    UINT4 = 20
    FLOAT8_E4M3FN = 21
    FLOAT8_E5M2 = 22

    @property
    def numpy(self) -> np.dtype[Any] | None:
        """The NumPy type of the same layout, or None where there is none."""
        return _NUMPY.get(self)


_NUMPY: dict[DType, np.dtype[Any]] = {
    DType.FLOAT32: np.dtype("<f4"),
    DType.FLOAT16: np.dtype("<f2"),
    DType.INT32: np.dtype("<i4"),
    DType.UINT8: np.dtype("u1"),
    DType.INT64: np.dtype("<i8"),
    DType.BOOL: np.dtype("?"),
    DType.INT16: np.dtype("<i2"),
    DType.COMPLEX64: np.dtype("<c8"),
    DType.INT8: np.dtype("i1"),
    DType.FLOAT64: np.dtype("<f8"),
    DType.COMPLEX128: np.dtype("<c16"),
    DType.UINT64: np.dtype("<u8"),
    DType.UINT32: np.dtype("<u4"),
    DType.UINT16: np.dtype("<u2"),
}


@dataclass(frozen=True)
class Quantization:
    """real = scale * (code - zero_point), for a whole tensor or for each index of ``axis``.

    ``scales`` are float32 values; there are as many ``zero_points`` as scales.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return len(self.scales) > 1


@dataclass(eq=False)
class Tensor:
    """An array that operators read or write.

    ``data`` is set for constants only; ``index`` is the number of the tensor in the file, None for
    a tensor that a pass made.
    """

    name: str
    shape: tuple[int, ...]
    dtype: DType
    quantization: Quantization | None = None
    data: NDArray[Any] | None = None
    is_variable: bool = False
    index: int | None = None

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)

    @property
    def n_bytes(self) -> int:
        if self.dtype.numpy is None:
            raise ModelError(f"{self}: elements have no size in bytes")
        return self.size * self.dtype.numpy.itemsize

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def scale(self) -> float:
        """The scale of a tensor that is quantised as a whole."""
        return self._only().scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a tensor that is quantised as a whole."""
        return self._only().zero_points[0]

    def _only(self) -> Quantization:
        if self.quantization is None or self.quantization.per_channel:
            raise ModelError(f"{self}: needs exactly one scale and zero point")
        return self.quantization

    def __repr__(self) -> str:
        """How messages name a tensor."""
        number = "" if self.index is None else f" {self.index}"
        what = f"{self.dtype.name} {shape_text(self.shape)}"
        return f"tensor{number} '{printable(self.name)}' ({what})"


@dataclass(eq=False)
class Operator:
    """One step. ``inputs`` hold None where an optional operand is absent.

    ``custom_name`` and ``custom_options`` belong to kind CUSTOM; ``index`` is the number of the
    operator in the file, None for one that a pass made.
    """

    kind: Kind
    inputs: list[Tensor | None]
    outputs: list[Tensor]
    options: Options | None = None
    custom_name: str = ""
    custom_options: bytes = b""
    index: int | None = None

    @property
    def name(self) -> str:
        """The name of the first output, which is how TensorFlow names operators."""
        return self.outputs[0].name if self.outputs else ""

    def input(self, position: int) -> Tensor:
        """An operand that must be there."""
        tensor = self.optional_input(position)
        if tensor is None:
            raise ModelError(f"{self}: has no operand {position}")
        return tensor

    def optional_input(self, position: int) -> Tensor | None:
        return self.inputs[position] if position < len(self.inputs) else None

    @property
    def output(self) -> Tensor:
        if len(self.outputs) != 1:
            raise ModelError(f"{self}: has {len(self.outputs)} outputs instead of one")
        return self.outputs[0]

    @property
    def label(self) -> str:
        """Number and kind, as messages name an operator whose output they name anyway."""
        number = "" if self.index is None else f" {self.index}"
        custom = f" {printable(self.custom_name)}" if self.kind is Kind.CUSTOM else ""
        return f"operator{number} {self.kind.name}{custom}"

    def __str__(self) -> str:
        """How messages name an operator."""
        return f"{self.label} '{printable(self.name)}'"

    __repr__ = __str__


@dataclass(frozen=True)
class State:
    """A variable: the tensor that holds it at first, its value for the next inference, and that
    for the first one."""

    before: Tensor
    after: Tensor
    initial: NDArray[Any]


@dataclass(eq=False)
class Graph:
    """A model: its tensors, its operators in execution order, its inputs, outputs and variables.

    ``name`` starts every message about the graph; it is the name of the file, if there is one.
    """

    name: str
    tensors: list[Tensor] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)
    inputs: list[Tensor] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    def producer(self, tensor: Tensor) -> Operator | None:
        """The operator that writes a tensor; None for inputs and constants."""
        return next((op for op in self.operators if tensor in op.outputs), None)

    def consumers(self, tensor: Tensor) -> list[Operator]:
        """The operators that read a tensor, in execution order."""
        return [op for op in self.operators if tensor in op.inputs]

    def verify(self) -> None:
        """Check what does not depend on the kinds of operators.

        Tensors are listed once, constants agree with their declaration, every tensor has at most
        one producer, and is defined before it is read. Raises :class:`ModelError` at the first
        violation; :func:`compiler.operators.verify` checks shapes as well.
        """
        for problem in self._problems():
            raise ModelError(f"{self.name}: {problem}")

    def _problems(self) -> Iterator[str]:
        known = set(map(id, self.tensors))
        if len(known) != len(self.tensors):
            yield "a tensor is listed twice"
        for tensor in self.tensors:
            yield from _constant_problems(tensor)
        defined = {id(t) for t in self.tensors if t.is_constant or t.is_variable}
        for tensor in (*self.inputs, *(state.before for state in self.states)):
            if id(tensor) not in known:
                yield f"input {tensor} is not a tensor of the graph"
            if tensor.is_constant:
                yield f"input {tensor} is a constant"
            if id(tensor) in defined:
                yield f"input {tensor} is listed twice, or is a variable"
            defined.add(id(tensor))
        for op in self.operators:
            for operand in op.inputs:
                if operand is None:
                    continue
                if id(operand) not in known:
                    yield f"{op} reads {operand}, which is not a tensor of the graph"
                if id(operand) not in defined:
                    yield f"{op} reads {operand} before anything has written it"
            for result in op.outputs:
                if id(result) not in known:
                    yield f"{op} writes {result}, which is not a tensor of the graph"
                if id(result) in defined:
                    yield f"{op} writes {result}, which is an input, a constant or written already"
                defined.add(id(result))
        for tensor in (*self.outputs, *(state.after for state in self.states)):
            if id(tensor) not in defined:
                yield f"output {tensor} is never written"


def _constant_problems(tensor: Tensor) -> Iterator[str]:
    if any(n < 0 for n in tensor.shape):
        yield f"{tensor} has a dynamic shape; convert the model with fixed shapes"
    if tensor.data is None:
        return
    if tensor.data.shape != tensor.shape:
        yield f"{tensor} holds constants of shape {shape_text(tensor.data.shape)}"
    if tensor.data.dtype != tensor.dtype.numpy:
        yield f"{tensor} holds constants of type {tensor.data.dtype}"
