"""Constraints of BATCH_MATMUL and of the recurrent operators."""

from __future__ import annotations

import math
from collections.abc import Iterable

from arch.quant import quantize_multiplier
from compiler.graph import DType, Operator, Tensor
from compiler.ops.batch_matmul import factor
from compiler.ops.requantization import SUPPORTED_ACTIVATIONS
from compiler.options import Activation, LstmOptions, SvdfOptions
from compiler.rules import is_scale, unfit

MAX_WIDE_SHIFT = 7
N_LSTM_OPERANDS = 24
LSTM_OPERANDS = (*range(9), *range(12, 16), 18, 19)
_LSTM_TYPES = {
    DType.INT8: (DType.INT8, DType.INT8, DType.INT32, DType.INT16),
    DType.INT16: (DType.INT16, DType.INT8, DType.INT64, DType.INT16),
    DType.FLOAT32: (DType.FLOAT32,) * 4,
}
"""Of data, weights, biases and cells."""


def matrix_factor_fits(op: Operator) -> str | None:
    """The product of the inputs' scales over the output's is below 2**30, of int16 below 2**7."""
    if op.output.dtype is DType.FLOAT32:
        return None
    real = factor(op)
    if op.output.dtype is DType.INT16 and quantize_multiplier(real)[1] > MAX_WIDE_SHIFT:
        return f"it is {real:g}"
    return unfit(real)


def _expected(tensor: Tensor | None, types: Iterable[DType], constant: bool) -> str | None:
    if tensor is None:
        return "an operand is absent"
    if tensor.dtype not in types or tensor.is_constant is not constant:
        return f"{tensor} is {tensor.dtype.name}, {'' if tensor.is_constant else 'not '}constant"
    q = tensor.quantization
    if tensor.dtype in (DType.INT8, DType.INT16) and (
        q is None or q.per_channel or not is_scale(q.scales[0])
    ):
        return f"{tensor} has not one scale"
    return None


def svdf_operands(op: Operator) -> str | None:
    """Operands are int8 data, constant int8 and int16 (or int8) weights with zero points of 0, an
    int32 bias, and a state of the type of the second weights; the output is int8. Or all of them
    are float32."""
    if len(op.inputs) != 5 or len(op.outputs) != 1:
        return f"it has {len(op.inputs)} operands and {len(op.outputs)} outputs"
    time = op.optional_input(2)
    is_float = op.outputs[0].dtype is DType.FLOAT32
    data = (DType.FLOAT32,) if is_float else (DType.INT8,)
    times = data if is_float else (DType.INT8, DType.INT16)
    found = [
        _expected(op.inputs[0], data, False),
        _expected(op.inputs[1], data, True),
        _expected(time, times, True),
        _expected(op.inputs[3], data if is_float else (DType.INT32,), True),
        _expected(op.outputs[0], data, False),
    ]
    if time is not None:
        found.append(_expected(op.inputs[4], (time.dtype,), False))
    problem = next((text for text in found if text), None)
    return problem or (None if is_float else _asymmetric(op, 1, 2))


def activation_of_floats_is_a_clamp(op: Operator) -> str | None:
    """Of float32, the fused activation is NONE, RELU, RELU6 or RELU_N1_TO_1."""
    assert isinstance(op.options, SvdfOptions)
    activation = op.options.activation
    if op.output.dtype is DType.FLOAT32 and activation not in SUPPORTED_ACTIVATIONS:
        return f"it is {activation.name}"
    return None


def _asymmetric(op: Operator, *positions: int) -> str | None:
    """The weights that have another zero point than 0."""
    odd = [op.input(i) for i in positions if op.input(i).zero_point]
    return f"{odd[0]} has a zero point of {odd[0].zero_point}" if odd else None


def states_are_variables(op: Operator) -> str | None:
    """Its states are variable tensors; those of int16 have a zero point of 0."""
    for tensor in (op.input(i) for i in ((4,) if len(op.inputs) == 5 else (18, 19))):
        if not tensor.is_variable:
            return f"{tensor} is no variable"
        if tensor.dtype is DType.INT16 and tensor.zero_point:
            return f"{tensor} has a zero point of {tensor.zero_point}"
    return None


def lstm_operands(op: Operator) -> str | None:
    """It has all gates, no peepholes, projection or normalisation: int8 data, constant int8
    weights with zero points of 0, int32 biases, a hidden state of int8 and cells of int16; or data
    and hidden state of int16 with zero points of 0, and int64 biases; or all float32."""
    if len(op.inputs) != N_LSTM_OPERANDS or len(op.outputs) != 1:
        return f"it has {len(op.inputs)} operands and {len(op.outputs)} outputs"
    extra = [t for i, t in enumerate(op.inputs) if t is not None and i not in LSTM_OPERANDS]
    if extra:
        return f"it has {extra[0]}"
    dtype = op.outputs[0].dtype
    data, weights, bias, cell = _LSTM_TYPES.get(dtype, _LSTM_TYPES[DType.INT8])
    found = [_expected(t, (data,), False) for t in (op.inputs[0], *op.outputs)]
    found += [_expected(op.inputs[i], (weights,), True) for i in range(1, 9)]
    found += [_expected(op.inputs[i], (bias,), True) for i in range(12, 16)]
    found.append(_expected(op.inputs[18], (data,), False))
    found.append(_expected(op.inputs[19], (cell,), False))
    problem = next((text for text in found if text), None)
    if problem or dtype is DType.FLOAT32:
        return problem
    return _asymmetric(op, *range(1, 9), *((0,) if dtype is DType.INT16 else ()))


def wide_gates_fit(op: Operator) -> str | None:
    """With int16 data, the scales of weights times those of what they meet are below 2**-5."""
    if op.output.dtype is not DType.INT16:
        return None
    largest = max(
        op.input(first + gate).scale * op.input(codes).scale
        for first, codes in ((1, 0), (5, 18))
        for gate in range(4)
    )
    return None if largest < 2.0**-5 else f"the largest is {largest:g}"


def lstm_activation_is_tanh(op: Operator) -> str | None:
    """Its activation is TANH, and the scale of its cells a power of two from 2**-15 to 2**-1."""
    assert isinstance(op.options, LstmOptions)
    if op.options.activation is not Activation.TANH:
        return f"it is {op.options.activation.name}"
    if op.output.dtype is DType.FLOAT32:
        return None
    scale = op.input(19).scale
    mantissa, exponent = math.frexp(scale)
    return None if mantissa == 0.5 and -14 <= exponent <= 0 else f"its cells have scale {scale:g}"
