"""Operators written for TensorFlow Lite Micro, and the reader of their options."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from flatbuffers import flexbuffers

from arch.config import parse_config
from arch.op_interface import OpDescription, OpStatus, TensorDescription, TensorType
from arch.params import Params
from firmware.descriptors import layout_descriptors
from firmware.host import HostOps
from firmware.image import build_firmware
from tests.firmware.machine import Machine

OPERATOR = Path(__file__).with_name("tflm_scale.cc")
ROOMY = {"name": "roomy", "rows": 8, "cols": 8, "lanes": 4}


def params() -> Params:
    return Params(parse_config({**ROOMY, "core": {"imem_kib": 32, "dmem_kib": 32}}))


def options(**values: object) -> bytes:
    builder = flexbuffers.Builder()
    with builder.Map():
        for key, value in values.items():
            builder.Key(key)
            builder.Add(value)
    return bytes(builder.Finish())


def use(x: np.ndarray, y: np.ndarray, text: bytes) -> OpDescription:
    return OpDescription(
        "Scale",
        (TensorDescription(x.shape, TensorType.INT8, x, 0.5, 3),),
        (TensorDescription(y.shape, TensorType.INT8, y, 0.25, -4),),
        params=text,
    )


def test_init_and_prepare_run_once_and_eval_each_time() -> None:
    """y = x * factor + bias + number of the call, on the host and on RV32."""
    host = HostOps([OPERATOR], [])
    x, y = np.arange(-16, 16, dtype=np.int8), np.zeros(32, np.int8)
    described = use(x, y, options(factor=0.75, bias=-5, name="scale"))
    state = np.zeros(host.state_bytes("Scale", described), np.uint8)
    scratch = host.scratch_bytes("Scale", described)
    assert scratch >= 4 * 32

    image = build_firmware(params(), [OPERATOR], [])
    core = OpDescription(
        "Scale",
        (TensorDescription(x.shape, TensorType.INT8, 0x2000_0000, 0.5, 3),),
        (TensorDescription(y.shape, TensorType.INT8, 0x2000_0100, 0.25, -4),),
        params=described.params,
        state_bytes=len(state),
        scratch_bytes=scratch,
    )
    layout = layout_descriptors(image, [core])
    machine = Machine(params(), image)
    machine.load(layout)
    machine.write(0x2000_0000, x.tobytes())

    on_host = OpDescription(**{**vars(described), "state": state})
    assert host.init("Scale", on_host) == 0
    functions = image.functions["Scale"]
    assert functions.init is not None
    assert machine.call(functions.init, layout.arguments[0]) == 0
    for call in (1, 2, 3):
        real = (x.astype(float) - 3) * 0.5 * 0.75
        expected = np.clip(np.floor(real / 0.25 + 0.5) - 4 - 5 + call, -128, 127)
        assert host.call("Scale", on_host) == 0
        assert machine.call(functions.eval, layout.arguments[0]) == 0
        np.testing.assert_array_equal(y, expected)
        assert machine.read(0x2000_0100, 32) == y.tobytes()


def test_a_failing_prepare_stops_and_says_why() -> None:
    host = HostOps([OPERATOR], [])
    x, y = np.zeros(4, np.int8), np.zeros(5, np.int8)
    described = use(x, y, options(factor=1.0, bias=0, name=""))
    state = np.zeros(host.state_bytes("Scale", described), np.uint8)
    host.take_log()
    assert host.init("Scale", OpDescription(**{**vars(described), "state": state})) == (
        OpStatus.PARAMS
    )
    assert "NumElements(input) != NumElements(output)" in host.take_log()


READER = """
#include "flatbuffers/flexbuffers.h"
#include "weft_op.h"
static int32_t f(const weft_op_t *op) {
    double *y = (double *)op->outputs[0]->data;
    const auto m = flexbuffers::GetRoot((const uint8_t *)op->params, op->params_bytes).AsMap();
    y[0] = m["i"].AsInt64(); y[1] = m["u"].AsUInt64(); y[2] = m["f"].AsDouble();
    y[3] = m["b"].AsBool(); y[4] = m["s"].AsString().size(); y[5] = m["s"].ToString() == "text";
    y[6] = m["v"].AsVector().size(); y[7] = m["v"].AsVector()[1].AsDouble();
    y[8] = m["m"].AsMap()["inner"].AsInt32(); y[9] = m["none"].IsNull();
    y[10] = m["t"].AsTypedVector().size(); y[11] = m["t"].AsTypedVector()[2].AsInt32();
    return 0;
}
WEFT_OP("Read", f)
"""


def test_options_are_read_as_they_were_written(tmp_path: Path) -> None:
    source = tmp_path / "read.cc"
    source.write_text(READER)
    host = HostOps([source], [])
    for i, f in ((-3, 0.5), (1 << 40, 1e30), (-(1 << 20), 0.1)):
        builder = flexbuffers.Builder()
        with builder.Map():
            for key, value in (("i", i), ("f", f), ("b", True), ("s", "text")):
                builder.Key(key)
                builder.Add(value)
            builder.Key("u")
            builder.UInt(abs(i))
            builder.Key("v")
            with builder.Vector():
                builder.Int(7)
                builder.Float(f)
            builder.Key("m")
            with builder.Map():
                builder.Key("inner")
                builder.Int(-77)
            builder.Key("t")
            builder.TypedVectorFromElements([5, 6, 1000])
        y = np.zeros(12)
        described = TensorDescription(y.shape, TensorType.FLOAT64, y)
        data = bytes(builder.Finish())
        assert host.call("Read", OpDescription("Read", (), (described,), data)) == 0
        assert y.tolist() == [i, abs(i), f, 1, 4, 1, 2, f, -77, 1, 3, 1000]


@pytest.mark.parametrize("data", [b"", b"\0", struct.pack("<4B", 255, 255, 36, 8), b"\xff" * 40])
def test_damaged_options_read_as_nothing(data: bytes, tmp_path: Path) -> None:
    source = tmp_path / "read.cc"
    source.write_text(READER)
    y = np.ones(12)
    described = TensorDescription(y.shape, TensorType.FLOAT64, y)
    host = HostOps([source], [], sanitize="undefined")
    assert host.call("Read", OpDescription("Read", (), (described,), data)) == 0
    assert y.tolist() == [0] * 9 + [1, 0, 0]
