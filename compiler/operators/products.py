"""Matrix products of two operands, and recurrent operators."""

from __future__ import annotations

import numpy as np

from arch import op_params
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.operators.plain import plain_params
from compiler.operators.spec import CoreUse, Spec
from compiler.ops import recurrent
from compiler.ops.batch_matmul import batch_matmul, has_constant_weights
from compiler.options import LstmOptions, SvdfOptions
from compiler.rules import products as rules
from compiler.rules.general import all_of, quantised
from compiler.shapes import products as shapes


def _batch_matmul(op: Operator) -> CoreUse:
    return CoreUse("BATCH_MATMUL", op_params.BATCH_MATMUL.pack(vars(batch_matmul(op))))


def _svdf(op: Operator) -> CoreUse:
    params = op_params.SVDF.pack(vars(recurrent.svdf(op)))
    if op.input(0).dtype is DType.FLOAT32:
        assert isinstance(op.options, SvdfOptions)
        return CoreUse("SVDF_FLOAT32", params + plain_params(op.options.activation))
    return CoreUse("SVDF", params)


def _lstm(op: Operator) -> CoreUse:
    walk = recurrent.sequences(op)
    sizes = {
        "batches": walk.batches,
        "steps": walk.steps,
        "inputs": walk.inputs,
        "units": walk.units,
        "batch_rows": walk.rows[0],
        "step_rows": walk.rows[1],
    }
    if op.input(0).dtype is DType.FLOAT32:
        assert isinstance(op.options, LstmOptions)
        values: dict[str, object] = {**sizes, "cell_clip": op.options.cell_clip}
        return CoreUse(f"{op.kind.name}_FLOAT32", op_params.LSTM_FLOAT.pack(values))
    p = recurrent.lstm(op)
    values = {
        **sizes,
        "hidden_zero_point": p.hidden_zero_point,
        "cell_clip": p.cell_clip,
        "cell_has_no_clip": int(not p.clips),
        "tanh_multiplier": p.tanh[0],
        "tanh_shift": p.tanh[1],
    }
    parts = [op_params.LSTM.pack(values)]
    for multiplier, shift in p.scales:
        parts.append(op_params.SCALE.pack({"multiplier": multiplier, "shift": shift}))
    if op.input(0).dtype is DType.INT16:
        own = p.biases[: recurrent.GATES].astype(np.dtype("<i8"))
        return CoreUse(f"{op.kind.name}_16X8", b"".join([*parts, own.tobytes()]))
    return CoreUse(op.kind.name, b"".join([*parts, p.biases.astype(np.dtype("<i4")).tobytes()]))


SPECS = {
    Kind.BATCH_MATMUL: Spec(
        operands=(2, 2),
        types=(all_of((DType.INT8, DType.INT16, DType.FLOAT32), 0, 1), quantised(0, 1)),
        shape=shapes.batch_matmul,
        limits=(rules.matrix_factor_fits,),
        data=lambda op: (0, 1) if has_constant_weights(op) else (0, 2),
        core=_batch_matmul,
    ),
    Kind.SVDF: Spec(
        operands=None,
        types=(
            rules.svdf_operands,
            rules.states_are_variables,
            rules.activation_of_floats_is_a_clamp,
        ),
        shape=shapes.svdf,
        data=(0, 4),
        keeps_state=True,
        core=_svdf,
    ),
    Kind.UNIDIRECTIONAL_SEQUENCE_LSTM: Spec(
        operands=None,
        types=(
            rules.lstm_operands,
            rules.states_are_variables,
            rules.lstm_activation_is_tanh,
        ),
        shape=shapes.lstm,
        limits=(rules.wide_gates_fit,),
        data=lambda op: (0, 16) if op.input(0).dtype is DType.FLOAT32 else (0, 9),
        keeps_state=True,
        core=_lstm,
    ),
}
