"""Convolutions, FULLY_CONNECTED and pools."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from arch import op_params
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.operators.plain import plain_params
from compiler.operators.spec import CoreUse, Span, Spec
from compiler.ops import convolution
from compiler.ops.convolution import ConvolutionParams, DepthwiseParams, FullyConnectedParams
from compiler.ops.convolution_loops import ConvolutionLoops, loops_of, transposed_loops_of
from compiler.ops.pooling import PoolParams, pool_2d
from compiler.ops.requantization import Requantization
from compiler.ops.transpose_conv import transposed_requantization
from compiler.options import Pool2DOptions
from compiler.rules import convolution as rules
from compiler.rules.arithmetic import pooling_keeps_quantisation, unsigned_windows_are_small
from compiler.rules.general import (
    activation_function_is_a_clamp,
    all_of,
    codes_or_floats,
    quantised,
)
from compiler.shapes import arithmetic as shapes
from compiler.shapes import window
from compiler.shapes.window import pool_window

_WITH_FILTER = (
    codes_or_floats(0),
    quantised(0),
    rules.filter_is_constant,
    rules.filter_is_symmetric,
    activation_function_is_a_clamp,
)


def _pool_on_core(op: Operator) -> CoreUse:
    is_float = op.output.dtype is DType.FLOAT32
    assert isinstance(op.options, Pool2DOptions)
    p = PoolParams(pool_window(op), 0, 0) if is_float else pool_2d(op)
    values = {
        "filter_h": p.window.y.kernel,
        "filter_w": p.window.x.kernel,
        "stride_h": p.window.y.stride,
        "stride_w": p.window.x.stride,
        "pad_top": p.window.y.before,
        "pad_left": p.window.x.before,
        "low": p.low,
        "high": p.high,
    }
    params = op_params.POOL_2D.pack(values)
    if is_float:
        return CoreUse(f"{op.kind.name}_FLOAT32", params + plain_params(op.options.activation))
    return CoreUse(op.kind.name, params)


def _convolution_data(op: Operator) -> Span:
    """The core reads filter and bias; the array has them in its commands' weights."""
    return (0, 1) if op.output.dtype is DType.INT8 else (0, None)


def _convolution_on_core(op: Operator) -> CoreUse | None:
    """Of int16 and float32 data; the array takes int8."""
    if op.output.dtype is DType.INT8:
        return None
    if op.output.dtype is DType.FLOAT32:
        return CoreUse("CONVOLUTION_FLOAT32", _float_params(op, loops_of(op)))
    requantization = _PARAMS[op.kind](op).requantization
    return CoreUse("CONVOLUTION_16X8", _wide_params(loops_of(op), requantization))


def _transpose_conv_on_core(op: Operator) -> CoreUse | None:
    if op.output.dtype is DType.INT8:
        return None
    if op.output.dtype is DType.FLOAT32:
        return CoreUse("TRANSPOSE_CONV_FLOAT32", _float_params(op, transposed_loops_of(op)))
    params = _wide_params(transposed_loops_of(op), transposed_requantization(op))
    return CoreUse("TRANSPOSE_CONV_16X8", params)


def _float_params(op: Operator, loops: ConvolutionLoops) -> bytes:
    activation = getattr(op.options, "activation")  # noqa: B009 (one of many option classes)
    params = op_params.CONVOLUTION.pack({**vars(loops), "low": 0, "high": 0})
    return params + plain_params(activation)


def _wide_params(loops: ConvolutionLoops, r: Requantization) -> bytes:
    parts = [op_params.CONVOLUTION.pack({**vars(loops), "low": r.low, "high": r.high})]
    for multiplier, shift in zip(r.multipliers.tolist(), r.shifts.tolist(), strict=True):
        parts.append(op_params.SCALE.pack({"multiplier": multiplier, "shift": shift}))
    return b"".join(parts)


_Params = ConvolutionParams | DepthwiseParams | FullyConnectedParams
_PARAMS: Mapping[Kind, Callable[[Operator], _Params]] = {
    Kind.CONV_2D: convolution.conv_2d,
    Kind.DEPTHWISE_CONV_2D: convolution.depthwise_conv_2d,
    Kind.FULLY_CONNECTED: convolution.fully_connected,
}

SPECS = {
    Kind.CONV_2D: Spec(
        operands=(2, 3),
        types=_WITH_FILTER,
        shape=window.conv_2d,
        limits=(rules.bias_is_constant, rules.multipliers_fit, rules.wide_multipliers_fit),
        data=_convolution_data,
        core=_convolution_on_core,
    ),
    Kind.DEPTHWISE_CONV_2D: Spec(
        operands=(2, 3),
        types=_WITH_FILTER,
        shape=window.depthwise_conv_2d,
        limits=(
            rules.bias_is_constant,
            rules.absent_bias_is_left_out,
            rules.multipliers_fit,
            rules.wide_multipliers_fit,
        ),
        data=_convolution_data,
        core=_convolution_on_core,
    ),
    Kind.TRANSPOSE_CONV: Spec(
        operands=(3, 4),
        types=(
            codes_or_floats(2),
            quantised(2),
            rules.reordered(rules.filter_is_constant),
            rules.reordered(rules.filter_is_symmetric),
            activation_function_is_a_clamp,
        ),
        shape=window.transpose_conv,
        limits=(
            rules.reordered(rules.bias_is_constant),
            rules.reordered(rules.absent_bias_is_left_out),
            rules.reordered(rules.multipliers_fit),
            rules.reordered(rules.wide_multipliers_fit),
        ),
        data=lambda op: (2, 3) if op.output.dtype is DType.INT8 else (1, None),
        core=_transpose_conv_on_core,
    ),
    Kind.FULLY_CONNECTED: Spec(
        operands=(2, 3),
        types=_WITH_FILTER,
        shape=shapes.fully_connected,
        limits=(
            rules.bias_is_constant,
            rules.bias_scale_is_that_of_products,
            rules.multipliers_fit,
            rules.wide_multipliers_fit,
        ),
        data=_convolution_data,
        core=_convolution_on_core,
    ),
    Kind.AVERAGE_POOL_2D: Spec(
        operands=(1, 1),
        types=(codes_or_floats(0), quantised(0), activation_function_is_a_clamp),
        shape=window.pool_2d,
        limits=(pooling_keeps_quantisation, unsigned_windows_are_small),
        core=_pool_on_core,
    ),
    Kind.L2_POOL_2D: Spec(
        operands=(1, 1),
        types=(all_of((DType.FLOAT32,), 0), activation_function_is_a_clamp),
        shape=window.pool_2d,
        core=_pool_on_core,
    ),
    Kind.MAX_POOL_2D: Spec(
        operands=(1, 1),
        types=(codes_or_floats(0), quantised(0), activation_function_is_a_clamp),
        shape=window.pool_2d,
        limits=(pooling_keeps_quantisation,),
        core=_pool_on_core,
    ),
}
