"""Operators written for TensorFlow Lite Micro, and the reader of their options."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flatbuffers import flexbuffers

from arch.config import parse_config
from arch.op_interface import OpDescription, TensorDescription, TensorType
from arch.params import Params
from firmware.describe import DescriptionError
from firmware.descriptors import layout_descriptors
from firmware.host import HostOps, RefusedUseError
from firmware.image import build_firmware
from firmware.sources import TOOLCHAINS, OpSources
from gen.toolchain import SourceError
from sim.run import prepare_bytes
from tests.firmware.machine import Machine
from tests.firmware.test_gcc import missing
from tests.model_builder import Kind, ModelBuilder

OPERATOR = Path(__file__).with_name("tflm_scale.cc")
EXTREME = Path(__file__).with_name("tflm_extreme.cc")
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


@pytest.mark.parametrize("toolchain", TOOLCHAINS)
def test_init_and_prepare_run_once_and_eval_each_time(toolchain: str) -> None:
    """y = x * factor + bias + number of the call, on the host and on RV32."""
    if toolchain == "gcc" and missing():
        pytest.skip(missing())
    host = HostOps([OPERATOR], [])
    x, y = np.arange(-16, 16, dtype=np.int8), np.zeros(32, np.int8)
    described = use(x, y, options(factor=0.75, bias=-5, name="scale"))
    state = np.zeros(host.state_bytes("Scale", described), np.uint8)
    scratch = host.scratch_bytes("Scale", described)
    assert scratch >= 4 * 32

    image = build_firmware(params(), OpSources((OPERATOR,), toolchain=toolchain), [])
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


@pytest.mark.parametrize("least", [False, True])
def test_what_kernels_share_with_the_reference_ones_works(least: bool) -> None:
    """Tables, broadcasting, clamps, parameters of builtin operators: against NumPy."""
    rng = np.random.default_rng(5)
    a, b = rng.integers(-128, 128, (2, 3, 5)), rng.integers(-128, 128, (3, 1))
    real = (np.tanh(np.float32(0.05) * (a - 7).astype(np.float32)) / np.float32(1 / 64)).astype(
        float
    )
    table = np.clip(np.trunc(real + np.copysign(0.5, real)) - 9, -128, 127)
    expected = np.clip((np.minimum if least else np.maximum)(table, b), -9, 127)
    tensors = [
        TensorDescription(x.shape, TensorType.INT8, x.astype(np.int8), scale, zero)
        for x, scale, zero in ((a, 0.05, 7), (b, 1 / 64, -9), (np.zeros_like(a), 1 / 64, -9))
    ]
    described = OpDescription(
        "Extreme", tuple(tensors[:2]), (tensors[2],), params=struct.pack("<??", False, least)
    )
    host = HostOps([EXTREME], [])
    state = np.zeros(host.state_bytes("Extreme", described), np.uint8)
    on_host = replace(described, state=state)
    assert host.init("Extreme", on_host) == 0
    assert host.call("Extreme", on_host) == 0
    np.testing.assert_array_equal(tensors[2].data, expected)

    image = build_firmware(params(), [EXTREME], [])
    addresses = (0x2000_0000, 0x2000_0040, 0x2000_0080)
    placed = [replace(x, data=at) for x, at in zip(tensors, addresses, strict=True)]
    core = replace(
        described,
        inputs=tuple(placed[:2]),
        outputs=(placed[2],),
        state_bytes=len(state),
        scratch_bytes=host.scratch_bytes("Extreme", described),
    )
    layout = layout_descriptors(image, [core])
    machine = Machine(params(), image)
    machine.load(layout)
    for x, at in zip(tensors[:2], addresses, strict=False):
        assert isinstance(x.data, np.ndarray)
        machine.write(at, x.data.tobytes())
    functions = image.functions["Extreme"]
    assert functions.init is not None
    assert machine.call(functions.init, layout.arguments[0]) == 0
    assert machine.call(functions.eval, layout.arguments[0]) == 0
    assert machine.read(addresses[2], a.size) == expected.astype(np.int8).tobytes()


def test_a_failing_prepare_ends_the_compilation_and_says_why() -> None:
    host = HostOps([OPERATOR], [])
    x, y = np.zeros(4, np.int8), np.zeros(5, np.int8)
    described = use(x, y, options(factor=1.0, bias=0, name=""))
    why = r"tflm_scale\.cc:\d+: NumElements\(input\) != NumElements\(output\) \(4 != 5\)$"
    for ask in (host.state_bytes, host.scratch_bytes):
        with pytest.raises(RefusedUseError, match="^Scale: .*" + why):
            ask("Scale", described)
    assert host.take_log() == ""

    b = ModelBuilder(1)
    operand, result = b.tensor((1, 4), scale=0.5), b.tensor((1, 5), scale=0.5)
    b.subgraph.inputs.append(operand)
    b.operator(
        Kind.CUSTOM, [operand], [result], custom_name="Scale", custom_options=described.params
    )
    with pytest.raises(DescriptionError, match=r"^operator 0 CUSTOM Scale 't1': .*" + why):
        prepare_bytes(b.build(result), "m.tflite", params().config, [OPERATOR])


WRONG = """
#include "tensorflow/lite/micro/kernels/kernel_util.h"
static TfLiteStatus Prepare(TfLiteContext *, TfLiteNode *node) {
    return *static_cast<volatile int *>(node->user_data) ? kTfLiteOk : kTfLiteError;
}
static TFLMRegistration *Register() {
    static TFLMRegistration r = tflite::micro::RegisterOp(nullptr, Prepare, nullptr);
    return &r;
}
WEFT_TFLM_OP("Wrong", Register())
"""


def test_a_prepare_that_crashes_is_one_line_as_well(tmp_path: Path) -> None:
    source = tmp_path / "wrong.cc"
    source.write_text(WRONG)
    host = HostOps([source], [])
    x = np.zeros(4, np.int8)
    for _ in range(2):
        with pytest.raises(RefusedUseError, match="Wrong: a wrong access to memory on the host"):
            host.state_bytes("Wrong", replace(use(x, x, b""), name="Wrong"))


def test_includes_are_found_in_the_folders_that_are_given(tmp_path: Path) -> None:
    """Helpers register nothing, C files among them; our own headers come first."""
    (tmp_path / "theirs" / "lib").mkdir(parents=True)
    (tmp_path / "theirs" / "weft_op.h").write_text("#error not this one\n")
    (tmp_path / "theirs" / "lib" / "help.h").write_text('extern "C" int help(int);\n')
    op, helper = tmp_path / "op.cc", tmp_path / "help.c"
    op.write_text(
        '#include "lib/help.h"\n#include "weft_op.h"\n'
        "static int32_t f(const weft_op_t *) { return help(40); }\n"
        'WEFT_OP("Helped", f)\n'
    )
    helper.write_text("int help(int n) { return n + 2; }\n")
    sources = OpSources((op, helper), (tmp_path / "theirs",))
    assert HostOps(sources, []).call("Helped", OpDescription("Helped", (), ())) == 42
    image = build_firmware(params(), sources, [])
    machine = Machine(params(), image)
    layout = layout_descriptors(image, [OpDescription("Helped", (), ())])
    machine.load(layout)
    assert machine.call(image.functions["Helped"].eval, layout.arguments[0]) == 42
    with pytest.raises(SourceError, match=r"no such folder; check .*--op-include"):
        HostOps(OpSources((op, helper), (tmp_path / "gone",)), [])


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
