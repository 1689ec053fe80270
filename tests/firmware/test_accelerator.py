"""Copies that an operator on the core starts, and what is refused, in the functional model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from arch.config import load_config
from arch.isa import Cause, Engine
from arch.op_interface import OpStatus
from arch.params import Params
from compiler.compile import compile_graph
from compiler.tflite_reader import read_model
from firmware.builder import FirmwareBuilder
from sim.functional import run_job
from sim.inference import job_of, outputs_of
from sim.run import Prepared, prepare
from tests.model_builder import ModelBuilder

GOOD, REGION, SCRATCH, PARAMS, SPACE = range(5)

OPERATOR = """\
#include "weft_accelerator.h"

static int32_t eval(const weft_op_t *op) {
    const int8_t *x = (const int8_t *)op->inputs[0]->data;
    int8_t *y = (int8_t *)op->outputs[0]->data;
    const uint32_t n = op->inputs[0]->bytes;
    int8_t here[16];
    weft_queue_t queue;
    weft_queue(&queue, op);
    const weft_space_t space = weft_space(&queue, n);
    weft_ticket_t done = weft_copy(&queue, space.arena, x, n, WEFT_NOW);
    done = weft_copy(&queue, space.workspace, space.arena, n, done);
    switch (x[0]) {
        case 1: weft_copy(&queue, y, space.arena, 1 << 12, done); break;
        case 2: weft_space(&queue, 1); break;
        case 3: weft_copy(&queue, here, space.arena, sizeof here, done); break;
        case 4: weft_copy(&queue, y, x, 1 << 20, done); break;
    }
    weft_wait(&queue, weft_copy(&queue, y, space.workspace, n, done));
    return WEFT_STATUS_OK;
}

static uint32_t workspace(const weft_op_t *op) { return (op->inputs[0]->bytes + 7) / 8 * 8; }

WEFT_OP("Copies", eval, 0, 0, 0, workspace)
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("copies")
    b = ModelBuilder(1)
    (y,) = b.custom("Copies", [b.input((3, 13))], [(3, 13)])
    model, source = folder / "copies.tflite", folder / "copies.cc"
    model.write_bytes(b.build(y))
    source.write_text(OPERATOR)
    return prepare(model, load_config("small"), [source])


def test_bytes_come_back_from_external_memory(prepared: Prepared) -> None:
    x = np.random.default_rng(1).integers(-128, 128, (3, 13), np.int8)
    x[0, 0] = GOOD
    assert prepared.builder is not None
    result = run_job(prepared.params, job_of(prepared.program, [[x]]), prepared.builder.host_core)
    np.testing.assert_array_equal(outputs_of(prepared.program, result.runs[0])[0], x)


@pytest.mark.parametrize(
    ("kind", "cause", "engine", "info"),
    [
        (REGION, Cause.REGION, Engine.LOAD, 3),
        (SCRATCH, Cause.OP_STATUS, Engine.CORE, OpStatus.SCRATCH),
        (PARAMS, Cause.OP_STATUS, Engine.CORE, OpStatus.PARAMS),
        (SPACE, Cause.RANGE, Engine.ARRAY, 0),
    ],
)
def test_what_is_outside_is_refused(
    prepared: Prepared, kind: int, cause: Cause, engine: Engine, info: int
) -> None:
    x = np.full((3, 13), kind, np.int8)
    assert prepared.builder is not None
    job = job_of(prepared.program, [[x]])
    result = run_job(prepared.params, job, prepared.builder.host_core)
    error = result.runs[0].error
    assert error is not None
    assert (error.cause, error.engine, error.info) == (cause, engine, info)


POKES = """\
#include "weft_accelerator.h"

static int32_t eval(const weft_op_t *op) {
    volatile uint32_t *mailbox = (volatile uint32_t *)0x30000000u;
    *(volatile uint32_t *)op->outputs[0]->data = mailbox[16];
    mailbox[6] = 0xffffffffu;
    mailbox[7] = 0xffffffffu;
    mailbox[7] = 0;
    return WEFT_STATUS_OK;
}

static uint32_t workspace(const weft_op_t *op) { return 8; }

WEFT_OP("Pokes", eval, 0, 0, 0, workspace)
"""


def test_nonsense_in_the_mailbox_is_no_matter_for_the_compiler(tmp_path: Path) -> None:
    """It runs the operator for its estimate; what the accelerator makes of it is another matter."""
    b = ModelBuilder(1)
    (y,) = b.custom("Pokes", [b.input((1, 8))], [(1, 8)])
    source = tmp_path / "pokes.cc"
    source.write_text(POKES)
    params = Params(load_config("small"))
    graph = read_model(b.build(y), "pokes")
    program = compile_graph(graph, params.config, FirmwareBuilder(params, [source]))
    assert program.layers[0].predicted_cycles > 300
