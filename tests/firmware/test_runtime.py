"""Start-up, main loop, memory functions and heap of the core, run on RV32."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arch.memory_map import SCRATCHPAD_BASE
from arch.op_interface import ABSENT, OpDescription, OpStatus, TensorDescription, TensorType
from firmware.descriptors import layout_descriptors
from firmware.image import FirmwareImage, build_firmware
from tests.firmware.helpers import BASE_SEED, on_core, small
from tests.firmware.machine import Machine, MachineError


def build(folder: Path, text: str) -> FirmwareImage:
    source = folder / "op.cc"
    source.write_text(f'#include "weft_op.h"\n{text}')
    return build_firmware(small(), [source], [])


def tensor(array: np.ndarray) -> TensorDescription:
    return TensorDescription(array.shape, TensorType[array.dtype.name.upper()], array)


def run(machine: Machine, op: OpDescription, function: str = "eval") -> tuple[int, bytes]:
    status, outputs = on_core(machine, op, np.random.default_rng(BASE_SEED), function)
    return status, outputs[0] if outputs else b""


def test_dispatch_takes_under_ten_instructions_each_way(tmp_path: Path) -> None:
    """Counted from the read of PENDING that sees the command to the write of DONE."""
    image = build(tmp_path, 'static int32_t f(const weft_op_t *) { return 0; } WEFT_OP("F", f)')
    machine = Machine(small(), image)
    assert machine.call(image.functions["F"].eval, 0x1000_0100) == 0
    operator = 2  # li, ret
    print(f"main loop: {machine.instructions - operator} instructions to a command and back")
    assert machine.instructions - operator <= 12


def test_status_of_an_operator_reaches_done_and_the_next_command_runs(tmp_path: Path) -> None:
    image = build(
        tmp_path,
        """
        static int32_t f(const weft_op_t *op) { return op->n_inputs ? 4711 : 0; }
        WEFT_OP("F", f)
        """,
    )
    machine = Machine(small(), image)
    x = tensor(np.zeros(4, np.int8))
    layout = layout_descriptors(image, [OpDescription("F", (x,), ()), OpDescription("F", (), ())])
    machine.load(layout)
    function = image.functions["F"].eval
    assert [machine.call(function, a) for a in layout.arguments * 2] == [4711, 0, 4711, 0]


def test_variables_are_initialised_and_constructors_run_in_order(tmp_path: Path) -> None:
    image = build(
        tmp_path,
        """
        // volatile: or the compiler computes all of this itself.
        static volatile int32_t order[4];
        static volatile int32_t next = 1;
        struct Noted { Noted(int at) { order[at] = next; next = next + 1; } };
        static Noted first(2), second(0);
        static volatile int32_t cleared[100];
        static const volatile int32_t constants[3] = {7, 8, 9};
        static int32_t f(const weft_op_t *op) {
            int32_t *y = (int32_t *)op->outputs[0]->data;
            int32_t sum = 0;
            for (int32_t i = 0; i < 100; i++) sum |= cleared[i];
            y[0] = order[0]; y[1] = order[2]; y[2] = sum; y[3] = constants[1];
            return 0;
        }
        WEFT_OP("F", f)
        """,
    )
    assert image.bss.n_bytes >= 416
    status, out = run(
        Machine(small(), image), OpDescription("F", (), (tensor(np.zeros(4, np.int32)),))
    )
    assert (status, np.frombuffer(out, np.int32).tolist()) == (0, [2, 1, 0, 8])


def test_an_operator_sees_its_whole_description(tmp_path: Path) -> None:
    image = build(
        tmp_path,
        """
        #include <string.h>
        static int32_t f(const weft_op_t *op) {
            const weft_tensor_t *x = op->inputs[0], *absent = op->inputs[1], *c = op->inputs[2];
            int32_t *y = (int32_t *)op->outputs[0]->data;
            float expected = 0.25f;
            *y++ = op->n_inputs; *y++ = op->n_outputs; *y++ = op->n_intermediates;
            *y++ = x->rank; *y++ = x->dims[0]; *y++ = x->dims[1]; *y++ = x->bytes; *y++ = x->type;
            *y++ = x->flags; *y++ = x->zero_point; *y++ = memcmp(&x->scale, &expected, 4);
            *y++ = absent->flags; *y++ = absent->data == 0; *y++ = absent->bytes;
            *y++ = c->flags; *y++ = ((const int16_t *)c->data)[1];
            *y++ = c->channels; *y++ = c->channel_axis; *y++ = (int32_t)(c->channel_scales[1] * 8);
            *y++ = c->channel_zero_points[2];
            *y++ = op->params_bytes; *y++ = ((const char *)op->params)[2];
            *y++ = op->intermediates[0]->dims[0];
            *y++ = op->state_bytes; *y++ = op->scratch_bytes >= 64;
            return 0;
        }
        WEFT_OP("F", f)
        """,
    )
    constant = np.array([5, -300, 7], np.int16)
    op = OpDescription(
        "F",
        (
            TensorDescription((2, 3), TensorType.INT8, np.zeros((2, 3), np.int8), 0.25, -7),
            ABSENT,
            TensorDescription(
                (3,),
                TensorType.INT16,
                0,
                channel_scales=(1.0, 2.5, 3.0),
                channel_zero_points=(0, 0, -9),
                channel_axis=1,
            ),
        ),
        (tensor(np.zeros(25, np.int32)),),
        params=b"abcde",
        intermediates=(tensor(np.zeros(6, np.int8)),),
        state_bytes=40,
        scratch_bytes=64,
    )
    machine = Machine(small(), image)
    placed = replace(
        op,
        inputs=(
            replace(op.inputs[0], data=SCRATCHPAD_BASE),
            ABSENT,
            replace(op.inputs[2], data=constant),
        ),
        outputs=(replace(op.outputs[0], data=SCRATCHPAD_BASE + 64),),
    )
    layout = layout_descriptors(image, [placed])
    machine.load(layout)
    assert machine.call(image.functions["F"].eval, layout.arguments[0]) == 0
    found = np.frombuffer(machine.read(SCRATCHPAD_BASE + 64, 100), np.int32).tolist()
    assert found == [
        *(3, 1, 1),
        *(2, 2, 3, 6, 9, 0, -7, 0),
        *(4, 1, 0),
        *(1, -300, 3, 1, 20, -9),
        *(5, ord("c")),
        6,
        *(40, 1),
    ]  # fmt: skip


MEMORY_OP = """
#include <string.h>
// Operands: bytes; parameters: function, destination, source, count, value.
static int32_t f(const weft_op_t *op) {
    const int32_t *p = (const int32_t *)op->params;
    char *y = (char *)op->outputs[0]->data;
    const char *x = (const char *)op->inputs[0]->data;
    switch (p[0]) {
        case 0: return memcpy(y + p[1], x + p[2], p[3]) == y + p[1] ? 0 : 1;
        case 1: return memmove(y + p[1], y + p[2], p[3]) == y + p[1] ? 0 : 1;
        case 2: return memset(y + p[1], p[4], p[3]) == y + p[1] ? 0 : 1;
        default: break;
    }
    const int order = memcmp(y + p[1], x + p[2], p[3]);
    return order < 0 ? 300 : order;
}
WEFT_OP("F", f)
"""


def test_memory_functions_at_every_alignment(tmp_path: Path) -> None:
    image = build(tmp_path, MEMORY_OP)
    machine = Machine(small(), image)
    rng = np.random.default_rng(BASE_SEED)
    for case in range(300):
        function, to, start, value = (int(n) for n in rng.integers(0, (4, 24, 24, 256)))
        n = int(rng.choice([0, 1, 3, 4, 7, 8, 9, 15, 16, 31, 40, 97]))
        x, y = rng.integers(0, 256, (2, 128), np.uint8)
        if function == 3:
            y[to : to + n] = x[start : start + n]
            if n and case % 2:
                y[to + rng.integers(n)] ^= 1
        params = np.array([function, to, start, n, value], np.int32).tobytes()
        expected = y.copy()
        wanted_status = 0
        if function == 0:
            expected[to : to + n] = x[start : start + n]
        elif function == 1:
            expected[to : to + n] = y[start : start + n]
        elif function == 2:
            expected[to : to + n] = value
        else:
            a, b = bytes(y[to : to + n]), bytes(x[start : start + n])
            wanted_status = 300 if a < b else int(a > b)
        layout = layout_descriptors(
            image,
            [
                OpDescription(
                    "F",
                    (TensorDescription((128,), TensorType.UINT8, SCRATCHPAD_BASE),),
                    (TensorDescription((128,), TensorType.UINT8, SCRATCHPAD_BASE + 128),),
                    params,
                )
            ],
        )
        machine.load(layout)
        machine.write(SCRATCHPAD_BASE, x.tobytes() + y.tobytes())
        status = machine.call(image.functions["F"].eval, layout.arguments[0])
        where = f"WEFT_SEED={BASE_SEED}: {function} to {to} from {start}, {n} bytes"
        assert min(status, 1 if wanted_status == 1 else status) == wanted_status, where
        assert machine.read(SCRATCHPAD_BASE, 128) == x.tobytes(), where
        assert machine.read(SCRATCHPAD_BASE + 128, 128) == expected.tobytes(), where


HEAP_OP = """
#include <new>
#include <stdlib.h>
#include <vector>
// Through a volatile, or the compiler leaves out allocations and takes them to succeed.
static void *volatile kept;
static void *take(size_t n) { return kept = malloc(n); }
static int32_t f(const weft_op_t *op) {
    const int32_t *p = (const int32_t *)op->params;
    const uintptr_t low = (uintptr_t)op->scratch, high = low + op->scratch_bytes;
    if (p[0] == 0) {
        std::vector<int32_t> v(p[1], 3);
        if ((uintptr_t)v.data() < low || (uintptr_t)(v.data() + v.size()) > high) return 1000;
        if ((uintptr_t)v.data() % 8) return 1001;
        int32_t sum = 0;
        for (int32_t x : v) sum += x;
        return sum == 3 * p[1] ? 0 : 1002;
    }
    if (p[0] == 1) {  // what was taken last is given back
        for (int32_t i = 0; i < 1000; i++) {
            void *a = take(100), *b = take(200);
            if (!a || !b || a == b) return 1003;
            free(b);
            free(a);
        }
        return 0;
    }
    if (p[0] == 2) return take(op->scratch_bytes) || take((size_t)-4) ? 1004 : 0;
    char *a = (char *)calloc(5, 8);
    for (int32_t i = 0; i < 40; i++) if (a[i]) return 1005;
    a[39] = 7;
    a = (char *)realloc(a, 80);
    kept = calloc((size_t)-1 / 2 + 2, 2);
    return a && a[39] == 7 && !kept ? 0 : 1006;
}
WEFT_OP("F", f)
"""


@pytest.mark.parametrize(
    ("what", "n", "status"),
    [
        (0, 100, 0),
        (0, 5000, OpStatus.MEMORY),
        (1, 0, 0),
        (2, 0, 0),
        (3, 0, 0),
    ],
)
def test_heap_is_the_scratch_of_the_operator(
    what: int, n: int, status: int, tmp_path: Path
) -> None:
    image = build(tmp_path, HEAP_OP)
    machine = Machine(small(), image)
    params = np.array([what, n], np.int32).tobytes()
    for _ in range(2 if not status else 1):
        found, _ = run(machine, OpDescription("F", (), (), params, scratch_bytes=1000))
        assert found == status


def test_log_and_failure_from_the_middle_of_an_operator(tmp_path: Path) -> None:
    image = build(
        tmp_path,
        """
        static void deep(int32_t n) { if (n) deep(n - 1); else weft_fail(999); weft_log("no"); }
        static int32_t f(const weft_op_t *) { weft_log("hello\\n"); deep(3); return 0; }
        WEFT_OP("F", f)
        """,
    )
    machine = Machine(small(), image)
    status, _ = run(machine, OpDescription("F", (), ()))
    assert (status, machine.log) == (999, "hello\n")


def test_init_and_state_are_kept_between_calls(tmp_path: Path) -> None:
    image = build(
        tmp_path,
        """
        static int32_t init(const weft_op_t *op) { *(int32_t *)op->state = 40; return 0; }
        static int32_t f(const weft_op_t *op) { return ++*(int32_t *)op->state; }
        static uint32_t state_bytes(const weft_op_t *) { return 4; }
        WEFT_OP("F", f, init, state_bytes)
        """,
    )
    machine = Machine(small(), image)
    op = OpDescription("F", (), (), state_bytes=4)
    assert run(machine, op, "init")[0] == 0
    assert [run(machine, op)[0] for _ in range(3)] == [41, 42, 43]


def test_the_machine_notices_what_the_core_would_trap_on(tmp_path: Path) -> None:
    image = build(
        tmp_path,
        """
        static int32_t f(const weft_op_t *op) {
            const int32_t *p = (const int32_t *)op->params;
            return *(volatile int32_t *)p[0];
        }
        WEFT_OP("F", f)
        """,
    )
    for address, what in ((SCRATCHPAD_BASE + 2, "misaligned"), (0x4000_0000, "UNMAPPED")):
        machine = Machine(small(), image)
        params = np.array([address], np.int32).tobytes()
        with pytest.raises(MachineError, match=what):
            run(machine, OpDescription("F", (), (), params))


PRINTF_OP = r"""
#include <stdio.h>
static int32_t f(const weft_op_t *op) {
    const double *x = (const double *)op->inputs[0]->data;
    for (int32_t i = 0; i < weft_elements(op->inputs[0]); i++)
        printf("%f|%.0f|%e|%g|%.17g|%+015.3f|%-12.2e|%#g\n", x[i], x[i], x[i], x[i], x[i], x[i],
               x[i], x[i]);
    printf("%d %5i|%-5d|%05d|%+d|%u %x %#X %o %c%s|%5.2s|%%\n", -3, 42, 7, -42, 5, 4000000000u,
           255, 255, 8, 'a', "bc", "xyz");
    printf("%lld %llu %hhd\n", -123456789012345LL, 18446744073709551615ULL, 300);
    return 0;
}
WEFT_OP("F", f)
"""


def test_printf_writes_what_the_standard_says(tmp_path: Path) -> None:
    """As Python's % does, which rounds exactly; numbers below 10^22, the digits of 40 suffice."""
    rng = np.random.default_rng(BASE_SEED)
    values = [0.0, -0.0, 0.5, 1.5, 2.5, 123456.789, 5e-324, 2.2250738585072014e-308, 9.9999995]
    values += [99999.95, 0.0001, 0.00001, 1e21, -3.14159265, 1e300 * 1e-295]
    values += (rng.standard_normal(30) * 10.0 ** rng.integers(-30, 20, 30)).tolist()
    machine = Machine(small(), build(tmp_path, PRINTF_OP))
    x = tensor(np.array(values))
    status, _ = on_core(machine, OpDescription("F", (x,), ()), rng, alignment=8)
    assert status == 0
    *lines, last, wide, end = machine.log.split("\n")
    for value, line in zip(values, lines, strict=True):
        due = "%f|%.0f|%e|%g|%.17g|%+015.3f|%-12.2e|%#g" % ((value,) * 8)
        assert line == due, f"{value!r}, WEFT_SEED={BASE_SEED}"
    assert last == "-3    42|7    |-0042|+5|4000000000 ff 0XFF 10 abc|   xy|%"
    assert (wide, end) == ("-123456789012345 18446744073709551615 44", "")
