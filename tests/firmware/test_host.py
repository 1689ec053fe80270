"""The host build of operators, alone, as reference for models and in the functional model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from arch import isa
from arch.decode import ProgramError
from arch.isa import Cause, Command, Opcode
from arch.memory_map import SCRATCHPAD_BASE
from arch.op_interface import OpDescription, TensorDescription, TensorType
from compiler.tflite_reader import read_model
from firmware import host as host_module
from firmware.describe import DescriptionError, describe, host_custom_op, with_sizes
from firmware.descriptors import layout_descriptors
from firmware.host import HostCallError, HostOps
from firmware.host_core import HostCore, HostCoreError
from firmware.image import UnknownOperatorError, build_firmware
from gen.toolchain import SourceError, ToolchainError
from sim.model import FunctionalModel
from sim.reference import Reference
from tests.firmware.helpers import small
from tests.firmware.test_runtime import tensor
from tests.model_builder import ModelBuilder

LEAK = """
#include "weft_op.h"
// out = in below zero halved; the options are the byte that is added.
static int32_t leak(const weft_op_t *op) {
    const weft_tensor_t *in = op->inputs[0];
    if (in->type != WEFT_TYPE_INT8) return WEFT_STATUS_TYPE;
    const int8_t *x = (const int8_t *)in->data;
    int8_t *y = (int8_t *)op->outputs[0]->data;
    for (uint32_t i = 0; i < in->bytes; i++)
        y[i] = (x[i] < 0 ? x[i] / 2 : x[i]) + *(const int8_t *)op->params;
    return 0;
}
WEFT_OP("Leak", leak)

static int32_t count_init(const weft_op_t *op) { *(int32_t *)op->state = 100; return 0; }
static int32_t count(const weft_op_t *op) {
    if (op->scratch_bytes < 12) return WEFT_STATUS_SCRATCH;
    *(int32_t *)op->outputs[0]->data = ++*(int32_t *)op->state;
    return 0;
}
static uint32_t four(const weft_op_t *) { return 4; }
static uint32_t by_shape(const weft_op_t *op) { return 4 * op->outputs[0]->dims[0] + 8; }
WEFT_OP("Count", count, count_init, four, by_shape)

static int32_t fails(const weft_op_t *) { weft_log("about to fail\\n"); weft_fail(1234); }
WEFT_OP("Fails", fails)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    source = tmp_path / "leak.cc"
    source.write_text(LEAK)
    return source


def leak_expected(x: np.ndarray, plus: int) -> np.ndarray:
    return (np.where(x < 0, -((-x.astype(np.int64)) // 2), x) + plus).astype(np.int8)


def test_operator_works_in_place_on_arrays(path: Path) -> None:
    x, y = np.arange(-50, 50, dtype=np.int8), np.zeros(100, np.int8)
    host = HostOps([path], [])
    assert host.names == ["Count", "Fails", "Leak"]
    assert host.call("Leak", OpDescription("Leak", (tensor(x),), (tensor(y),), b"\x03")) == 0
    np.testing.assert_array_equal(y, leak_expected(x, 3))
    words = tensor(x.astype(np.int32))
    assert host.call("Leak", OpDescription("Leak", (words,), (tensor(y),), b"\x03")) == 2


def test_state_lives_on_and_scratch_is_made(path: Path) -> None:
    host = HostOps([path], [])
    y, state = np.zeros(1, np.int32), np.zeros(4, np.uint8)
    op = OpDescription("Count", (), (tensor(y),), state=state)
    assert (host.state_bytes("Count", op), host.scratch_bytes("Count", op)) == (4, 12)
    assert host.has_init("Count")
    assert not host.has_init("Leak")
    assert host.init("Count", op) == 0
    assert [(host.call("Count", op), int(y[0])) for _ in range(2)] == [(0, 101), (0, 102)]
    with pytest.raises(HostCallError, match="^Count: keeps 4 bytes of state; give an array"):
        host.call("Count", OpDescription("Count", (), (tensor(y),)))


def test_failure_in_the_middle_returns_its_status_and_logs(path: Path) -> None:
    host = HostOps([path], [])
    assert host.call("Fails", OpDescription("Fails", (), ())) == 1234
    assert (host.take_log(), host.take_log()) == ("about to fail\n", "")


def test_what_cannot_be_called_is_named(path: Path) -> None:
    host = HostOps([path], [])
    with pytest.raises(
        UnknownOperatorError, match="^Lek: no operator registers this name; there are"
    ):
        host.call("Lek", OpDescription("Lek", (), ()))
    wide = TensorDescription((3,), TensorType.INT32, np.zeros(4, np.int32))
    with pytest.raises(HostCallError, match=r"array of 16 bytes for a tensor \(3,\) of INT32"):
        host.call("Leak", OpDescription("Leak", (wide,), ()))
    away = TensorDescription((3,), TensorType.INT32, SCRATCHPAD_BASE)
    with pytest.raises(HostCallError, match="tensor at 0x20000000; the host needs an array"):
        host.call("Leak", OpDescription("Leak", (away,), ()))


def test_faulty_source_is_one_line(tmp_path: Path) -> None:
    source = tmp_path / "bad.cc"
    source.write_text('#include "weft_op.h"\nint32_t f() { return 3 }\n')
    with pytest.raises(SourceError, match=r"^\S*bad\.cc:2: [^\n]+$"):
        HostOps([source], [])


def test_undefined_behaviour_is_caught_by_the_sanitizer(tmp_path: Path) -> None:
    """In a process of its own, which the sanitizer ends."""
    source = tmp_path / "shift.cc"
    source.write_text(
        '#include "weft_op.h"\n'
        "static int32_t f(const weft_op_t *op) { return 1 << (op->n_inputs + 32); }\n"
        'WEFT_OP("F", f)\n'
    )
    script = (
        "import sys; from pathlib import Path; from firmware.host import HostOps\n"
        "from arch.op_interface import OpDescription\n"
        "HostOps([Path(sys.argv[1])], [], sanitize='undefined')"
        ".call('F', OpDescription('F', (), ()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "shift.cc:2:" in done.stderr
    assert "shift exponent 32 is too large" in done.stderr


def test_address_sanitizer_says_how_to_start() -> None:
    with pytest.raises(ToolchainError, match="LD_PRELOAD="):
        HostOps([], ["RESHAPE"], sanitize="address")


def test_compiler_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    host_module.host_compiler.cache_clear()
    try:
        with pytest.raises(ToolchainError, match="^CXX=no-such-compiler: not found"):
            host_module.host_compiler()
    finally:
        host_module.host_compiler.cache_clear()


# ---- with the compiler's graph ---------------------------------------------------------------
def custom_model(name: str, options: bytes | None) -> bytes:
    b = ModelBuilder(3)
    x = b.input((1, 4, 4, 3), scale=0.1, zero_point=0)
    (y,) = b.custom(name, [x], [(1, 4, 4, 3)], options)
    return b.build(b.softmax(y))


def test_custom_operator_is_a_reference_within_a_model(path: Path) -> None:
    data = custom_model("Leak", b"\x05")
    reference = Reference(data, {"Leak": host_custom_op(HostOps([path], []))})
    x = np.random.default_rng(1).integers(-128, 128, (1, 4, 4, 3), np.int8)
    custom = reference.graph.operators[0].output
    assert custom.index is not None
    found = reference.all_tensors([x])[custom.index]
    np.testing.assert_array_equal(found, leak_expected(x, 5))


def test_error_of_a_custom_operator_names_it(path: Path) -> None:
    graph = read_model(custom_model("Fails", None), "model")
    run = host_custom_op(HostOps([path], []))
    with pytest.raises(DescriptionError, match="CUSTOM Fails.*returned the error 1234"):
        run(graph.operators[0], [np.zeros((1, 4, 4, 3), np.int8)])


def test_operator_outside_the_library_is_named() -> None:
    b = ModelBuilder(1)
    graph = read_model(b.build(b.conv2d(b.input((1, 5, 5, 3)))), "model")
    with pytest.raises(DescriptionError, match="the core's library has only ABS, ADD"):
        describe(graph.operators[0], lambda t: 0)


# ---- in the functional model -----------------------------------------------------------------
def core_command(function: int, argument: int, waits: int, boot: int = 0) -> Command:
    config = {**isa.initial_config(Opcode.CORE), "function": function, "argument": argument}
    return Command(Opcode.CORE, {**config, "boot": boot}, (0, 0, waits, 0))


def test_functional_model_runs_operators_on_its_memories(path: Path) -> None:
    image, host = build_firmware(small(), [path], ["SOFTMAX"]), HostOps([path], ["SOFTMAX"])
    graph = read_model(custom_model("Leak", b"\x05"), "model")
    x, y = graph.operators[0].input(0), graph.operators[0].output
    z = graph.operators[1].output
    addresses = {
        id(x): SCRATCHPAD_BASE + 7,
        id(y): SCRATCHPAD_BASE + 100,
        id(z): SCRATCHPAD_BASE + 301,
    }
    ops = [with_sizes(describe(op, lambda t: addresses[id(t)]), host) for op in graph.operators]
    layout = layout_descriptors(image, ops)

    model = FunctionalModel(small(), HostCore(image, ops, layout, host))
    values = np.random.default_rng(1).integers(-128, 128, (1, 4, 4, 3), np.int8)
    scratchpad = model.memories.scratchpad
    scratchpad[7 : 7 + 48] = values.reshape(-1).view(np.uint8)
    commands = [core_command(image.entry, 0, 0, boot=1)]
    for op, argument in zip(ops, layout.arguments, strict=True):
        commands.append(core_command(image.functions[op.name].eval, argument, len(commands)))
    program = isa.encode_program([*commands, Command(Opcode.END, {})])
    model.run(program)

    reference = Reference(custom_model("Leak", b"\x05"), {"Leak": host_custom_op(host)})
    expected = reference.run([values])[0]
    np.testing.assert_array_equal(scratchpad[301 : 301 + 48].view(np.int8), expected.reshape(-1))

    wrong = isa.encode_program(
        [
            core_command(image.functions["Leak"].eval, layout.arguments[1] + 4, 0),
            Command(Opcode.END, {}),
        ]
    )
    with pytest.raises(HostCoreError, match="the program was made for another firmware"):
        model.run(wrong)


def test_status_of_an_operator_stops_the_functional_model(path: Path) -> None:
    image, host = build_firmware(small(), [path], []), HostOps([path], [])
    ops = [OpDescription("Fails", (), ()), OpDescription("Count", (), (), state_bytes=4)]
    layout = layout_descriptors(image, ops[:1])
    model = FunctionalModel(small(), HostCore(image, ops[:1], layout, host))
    program = isa.encode_program(
        [
            core_command(image.functions["Fails"].eval, layout.arguments[0], 0),
            Command(Opcode.END, {}),
        ]
    )
    with pytest.raises(ProgramError) as error:
        model.run(program)
    assert (error.value.cause, error.value.info) == (Cause.OP_STATUS, 1234)


def test_state_in_the_functional_model_is_kept_between_programs(path: Path) -> None:
    image, host = build_firmware(small(), [path], []), HostOps([path], [])
    y = TensorDescription((1,), TensorType.INT32, SCRATCHPAD_BASE + 8)
    ops = [with_sizes(OpDescription("Count", (), (y,)), host)]
    layout = layout_descriptors(image, ops)
    model = FunctionalModel(small(), HostCore(image, ops, layout, host))
    count = (image.functions["Count"].eval, layout.arguments[0])
    prepare = (image.prepare, layout.prepares[0])
    found = []
    for function, argument in (prepare, count, prepare, count):
        command = core_command(function, argument, 0)
        model.run(isa.encode_program([command, Command(Opcode.END, {})]))
        found.append(int(model.memories.scratchpad[8:12].view(np.int32)[0]))
    assert found == [0, 101, 101, 102]
