"""Random models of one operator that computes by elements, rows or dimensions.

Every case is an operator with the types of its operands and of its output; shapes, broadcasting,
scales, zero points and options are drawn, at their limits every now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from tests.model_builder import Activation, DType, Kind, ModelBuilder

Array = NDArray[Any]
Domain = Callable[[np.random.Generator, tuple[int, ...]], Array]

F, I8, U8, I16, I32, U32, I64, B = (
    DType.FLOAT32,
    DType.INT8,
    DType.UINT8,
    DType.INT16,
    DType.INT32,
    DType.UINT32,
    DType.INT64,
    DType.BOOL,
)
NUMPY = {
    F: np.dtype("f4"),
    I8: np.dtype("i1"),
    U8: np.dtype("u1"),
    I16: np.dtype("i2"),
    I32: np.dtype("i4"),
    U32: np.dtype("u4"),
    I64: np.dtype("i8"),
    B: np.dtype("?"),
}
TYPE_NAMES = {F: "f32", I8: "i8", U8: "u8", I16: "i16", I32: "i32", U32: "u32", I64: "i64", B: "b"}
QUANTISED = (I8, U8, I16)
CLAMPS = (Activation.NONE, Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1)


@dataclass(frozen=True)
class Case:
    """One operator on given types.

    ``make`` adds it to a builder and returns its output; ``domain`` draws floats and integers that
    the operator has a result for (None: any).
    """

    kind: str
    types: tuple[int, ...]
    make: Callable[[ModelBuilder], int]
    domain: Domain | None = None

    @property
    def name(self) -> str:
        return "-".join([self.kind.lower(), *(TYPE_NAMES[t] for t in self.types)])

    def inputs(self, rng: np.random.Generator, b: ModelBuilder) -> list[Array]:
        """Values for the inputs of the model in ``b``."""
        tensors = [b.subgraph.tensors[i] for i in b.subgraph.inputs]
        values = [self._values(rng, t.type, tuple(int(n) for n in t.shape)) for t in tensors]
        if self.kind in ("RSQRT", "SQRT") and self.types[0] in QUANTISED:
            zero_point = NUMPY[self.types[0]].type(tensors[0].quantization.zeroPoint[0])
            values = [np.asarray(np.maximum(x, zero_point)) for x in values]
        if self.kind == "DIV" and self.types[0] == I8:
            zero_point = NUMPY[I8].type(tensors[-1].quantization.zeroPoint[0])
            values[1:] = [np.where(x == zero_point, zero_point ^ 1, x) for x in values[1:]]
        return values

    def _values(self, rng: np.random.Generator, dtype: int, shape: tuple[int, ...]) -> Array:
        if self.domain is not None and dtype in (F, I32):
            return np.asarray(self.domain(rng, shape)).astype(NUMPY[dtype])
        return np.asarray(any_values(rng, dtype, shape))


def any_values(rng: np.random.Generator, dtype: int, shape: tuple[int, ...]) -> Array:
    """Values all over a type, its limits among them; floats mostly of everyday size."""
    if dtype == B:
        return rng.integers(0, 2, shape).astype(bool)
    if dtype == F:
        return any_floats(rng, shape)
    info = np.iinfo(NUMPY[dtype])
    values = rng.integers(info.min, info.max, shape, NUMPY[dtype], endpoint=True)
    if rng.random() < 0.5:
        values = values // max(1, info.max // 90)
    limits = rng.choice(np.array([info.min, info.max, 0], NUMPY[dtype]), shape)
    return np.where(rng.random(shape) < 0.1, limits, values)


def any_floats(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    values = rng.standard_normal(shape) * np.exp(rng.uniform(-3, 5))
    special = rng.choice([0.0, -0.0, 0.5, -1.5, np.inf, -np.inf, 1e-40, 3e38], shape)
    return np.where(rng.random(shape) < 0.05, special, values).astype(np.float32)


def floats(low: float, high: float) -> Domain:
    return lambda rng, shape: rng.uniform(low, high, shape)


def magnitudes(low: float, high: float, signed: bool = True) -> Domain:
    """Evenly distributed logarithms."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        values = np.exp(rng.uniform(np.log(low), np.log(high), shape))
        return values * rng.choice([-1, 1], shape) if signed else values

    return draw


def pick_from(rng: np.random.Generator, shape: tuple[int, ...], *values: float) -> Array:
    return np.asarray(rng.choice(values, shape))


def nonzero(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    values = rng.integers(-60, 60, shape)
    return np.where(values == 0, 7, values)


# ---- tensors -----------------------------------------------------------------------------------
def pick(b: ModelBuilder, *values: Any) -> Any:
    return values[int(b.rng.integers(len(values)))]


def shape_of(b: ModelBuilder, rank: int | None = None, most: int = 5) -> tuple[int, ...]:
    rank = int(b.rng.integers(0, 6)) if rank is None else rank
    return tuple(int(n) for n in b.rng.integers(1, most + 1, rank))


def add_tensor(
    b: ModelBuilder,
    dtype: int,
    shape: tuple[int, ...],
    scale: float | None = None,
    zero_point: int | None = None,
    data: Array | None = None,
    is_input: bool = False,
    quantised: bool | None = None,
) -> int:
    """A tensor; scale and zero point are drawn where the type has them and they are not given."""
    if dtype in QUANTISED if quantised is None else quantised:
        scale = b.scale() if scale is None else scale
        if zero_point is None:
            zero_point = 0 if dtype in (I16, I32) else b.zero_point() + 128 * (dtype == U8)
    else:
        scale = zero_point = None
    index = b.tensor(shape, dtype=dtype, scale=scale, zero_point=zero_point, data=data)
    if is_input:
        b.subgraph.inputs.append(index)
    return index


def scale_of(b: ModelBuilder, tensor: int) -> float:
    return b.quantisation(tensor)[0]


def fitting(b: ModelBuilder, scale: float) -> float:
    """A scale about as large, or one that makes most codes equal, or saturate, or one at which many
    results are ties, so that the last bit of a factor decides."""
    if pick(b, True, False, False):
        return float(np.float32(scale) * pick(b, 0.5, 2 / 3, 0.8, 4 / 3, 1.6, 2, 8 / 3, 4))
    return float(scale * np.exp(b.rng.uniform(-1, 1.5)) * pick(b, 1, 1, 1, 1, 30, 0.03))


# ---- cases -------------------------------------------------------------------------------------
def unary(
    kind: str,
    x_type: int,
    y_type: int,
    *,
    output: tuple[float, int] | None = None,
    same: bool = False,
    options: Callable[[ModelBuilder], Any] = lambda b: None,
    domain: Domain | None = None,
    scale: tuple[float, float] = (0.005, 0.2),
    factor: Callable[[float], float] = lambda scale: scale,
) -> Case:
    """An operator on one operand; the output's quantisation is given, that of the input, or about
    ``factor`` of its scale."""

    def make(b: ModelBuilder) -> int:
        shape = shape_of(b)
        quantised = x_type in QUANTISED or (kind == "QUANTIZE" and x_type == I32)
        x = add_tensor(b, x_type, shape, scale=b.scale(*scale), is_input=True, quantised=quantised)
        quantisation: tuple[float | None, int | None] = (None, None)
        if output is not None:
            quantisation = output
        elif same and quantised:
            quantisation = b.quantisation(x)
        elif kind == "QUANTIZE" and y_type == I32:
            quantisation = (scale_of(b, x) * pick(b, 1e-6, 1e-3, 0.7), 0)
        elif quantised and y_type in QUANTISED:
            size = (255 if x_type != I16 else 65535) / (255 if y_type != I16 else 65535)
            quantisation = (fitting(b, factor(scale_of(b, x)) * size), None)
        y = add_tensor(b, y_type, shape, *quantisation, quantised=quantisation[0] and True)
        b.operator(getattr(Kind, kind), [x], [y], options(b))
        return y

    return Case(kind, (x_type, y_type), make, domain)


def _leaky(b: ModelBuilder) -> Any:
    return schema.LeakyReluOptionsT(alpha=float(pick(b, 0.1, 0.01, 1.5, 0.0, -0.3)))


def _unary_cases() -> Iterator[Case]:
    for t in (I8, I16, F):
        yield unary("RELU", t, t)
        yield unary("RELU6", t, t, same=True, scale=(0.0003, 0.2))
        yield unary("LEAKY_RELU", t, t, options=_leaky)
        yield unary("ABS", t, t)
        domain = magnitudes(1e-6, 1e6, signed=False)
        yield unary("RSQRT", t, t, domain=domain, factor=lambda s: 1 / (s**0.5 * 90))
    for t, logistic, tanh in (
        (I8, (1 / 256, -128), (1 / 128, 0)),
        (I16, (1 / 32768, 0), (1 / 32768, 0)),
        (F, None, None),
    ):
        for scale in ((0.005, 0.2),) if t != I16 else ((1e-5, 2.6), (2**-12.0, 2**-12.0)):
            yield unary("LOGISTIC", t, t, output=logistic, domain=floats(-20, 20), scale=scale)
            yield unary("TANH", t, t, output=tanh, domain=floats(-12, 12), scale=scale)
    for t in (I8, F):
        swish = lambda s: s * 1.3  # noqa: E731
        yield unary("HARD_SWISH", t, t, domain=floats(-9, 9), scale=(0.001, 1), factor=swish)
        yield unary("ELU", t, t, domain=floats(-20, 20))
    gelu = lambda b: schema.GeluOptionsT(approximate=pick(b, True, False))  # noqa: E731
    yield unary("GELU", I8, I8, options=gelu)
    by_tanh = lambda b: schema.GeluOptionsT(approximate=True)  # noqa: E731
    by_erf = lambda b: schema.GeluOptionsT(approximate=False)  # noqa: E731
    yield unary("GELU", F, F, options=by_tanh, domain=floats(-12, 12))
    yield unary("GELU", F, F, options=by_erf, domain=floats(-1.41, 1.41))
    for t in (I8, F):
        yield unary("RELU_N1_TO_1", t, t, scale=(0.002, 0.05))
    for kind in ("NEG", "SQUARE"):
        yield unary(kind, F, F)
    for kind in ("FLOOR", "CEIL", "ROUND"):
        halves = lambda rng, shape: rng.integers(-9, 9, shape) / 2  # noqa: E731
        yield unary(kind, F, F, domain=halves)
        yield unary(kind, F, F, domain=floats(-1000, 1000))
    yield unary("SQRT", F, F, domain=magnitudes(1e-40, 1e38, signed=False))
    yield unary("LOG", F, F, domain=magnitudes(1e-40, 1e38, signed=False))
    yield unary("EXP", F, F, domain=floats(-110, 95))
    yield unary("SQRT", I8, I8, factor=lambda s: s**0.5 / 16)
    yield unary("LOG", I8, I8, factor=lambda s: 0.04)
    yield unary("EXP", I8, I8, factor=lambda s: s * 8)
    for kind in ("SIN", "COS"):
        yield unary(kind, F, F, domain=magnitudes(1e-5, 1e30))
        yield unary(kind, F, F, domain=floats(-130, 130))
    yield unary("LOGICAL_NOT", B, B)
    for x in (I8, U8, I16):
        yield unary("DEQUANTIZE", x, F)
    for x, y in ((I8, I8), (I8, I16), (I8, U8), (U8, I8), (I16, I8), (I16, I16)):
        yield unary("QUANTIZE", x, y)
    for x in (I8, I16):
        yield unary("QUANTIZE", x, I32)
    for y in (I8, I16):
        yield unary("QUANTIZE", F, y, domain=floats(-40, 40))
        small = lambda rng, shape: rng.integers(-(2**20), 2**20, shape)  # noqa: E731
        yield unary(
            "QUANTIZE", I32, y, domain=small, factor=lambda s: s * 2**14, scale=(1e-6, 1e-4)
        )
    for x, y in ((I64, I32), (I32, I64), (F, I64), (I64, F)):
        yield unary("CAST", x, y, domain=floats(-1000, 1000) if x == F else None)
    for x in (F, B, I8, I16, I32, U32):
        for y in (F, B, I8, I16, I32):
            yield unary("CAST", x, y, domain=floats(-127, 127) if x == F else None)


def pair(
    kind: str,
    a_type: int,
    b_type: int,
    y_type: int,
    *,
    rank: int,
    options: Callable[[int], Any] | None = None,
    factor: Callable[[float, float], float] = max,
    domain: Domain | None = None,
    scale: tuple[float, float] = (0.005, 0.2),
    constant: bool = False,
) -> Case:
    """An operator on two operands; ``constant`` makes one a constant of one element."""

    def make(b: ModelBuilder) -> int:
        shape = shape_of(b, int(b.rng.integers(1, rank + 1)), 4)
        other = shape
        if constant:
            other = (1,) * int(b.rng.integers(0, len(shape) + 1))
        elif pick(b, True, False):
            ones = tuple(n if pick(b, True, False) else 1 for n in shape)
            other = ones[pick(b, 0, 0, len(shape) - 1) :]
        data = None
        if constant:
            data = any_values(b.rng, b_type, other)
        x = add_tensor(b, a_type, shape, scale=b.scale(*scale), is_input=True)
        # Where a constant divides, its code must not stand for zero.
        zero_point = 0 if constant and kind == "DIV" else None
        data = np.where(data == 0, data.dtype.type(7), data) if zero_point == 0 else data
        data = data.dtype.type(2).reshape(data.shape) if kind == "POW" else data
        w = add_tensor(b, b_type, other, b.scale(*scale), zero_point, data, is_input=not constant)
        y_scale = 1.0
        if a_type in QUANTISED and y_type in QUANTISED:
            y_scale = fitting(b, factor(scale_of(b, x), scale_of(b, w)))
        y = add_tensor(b, y_type, shape, scale=y_scale)
        activation = pick(b, Activation.NONE, *CLAMPS)
        made = None if options is None else options(activation)
        operands = [x, w]
        if kind not in ("PRELU", "DIV", "FLOOR_DIV", "FLOOR_MOD", "POW") and pick(b, True, False):
            operands.reverse()
            if not constant:
                b.subgraph.inputs.reverse()
        b.operator(getattr(Kind, kind), operands, [y], made)
        return y

    return Case(kind, (a_type, b_type, y_type), make, domain)


def _fused(table: Any) -> Callable[[int], Any]:
    return lambda activation: table(fusedActivationFunction=activation)


def _pair_cases() -> Iterator[Case]:
    for constant in (False, True):
        for t in (I8, I16, I32, F):
            add, sub, mul = schema.AddOptionsT, schema.SubOptionsT, schema.MulOptionsT
            yield pair("ADD", t, t, t, rank=6, options=_fused(add), constant=constant)
            yield pair("SUB", t, t, t, rank=5, options=_fused(sub), constant=constant)
            size = 255 if t == I8 else 65535
            product = lambda a, b, size=size: a * b * size / 4  # noqa: E731
            yield pair(
                "MUL", t, t, t, rank=6, options=_fused(mul), factor=product, constant=constant
            )
            yield pair("SQUARED_DIFFERENCE", t, t, t, rank=4, factor=product, constant=constant)
        for kind in ("MAXIMUM", "MINIMUM"):
            for t in (I8, I16, I32, I64, F):
                yield pair(kind, t, t, t, rank=5, constant=constant)
        for kind in ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"):
            also = (B,) if kind in ("EQUAL", "NOT_EQUAL") else ()
            for t in (I8, I32, I64, F, *also):
                yield pair(kind, t, t, B, rank=4, constant=constant)
        for kind in ("LOGICAL_AND", "LOGICAL_OR"):
            yield pair(kind, B, B, B, rank=4, constant=constant)
        for x, alpha in ((I8, I8), (I16, I8), (F, F)):
            yield pair("PRELU", x, alpha, x, rank=4, constant=constant)
    div = _fused(schema.DivOptionsT)
    # Most shift some quotients by more than 31 bits, as networks do.
    quotient = lambda a, b: a / b / 500  # noqa: E731
    for constant in (False, True):
        yield pair("DIV", I8, I8, I8, rank=5, options=div, factor=quotient, constant=constant)
    yield pair("DIV", I32, I32, I32, rank=5, options=div, domain=nonzero)
    for kind, made in (("DIV", div), ("FLOOR_DIV", None), ("FLOOR_MOD", None)):
        yield pair(kind, F, F, F, rank=4, options=made, domain=magnitudes(1e-3, 1e4))
    for kind in ("FLOOR_DIV", "FLOOR_MOD"):
        yield pair(kind, I32, I32, I32, rank=4, domain=nonzero)
    # Powers that float32 holds exactly, which is what POW promises.
    powers = lambda rng, shape: pick_from(rng, shape, 1, 2, 3, 0.25, 1.5)  # noqa: E731
    yield pair("POW", F, F, F, rank=4, domain=powers, constant=True)


def _select(t: int, kind: str = "SELECT_V2") -> Case:
    def make(b: ModelBuilder) -> int:
        shape = shape_of(b, int(b.rng.integers(1, 6)), 4)
        operands = []
        for dtype in (B, t, t):
            ones = tuple(n if pick(b, True, True, False) else 1 for n in shape)
            choices = (shape,) if kind == "SELECT" else (shape, ones, ones[1:])
            operands.append(add_tensor(b, dtype, pick(b, *choices), is_input=True))
        shapes = [b.shape(operand) for operand in operands]
        y = add_tensor(b, t, np.broadcast_shapes(*shapes))
        b.operator(getattr(Kind, kind), operands, [y])
        return y

    return Case(kind, (B, t, t, t), make)


def _reduction(kind: str, t: int) -> Case:
    def make(b: ModelBuilder) -> int:
        shape = shape_of(b, int(b.rng.integers(1, 5)), 6)
        rank = len(shape)
        axes = [int(i) for i in b.rng.permutation(rank)[: int(b.rng.integers(1, rank + 1))]]
        x = add_tensor(b, t, shape, is_input=True)
        keep = pick(b, True, False)
        out = tuple(1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes)
        quantisation: tuple[float | None, int | None] = (None, None)
        if t in QUANTISED:
            if kind in ("MEAN", "SUM"):
                count = np.prod([shape[i] for i in axes]) if kind == "SUM" else 1
                quantisation = (fitting(b, scale_of(b, x) * count), None)
            else:
                quantisation = b.quantisation(x)
        y = add_tensor(b, t, out, *quantisation)
        signed = [axis - rank if pick(b, True, False) else axis for axis in axes]
        table = b.constant(np.array(signed, np.int32))
        options = schema.ReducerOptionsT(keepDims=keep)
        b.operator(getattr(Kind, kind), [x, table], [y], options)
        return y

    return Case(kind, (t, t), make, floats(-50, 50) if kind in ("MEAN", "SUM") else None)


def _arg(kind: str, t: int, place: int = I32) -> Case:
    def make(b: ModelBuilder) -> int:
        shape = shape_of(b, int(b.rng.integers(1, 5)), 6)
        axis = int(b.rng.integers(len(shape)))
        x = add_tensor(b, t, shape, is_input=True)
        y = add_tensor(b, place, shape[:axis] + shape[axis + 1 :])
        table = b.constant(np.array([pick(b, axis, axis - len(shape))], np.int32))
        options = {"ARG_MAX": schema.ArgMaxOptionsT, "ARG_MIN": schema.ArgMinOptionsT}[kind]
        b.operator(getattr(Kind, kind), [x, table], [y], options(outputType=place))
        return y

    few = lambda rng, shape: rng.integers(-3, 4, shape)  # noqa: E731
    return Case(kind, (t, place), make, few)


def _cumsum(t: int) -> Case:
    def make(b: ModelBuilder) -> int:
        shape = shape_of(b, int(b.rng.integers(1, 5)), 9)
        axis = int(b.rng.integers(len(shape)))
        x = add_tensor(b, t, shape, is_input=True)
        scale = fitting(b, scale_of(b, x) * shape[axis] ** 0.5) if t == I8 else None
        y = add_tensor(b, t, shape, scale)
        table = b.constant(np.array([pick(b, axis, axis - len(shape))], np.int32))
        options = schema.CumsumOptionsT(pick(b, True, False), pick(b, True, False))
        b.operator(Kind.CUMSUM, [x, table], [y], options)
        return y

    return Case("CUMSUM", (t, t), make, floats(-50, 50))


def _add_n(t: int) -> Case:
    def make(b: ModelBuilder) -> int:
        shape, n = shape_of(b, int(b.rng.integers(1, 5)), 5), pick(b, 2, 3, 5, 20)
        x = add_tensor(b, t, shape, is_input=True)
        quantisation = b.quantisation(x) if t == I8 else (None, None)
        others = [add_tensor(b, t, shape, *quantisation, is_input=True) for _ in range(n - 1)]
        y = add_tensor(b, t, shape, fitting(b, scale_of(b, x) * n**0.5) if t == I8 else None)
        b.operator(Kind.ADD_N, [x, *others], [y], schema.AddNOptionsT())
        return y

    return Case("ADD_N", (t, t), make, floats(-50, 50))


def _rows(
    kind: str,
    x_type: int,
    y_type: int,
    output: tuple[float, int] | None,
    options: Callable[[ModelBuilder], Any] = lambda b: None,
    scale: tuple[float, float] = (1e-3, 1.0),
    depths: tuple[int, ...] = (1, 2, 10, 100, 300),
) -> Case:
    def make(b: ModelBuilder) -> int:
        shape = (*shape_of(b, int(b.rng.integers(0, 4)), 3), pick(b, *depths))
        x = add_tensor(b, x_type, shape, scale=b.scale(*scale), is_input=True)
        y = add_tensor(b, y_type, shape, *(output or (None, None)))
        b.operator(getattr(Kind, kind), [x], [y], options(b))
        return y

    return Case(kind, (x_type, y_type), make, floats(-30, 30))


def _softmax_options(b: ModelBuilder) -> Any:
    return schema.SoftmaxOptionsT(beta=float(pick(b, 1.0, 1.0, 0.3, 2.0)))


def _row_cases() -> Iterator[Case]:
    softmax = _softmax_options
    yield _rows("SOFTMAX", I8, I8, (1 / 256, -128), softmax)
    yield _rows("SOFTMAX", I8, I16, (1 / 65536, -32768), softmax)
    yield _rows("SOFTMAX", I16, I16, (1 / 32768, 0), softmax, scale=(1e-5, 1e-2))
    yield _rows("SOFTMAX", F, F, None, softmax)
    yield _rows("LOG_SOFTMAX", I8, I8, (1 / 16, 127))
    yield _rows("LOG_SOFTMAX", F, F, None)
    norm = lambda b: schema.L2NormOptionsT()  # noqa: E731
    yield _rows("L2_NORMALIZATION", I8, I8, (1 / 128, 0), norm)
    yield _rows("L2_NORMALIZATION", F, F, None, norm)


def _all_cases() -> Iterator[Case]:
    yield from _unary_cases()
    yield from _pair_cases()
    yield from _row_cases()
    yield from (_select(t) for t in (I8, I16, I32, I64, F))
    yield from (_select(t, "SELECT") for t in (I8, I16, F))
    yield from (_reduction(kind, t) for kind in ("MEAN", "SUM") for t in (I8, I16, F))
    for kind in ("REDUCE_MAX", "REDUCE_MIN"):
        yield from (_reduction(kind, t) for t in (I8, I16, I32, F))
    yield from (_reduction(kind, B) for kind in ("REDUCE_ANY", "REDUCE_ALL"))
    yield from (_cumsum(t) for t in (I8, F))
    yield from (_add_n(t) for t in (I8, F))
    yield from (_arg(kind, t) for kind in ("ARG_MAX", "ARG_MIN") for t in (I8, F))
    yield _arg("ARG_MAX", I8, I64)


CASES: tuple[Case, ...] = tuple(_all_cases())
