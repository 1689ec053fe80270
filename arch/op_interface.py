"""The operator interface: structures that an operator on the core sees, and what fills them.

The C header firmware/weft_abi.h, the descriptors in the core's data memory and the host build of
the operators are all made from the tables below.
"""

from __future__ import annotations

import enum
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from arch.isa import CONFIG_WORDS, Opcode

MAX_RANK = 8
NAME_BYTES = 56  # of a registered operator's name, its terminating zero included
CORE_POINTER_BYTES = 4


class TensorType(enum.IntEnum):
    """Element types, numbered as TfLiteType (tensorflow/lite/core/c/c_api_types.h)."""

    NONE = 0
    FLOAT32 = 1
    INT32 = 2
    UINT8 = 3
    INT64 = 4
    BOOL = 6
    INT16 = 7
    INT8 = 9
    FLOAT16 = 10
    FLOAT64 = 11
    UINT64 = 13
    UINT32 = 16
    UINT16 = 17

    @property
    def element_bytes(self) -> int:
        return _ELEMENT_BYTES[self]


_ELEMENT_BYTES = {
    TensorType.NONE: 0,
    TensorType.FLOAT32: 4,
    TensorType.INT32: 4,
    TensorType.UINT8: 1,
    TensorType.INT64: 8,
    TensorType.BOOL: 1,
    TensorType.INT16: 2,
    TensorType.INT8: 1,
    TensorType.FLOAT16: 2,
    TensorType.FLOAT64: 8,
    TensorType.UINT64: 8,
    TensorType.UINT32: 4,
    TensorType.UINT16: 2,
}


class TensorFlag(enum.IntFlag):
    """Field ``flags`` of a tensor."""

    NONE = 0
    CONSTANT = 1
    VARIABLE = 2
    ABSENT = 4


class OpStatus(enum.IntEnum):
    """What an operator returns; anything but OK stops the program (cause OP_STATUS)."""

    OK = 0
    ERROR = 1
    TYPE = 2
    SHAPE = 3
    PARAMS = 4
    SCRATCH = 5
    MEMORY = 6
    ABORT = 7


STATUS_TEXT = {
    OpStatus.OK: "no error",
    OpStatus.ERROR: "the operator failed",
    OpStatus.TYPE: "a tensor's type is not supported",
    OpStatus.SHAPE: "a tensor's shape is not supported",
    OpStatus.PARAMS: "parameters or options are missing, too short or out of range",
    OpStatus.SCRATCH: "scratch or state is smaller than the operator needs",
    OpStatus.MEMORY: "operator new or malloc ran out of scratch",
    OpStatus.ABORT: "abort() was called",
}


@dataclass(frozen=True)
class CField:
    """One member of a C structure: ``count`` elements of a type; ``count`` 0 marks a scalar."""

    name: str
    type: str  # int16_t, int32_t, uint32_t, float, or a pointer type ending in *
    doc: str
    count: int = 0

    @property
    def is_pointer(self) -> bool:
        return self.type.endswith("*")

    def code(self, pointer_bytes: int) -> str:
        """Format character of the module struct."""
        if self.is_pointer:
            return {4: "I", 8: "Q"}[pointer_bytes]
        return {"int16_t": "h", "int32_t": "i", "uint32_t": "I", "float": "f"}[self.type]


class CStruct:
    """A C structure of fixed layout: every member at its natural alignment, little-endian.

    Parameters
    ----------
    name : name of the C type.
    doc : one line for the header.
    fields : the members, in order.
    """

    def __init__(self, name: str, doc: str, *fields: CField):
        self.name = name
        self.doc = doc
        self.fields = fields

    def _placed(self, pointer_bytes: int) -> Iterator[tuple[CField, int, int]]:
        """Every member with its offset and the offset behind it."""
        offset = 0
        for member in self.fields:
            size = struct.calcsize(member.code(pointer_bytes))
            offset = -(-offset // size) * size
            end = offset + size * max(1, member.count)
            yield member, offset, end
            offset = end

    def offsets(self, pointer_bytes: int = CORE_POINTER_BYTES) -> dict[str, int]:
        return {member.name: offset for member, offset, _ in self._placed(pointer_bytes)}

    def n_bytes(self, pointer_bytes: int = CORE_POINTER_BYTES) -> int:
        """sizeof the structure."""
        last = [end for _, _, end in self._placed(pointer_bytes)][-1]
        sizes = [struct.calcsize(member.code(pointer_bytes)) for member in self.fields]
        return -(-last // max(sizes)) * max(sizes)

    def pack(self, values: Mapping[str, Any], pointer_bytes: int = CORE_POINTER_BYTES) -> bytes:
        """The structure's bytes; members that are not given, and the rest of arrays, are zero."""
        unknown = set(values) - {member.name for member in self.fields}
        if unknown:
            raise ValueError(f"{self.name}: no member {', '.join(sorted(unknown))}")
        data = bytearray(self.n_bytes(pointer_bytes))
        for member, offset, _ in self._placed(pointer_bytes):
            value = values.get(member.name, 0)
            elements: Sequence[Any] = value if isinstance(value, Sequence) else (value,)
            if len(elements) > max(1, member.count):
                raise ValueError(
                    f"{self.name}.{member.name}: {len(elements)} elements exceed {member.count}"
                )
            code = f"<{len(elements)}{member.code(pointer_bytes)}"
            try:
                struct.pack_into(code, data, offset, *elements)
            except struct.error as error:
                raise ValueError(f"{self.name}.{member.name}: {value}: {error}") from None
        return bytes(data)


TENSOR = CStruct(
    "weft_tensor_t",
    "A tensor: dense, row-major (NHWC), used where it lies.",
    CField("data", "void *", "first element; null if absent"),
    CField("type", "int32_t", "WEFT_TYPE_..., numbered as TfLiteType"),
    CField("flags", "uint32_t", "WEFT_TENSOR_..."),
    CField("bytes", "uint32_t", "bytes of data"),
    CField("scale", "float", "of the whole tensor; of channel 0 if quantised per channel"),
    CField("zero_point", "int32_t", "likewise"),
    CField("channel_scales", "const float *", "one for each channel, or null"),
    CField("channel_zero_points", "const int32_t *", "one for each channel, or null"),
    CField("channels", "int32_t", "elements of the two; 0 if null"),
    CField("channel_axis", "int32_t", "dimension that the channels count"),
    # rank and dims are laid out as a TfLiteIntArray, whose address can be handed out.
    CField("rank", "int32_t", "dimensions in use; 0 for a scalar"),
    CField("dims", "int32_t", "extents, outermost first", MAX_RANK),
)

N_ARRAY_WORDS = len(CONFIG_WORDS[Opcode.ARRAY])

PRODUCT = CStruct(
    "weft_product_t",
    "Some columns of a product with constant weights, made ready by the compiler.",
    CField(
        "words",
        "uint32_t",
        "the array's command for one row, in halves; the low one first",
        2 * N_ARRAY_WORDS,
    ),
    CField("group", "int32_t", "which product of the operator's this is part of"),
    CField("contents", "uint32_t", "address of the weight memory's contents, as the core sees it"),
    CField("contents_bytes", "uint32_t", "of them"),
    CField("weight_address", "uint32_t", "byte of the weight memory where they belong"),
    CField("is_resident", "int32_t", "1: they have their place for themselves"),
    CField("first_column", "int32_t", "of the product"),
)

ACCELERATOR = CStruct(
    "weft_accelerator_t",
    "The accelerator as an operator may use it; see weft_accelerator.h.",
    CField("workspace", "void *", "scratchpad; null while the operator is asked for its sizes"),
    CField("arena", "void *", "as many bytes of external memory"),
    CField("workspace_bytes", "uint32_t", "of each: what the operator asked for"),
    CField("rows", "int32_t", "of the array: input channels"),
    CField("cols", "int32_t", "of the array: output channels"),
    CField("streams", "int32_t", "groups of rows with a stream of their own"),
    CField("pairs", "int32_t", "windows side by side that make up the rows"),
    CField("weight_rows_per_cycle", "int32_t", "rows that a word of weight memory fills"),
    CField("weight_memory_bytes", "uint32_t", "bytes of weight memory"),
    CField("accumulator_depth", "int32_t", "pixels of an accumulator bank"),
    CField("n_products", "int32_t", "elements of products"),
    CField("products", "const weft_product_t *", "of operators of the library; or null"),
)

OP = CStruct(
    "weft_op_t",
    "One use of an operator in a model; all of it is fixed at compile time.",
    CField("n_inputs", "int32_t", "elements of inputs"),
    CField("n_outputs", "int32_t", "elements of outputs"),
    CField("n_intermediates", "int32_t", "elements of intermediates"),
    CField("inputs", "const weft_tensor_t *const *", "never null; absent ones carry the flag"),
    CField("outputs", "const weft_tensor_t *const *", "likewise"),
    CField("intermediates", "const weft_tensor_t *const *", "likewise"),
    CField("params", "const void *", "a structure of weft_abi.h, or the custom options verbatim"),
    CField("params_bytes", "uint32_t", "bytes of params"),
    CField("state", "void *", "kept between inferences, zero before the first; or null"),
    CField("state_bytes", "uint32_t", "at least what the operator asked for"),
    CField("scratch", "void *", "undefined at entry; operator new takes from its end"),
    CField("scratch_bytes", "uint32_t", "at least what the operator asked for"),
    CField("accelerator", "const weft_accelerator_t *", "null unless it asked for a workspace"),
)


@dataclass(frozen=True, eq=False)
class TensorDescription:
    """A tensor of an operator's use, with an address on the core or with host memory.

    Members
    -------
    shape : extents, outermost first, at most MAX_RANK.
    data : address as the core sees it; or an array: on the host used in place, on the core a
        constant that is laid into data memory.
    channel_scales, channel_zero_points : per-channel quantisation along ``channel_axis``.
    """

    shape: tuple[int, ...]
    type: TensorType
    data: int | NDArray[Any]
    scale: float = 0.0
    zero_point: int = 0
    flags: TensorFlag = TensorFlag.NONE
    channel_scales: tuple[float, ...] = ()
    channel_zero_points: tuple[int, ...] = ()
    channel_axis: int = 0

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * self.type.element_bytes


ABSENT = TensorDescription((), TensorType.NONE, 0, flags=TensorFlag.ABSENT)
"""An optional tensor that the model leaves out."""


@dataclass(frozen=True, eq=False)
class AcceleratorDescription:
    """The accelerator that an operator may use.

    Members
    -------
    shape : integer members of ``weft_accelerator_t`` by name.
    workspace, arena : addresses on the core or host memory, of ``workspace_bytes`` each.
    products : packed ``weft_product_t``, which hold no pointers.
    """

    shape: Mapping[str, int]
    workspace: int | NDArray[Any] = 0
    arena: int | NDArray[Any] = 0
    workspace_bytes: int = 0
    products: tuple[bytes, ...] = ()


@dataclass(frozen=True, eq=False)
class OpDescription:
    """One use of an operator: what its ``weft_op_t`` says.

    Members
    -------
    name : the name under which the operator is registered.
    params : its packed parameters (arch.op_params), or the custom options verbatim.
    state, scratch : address on the core or host memory; None lets whoever lays the descriptors
        out provide ``state_bytes`` and ``scratch_bytes``.
    accelerator : None for an operator that does not use it.
    """

    name: str
    inputs: tuple[TensorDescription, ...]
    outputs: tuple[TensorDescription, ...]
    params: bytes = b""
    intermediates: tuple[TensorDescription, ...] = field(default=())
    state: int | NDArray[Any] | None = None
    state_bytes: int = 0
    scratch: int | NDArray[Any] | None = None
    scratch_bytes: int = 0
    accelerator: AcceleratorDescription | None = None
