"""Software of the core that does not fit its memories at once is booted in parts."""

from __future__ import annotations

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from arch.config import Config, load_config
from arch.isa import Engine
from arch.params import Params
from compiler.compile import compile_graph
from compiler.core_image import CoreFullError
from compiler.tflite_reader import read_model
from firmware.builder import FirmwareBuilder
from sim.reference import random_inputs
from sim.run import prepare_bytes, run_functional
from tests.model_builder import Kind, ModelBuilder


def config(imem_kib: int) -> Config:
    small = load_config("small")
    return small.model_copy(update={"core": small.core.model_copy(update={"imem_kib": imem_kib})})


def model() -> bytes:
    """Operators on the core, each with software of its own, and one on the array between them."""
    b = ModelBuilder(5)
    x = b.input((1, 6, 7, 8), scale=0.05, zero_point=0)
    y = b.activation((1, 6, 7, 8), 1 / 256, -128)
    b.operator(Kind.SOFTMAX, [x], [y], schema.SoftmaxOptionsT(beta=1.0))
    z = b.activation((1, 6, 7, 8), 1 / 128, 0)
    b.operator(Kind.L2_NORMALIZATION, [y], [z], schema.L2NormOptionsT())
    w = b.depthwise_conv2d(z, scale=0.05, zero_point=3, filter_scale=0.002)
    v = b.activation((1, 6, 7, 8), 0.02, 0)
    b.operator(Kind.MUL, [w, z], [v], schema.MulOptionsT())
    u = b.activation((1, 6, 7, 8), 1 / 16, 127)
    b.operator(Kind.LOG_SOFTMAX, [v], [u])
    return b.build(u)


def test_parts_give_the_reference_s_outputs_in_every_inference() -> None:
    whole = prepare_bytes(model(), "parts", config(16))
    assert len(whole.images) == 1
    room = len(whole.images[0].imem) // 1024  # a little less than it takes
    prepared = prepare_bytes(model(), "parts", config(room))
    assert len(prepared.images) > 1
    inputs = [random_inputs(prepared.graph, seed) for seed in range(3)]
    assert run_functional(prepared, inputs).bit_exact
    calls = len(prepared.program.command_layers[Engine.CORE])
    assert calls == 4 + len(prepared.images)
    assert prepared.image_at(0) is prepared.images[0]
    assert prepared.image_at(calls - 1) is prepared.images[-1]


def test_an_operator_that_never_fits_is_refused() -> None:
    small = config(1)
    with pytest.raises(CoreFullError, match="raise core.imem_kib"):
        compile_graph(read_model(model()), small, FirmwareBuilder(Params(small)))


def test_cycles_of_operators_on_external_tensors_are_counted() -> None:
    """A product whose operands lie outside takes tens of cycles more for each access."""
    cycles = []
    for kib in (128, 8):
        b = ModelBuilder(5)
        x = b.input((1, 20, 20, 12), scale=0.05, zero_point=0)
        y = b.input((1, 20, 20, 12), scale=0.05, zero_point=0)
        z = b.activation((1, 20, 20, 12), 0.2, 0)
        b.operator(Kind.MUL, [x, y], [z], schema.MulOptionsT())
        small = load_config("small").model_copy(update={"scratchpad_kib": kib})
        program = compile_graph(read_model(b.build(z)), small, FirmwareBuilder(Params(small)))
        cycles.append(program.predicted_cycles)
    accesses = 3 * 20 * 20 * 12
    per_access = np.subtract(*reversed(cycles)) / accesses
    assert 10 < per_access < 60
