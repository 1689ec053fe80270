"""Convolutions, FULLY_CONNECTED and pools."""

from __future__ import annotations

from arch import op_params
from compiler.builtin import Kind
from compiler.graph import Operator
from compiler.operators.spec import CoreUse, Spec
from compiler.ops.pooling import pool_2d
from compiler.rules import convolution as rules
from compiler.rules.arithmetic import pooling_keeps_quantisation
from compiler.rules.general import activation_function_is_a_clamp, int8, quantised
from compiler.shapes import arithmetic as shapes
from compiler.shapes import window

_WITH_FILTER = (
    int8(0),
    quantised(0),
    rules.filter_is_constant_int8,
    rules.filter_is_symmetric,
    activation_function_is_a_clamp,
)


def _pool_on_core(op: Operator) -> CoreUse:
    p = pool_2d(op)
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
    return CoreUse(op.kind.name, op_params.POOL_2D.pack(values))


SPECS = {
    Kind.CONV_2D: Spec(
        operands=(2, 3),
        types=_WITH_FILTER,
        shape=window.conv_2d,
        limits=(rules.bias_is_constant_int32, rules.multipliers_fit),
    ),
    Kind.DEPTHWISE_CONV_2D: Spec(
        operands=(2, 3),
        types=_WITH_FILTER,
        shape=window.depthwise_conv_2d,
        limits=(
            rules.bias_is_constant_int32,
            rules.absent_bias_is_left_out,
            rules.multipliers_fit,
        ),
    ),
    Kind.TRANSPOSE_CONV: Spec(
        operands=(3, 4),
        types=(
            int8(2),
            quantised(2),
            rules.reordered(rules.filter_is_constant_int8),
            rules.reordered(rules.filter_is_symmetric),
            activation_function_is_a_clamp,
        ),
        shape=window.transpose_conv,
        limits=(
            rules.reordered(rules.bias_is_constant_int32),
            rules.reordered(rules.absent_bias_is_left_out),
            rules.reordered(rules.multipliers_fit),
        ),
        data=(2, 3),
    ),
    Kind.FULLY_CONNECTED: Spec(
        operands=(2, 3),
        types=_WITH_FILTER,
        shape=shapes.fully_connected,
        limits=(
            rules.bias_is_constant_int32,
            rules.bias_scale_is_that_of_products,
            rules.multipliers_fit,
        ),
    ),
    Kind.AVERAGE_POOL_2D: Spec(
        operands=(1, 1),
        types=(int8(0), quantised(0), activation_function_is_a_clamp),
        shape=window.pool_2d,
        limits=(pooling_keeps_quantisation,),
        core=_pool_on_core,
    ),
    Kind.MAX_POOL_2D: Spec(
        operands=(1, 1),
        types=(int8(0), quantised(0), activation_function_is_a_clamp),
        shape=window.pool_2d,
        limits=(pooling_keeps_quantisation,),
        core=_pool_on_core,
    ),
}
