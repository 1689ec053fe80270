"""The user's operators in the Verilog: state, log, errors and what comes after them, dispatch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from arch.config import load_config
from arch.isa import Cause
from arch.op_interface import OpStatus
from firmware.trap import read_log
from sim.dispatch import dispatches
from sim.failure import InferenceError, inference_error
from sim.hardware import verilog_path
from sim.inference import job_of, outputs_of
from sim.job import RunResult
from sim.run import Arrays, Prepared, prepare
from sim.simulate import simulate
from tests.model_builder import ModelBuilder

WATCHDOG_CYCLES = 100_000
OK, STATUS, STORE, STACK, LOOP, REGION, ABORT, ILLEGAL, JUMP = range(9)

OPERATOR = """\
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <algorithm>
#include <vector>
#include "weft_op.h"

static int deep(volatile char *p, int n) {
    volatile char here[200];
    here[0] = n; here[199] = p ? p[0] : 0;
    return n ? deep(here, n - 1) + here[199] : here[0];  // line 11
}
__attribute__((noinline)) static void poke(uint32_t address) {
    *(volatile int32_t *)(uintptr_t)address = 7;  // line 14
}
static int32_t init(const weft_op_t *op) {
    int32_t *state = (int32_t *)op->state;
    printf("init %d\\n", state[0]);
    state[0] = 100;
    return 0;
}
static int32_t eval(const weft_op_t *op) {
    const int8_t *x = (const int8_t *)op->inputs[0]->data;
    int8_t *y = (int8_t *)op->outputs[0]->data;
    int32_t *state = (int32_t *)op->state;
    switch ((int)x[0]) {
        case 1: return 300;
        case 2: poke(0x40000000); break;  // line 28
        case 3: deep(nullptr, 1000); break;
        case 4: for (volatile int i = 0;; i = i + 1) {}  // line 30
        case 5: poke(0x90000000); break;  // region 1, the inputs, is not writable
        case 6: abort();
        case 7: __builtin_trap();  // line 33
        case 8: ((void (*)())0x12345678)(); break;
        default: break;
    }
    std::vector<float> v(weft_elements(op->inputs[0]));  // in scratch
    for (size_t i = 0; i < v.size(); i++) v[i] = tanhf(x[i] * 0.1f);
    const float most = *std::max_element(v.begin(), v.end());
    state[0]++;
    printf("eval %d %.4f\\n", state[0], (double)most);
    for (size_t i = 0; i < v.size(); i++) y[i] = (int8_t)(lrintf(v[i] * 100) + state[0] - 100);
    return 0;
}
static uint32_t state_bytes(const weft_op_t *) { return 8; }
static uint32_t scratch_bytes(const weft_op_t *op) {
    return sizeof(float) * weft_elements(op->inputs[0]) + 64;
}
WEFT_OP("Test", eval, init, state_bytes, scratch_bytes)
"""


@dataclass(frozen=True)
class Runs:
    """A model with the operator before a convolution, run on the Verilog for each input."""

    prepared: Prepared
    inputs: list[Arrays]
    results: list[RunResult]

    def error(self, number: int) -> InferenceError:
        prepared = self.prepared
        return inference_error(
            prepared.program, prepared.images[0], self.results[number], WATCHDOG_CYCLES
        )

    def log(self, number: int) -> str:
        return read_log(self.results[number].events.log).text


def codes(first: int) -> np.ndarray:
    x = np.random.default_rng(first).integers(-128, 128, (1, 16), np.int8)
    x[0, 0] = first
    return x


@cache
def runs(folder: Path) -> Runs:
    """Two good inferences, then each failure and a good one after it."""
    b = ModelBuilder(1)
    (y,) = b.custom("Test", [b.input((1, 16))], [(1, 16)])
    z = b.conv2d(b.reshape(y, (1, 4, 4, 1)), 4)
    model, source = folder / "m.tflite", folder / "op.cc"
    model.write_bytes(b.build(z, y))
    source.write_text(OPERATOR)
    prepared = prepare(model, load_config("small"), [source])
    kinds = [20, 30]
    for kind in range(STATUS, JUMP + 1):
        kinds += [kind, 20 + kind]
    inputs = [[codes(kind)] for kind in kinds]
    job = job_of(prepared.program, inputs, watchdog_cycles=WATCHDOG_CYCLES)
    result = simulate(verilog_path(prepared.params), prepared.params, job)
    return Runs(prepared, [list(one) for one in inputs], result.runs)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return runs(tmp_path_factory.mktemp("operators"))


def test_state_is_prepared_once_and_kept(done: Runs) -> None:
    assert [done.log(i).split()[:4] for i in (0, 1)] == [
        ["init", "0", "eval", "101"],
        ["eval", "102", "1.0000"],
    ]
    for number in (0, 1):
        assert done.results[number].error is None
        outputs = outputs_of(done.prepared.program, done.results[number])
        for ours, due in zip(
            outputs, done.prepared.reference.run(done.inputs[number]), strict=True
        ):
            np.testing.assert_array_equal(ours, due)


def test_after_every_failure_the_next_doorbell_starts_anew(done: Runs) -> None:
    for number in range(3, len(done.results), 2):
        assert done.results[number].error is None, number
        # What was stopped in the middle leaves no state.
        assert done.log(number).split()[:4] == ["init", "0", "eval", "101"], number


@pytest.mark.parametrize(
    ("kind", "cause", "text", "functions"),
    [
        (STATUS, Cause.OP_STATUS, "returned status 300", []),
        (
            STORE,
            Cause.CORE_TRAP,
            "a store outside the memories and the regions, address 0x40000000, pc 0x",
            ["poke at op.cc:14", "eval at op.cc:28"],
        ),
        (STACK, Cause.CORE_TRAP, "the stack overflowed (sp 0x0F", ["deep at op.cc:"] * 6),
        (LOOP, Cause.WATCHDOG, "exceeded the watchdog's 100,000 cycles, pc", ["eval at op.cc:30"]),
        (REGION, Cause.CORE_TRAP, "regions, address 0x90000000, pc 0x", ["poke at op.cc:14"]),
        (ABORT, Cause.OP_STATUS, "returned status 7: abort() was called", []),
        (ILLEGAL, Cause.CORE_TRAP, "an instruction that the core does not have", ["eval"]),
        (JUMP, Cause.CORE_TRAP, "a jump outside the instruction memory, address 0x12345678",
         ["eval at op.cc:"]),
    ],
)  # fmt: skip
def test_failure_says_what_and_where(
    done: Runs, kind: int, cause: Cause, text: str, functions: list[str]
) -> None:
    number = 2 * kind
    error = done.error(number)
    assert error.report.cause is cause
    assert str(error).startswith("m.tflite: operator 0 (Test 't1'): ") and text in str(error)
    assert "\n" not in str(error)
    frames = [str(frame).replace(str(Path(error.backtrace[0].file).parent) + "/", "")
              for frame in error.backtrace]  # fmt: skip
    assert len(frames) >= len(functions)
    for frame, function in zip(frames, functions, strict=False):
        assert frame.startswith(function)
    assert all(frame.startswith(("eval at op.cc", "poke at", "deep at")) for frame in frames)
    if cause is Cause.OP_STATUS and kind == ABORT:
        assert error.report.info == OpStatus.ABORT


def test_dispatch_takes_under_forty_cycles_each_way(done: Runs) -> None:
    image = done.prepared.images[0]
    assert image is not None
    program, result = done.prepared.program, done.results[1]
    (call,) = dispatches(program, result, (image.prepare, image.keep))
    print(f"dispatch: {call.entry} cycles to the first instruction, {call.exit} from the return")
    assert 0 < call.entry < 40
    assert call.exit is not None and 0 < call.exit < 40
