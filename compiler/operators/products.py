"""Matrix products of two operands, and recurrent operators."""

from __future__ import annotations

import numpy as np

from arch import op_params
from compiler.builtin import Kind
from compiler.graph import DType, Operator
from compiler.operators.spec import CoreUse, Spec
from compiler.ops import recurrent
from compiler.ops.batch_matmul import batch_matmul, has_constant_weights
from compiler.rules import products as rules
from compiler.rules.general import all_of, quantised
from compiler.shapes import products as shapes


def _batch_matmul(op: Operator) -> CoreUse:
    return CoreUse("BATCH_MATMUL", op_params.BATCH_MATMUL.pack(vars(batch_matmul(op))))


def _svdf(op: Operator) -> CoreUse:
    return CoreUse("SVDF", op_params.SVDF.pack(vars(recurrent.svdf(op))))


def _lstm(op: Operator) -> CoreUse:
    p = recurrent.lstm(op)
    values = {
        "batches": p.batches,
        "steps": p.steps,
        "inputs": p.inputs,
        "units": p.units,
        "batch_rows": p.rows[0],
        "step_rows": p.rows[1],
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
        types=(rules.svdf_operands, rules.states_are_variables),
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
        data=(0, 9),
        keeps_state=True,
        core=_lstm,
    ),
}
