"""The audio example's front end against TensorFlow Lite Micro's signal operators."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from flatbuffers import flexbuffers
from numpy.typing import NDArray
from tflite_micro import runtime

from arch.config import load_config, parse_config
from arch.memory_map import SCRATCHPAD_BASE
from arch.op_interface import OpDescription, TensorDescription, TensorType
from arch.params import Params
from compiler.tflite_reader import read_model
from examples.audio import tables
from examples.audio.frontend import NAME, SOURCE, host, last_features
from examples.audio.speech import QUIET_STEPS, WORDS, example
from examples.audio.train import FILE
from firmware.descriptors import layout_descriptors
from firmware.host import RefusedUseError
from firmware.image import build_firmware
from sim.reference import Reference
from sim.run import prepare_bytes, run_functional
from tests.firmware.helpers import BASE_SEED
from tests.firmware.machine import Machine
from tests.model_builder import DType, Kind, ModelBuilder

FEATURES = (1, tables.ROWS, tables.CHANNELS, 1)


def options(**values: int) -> bytes:
    builder = flexbuffers.Builder()
    with builder.Map():
        for key, value in values.items():
            builder.Key(key)
            builder.Bool(value) if isinstance(value, bool) else builder.Int(value)
    return bytes(builder.Finish())


class SignalOperators:
    """A row of features from a frame, by TensorFlow Lite Micro's own operators."""

    def __init__(self) -> None:
        b = ModelBuilder(1)

        def run(name: str, inputs: list[int], outputs: list[tuple[Any, int]], **given: int) -> Any:
            results = [b.tensor(shape, dtype=dtype) for shape, dtype in outputs]
            text = options(**given) if given else b""
            b.operator(Kind.CUSTOM, inputs, results, custom_name=name, custom_options=text)
            return results

        n, bank = (tables.CHANNELS,), tables.filter_bank()
        first = int(bank.first_bins[0])
        frame = b.tensor((tables.SIZE,), dtype=DType.INT16)
        b.subgraph.inputs.append(frame)
        (x,) = run(
            "SignalWindow",
            [frame, b.constant(tables.window())],
            [((tables.SIZE,), DType.INT16)],
            shift=tables.WINDOW_BITS,
        )
        x, bits = run("SignalFftAutoScale", [x], [((tables.SIZE,), DType.INT16), ((), DType.INT32)])
        n_spectrum = tables.FFT_LENGTH + 2
        spectrum = [((n_spectrum,), DType.INT16)]
        (x,) = run("SignalRfft", [x], spectrum, T=DType.INT16, fft_length=tables.FFT_LENGTH)
        (x,) = run(
            "SignalEnergy",
            [x],
            [((n_spectrum // 2,), DType.UINT32)],
            end_index=int(bank.first_bins[-1] + bank.n_bins[-1]),
            start_index=first,
        )
        constants = [b.constant(data) for data in bank]
        wide = [(n, DType.UINT64)]
        (x,) = run("SignalFilterBank", [x, *constants], wide, num_channels=tables.CHANNELS)
        (x,) = run("SignalFilterBankSquareRoot", [x, bits], [(n, DType.UINT32)])
        one = 1 << tables.NOISE_BITS
        even, odd = tables.SMOOTHING
        x, noise = run(
            "SignalFilterBankSpectralSubtraction",
            [x],
            [(n, DType.UINT32)] * 2,
            alternate_one_minus_smoothing=one - odd,
            alternate_smoothing=odd,
            clamping=False,
            min_signal_remaining=tables.LEAST_SIGNAL,
            num_channels=tables.CHANNELS,
            one_minus_smoothing=one - even,
            smoothing=even,
            smoothing_bits=tables.NOISE_EXTRA_BITS,
            spectral_subtraction_bits=tables.NOISE_BITS,
        )
        gains = b.constant(tables.gains())
        (x,) = run("SignalPCAN", [x, noise, gains], [(n, DType.UINT32)], snr_shift=tables.SNR_SHIFT)
        (x,) = run(
            "SignalFilterBankLog",
            [x],
            [(n, DType.INT16)],
            input_correction_bits=tables.CORRECTION_BITS,
            output_scale=tables.LOG_SCALE,
        )
        self._interpreter = runtime.Interpreter.from_bytes(b.build(x), arena_size=1 << 18)

    def row(self, frame: NDArray[np.int16]) -> NDArray[np.int8]:
        self._interpreter.set_input(frame, 0)
        self._interpreter.invoke()
        half = 1 << (tables.DROPPED_BITS - 1)
        codes = (self._interpreter.get_output(0).astype(np.int32) + half) >> tables.DROPPED_BITS
        row: NDArray[np.int8] = (np.minimum(codes, 255) - 128).astype(np.int8)
        return row


def streams() -> dict[str, NDArray[np.int16]]:
    """Half a second each: levels from nothing to clipping."""
    rng = np.random.default_rng(BASE_SEED)
    n = 25 * tables.STEP
    t = np.arange(n) / tables.SAMPLE_RATE
    chirp = np.sin(2 * np.pi * (200 + 5000 * t) * t)
    clicks = np.where(rng.random(n) < 0.002, rng.choice([-32768, 32767], n), 0)
    mixed = rng.normal(0, 1, n) * np.exp(rng.uniform(0, 10, 25)).repeat(tables.STEP)
    found = {
        "silence": np.zeros(n),
        "faint": rng.integers(-1, 2, n),
        "noise": rng.normal(0, 900, n),
        "chirp": 12000 * chirp,
        "clipped": np.sign(chirp) * 32768,
        "lowest": np.full(n, -32768),
        "clicks": clicks,
        "levels": mixed,
    }
    return {name: np.clip(x, -32768, 32767).astype(np.int16) for name, x in found.items()}


def description(samples: NDArray[np.int16]) -> OpDescription:
    def tensor(array: NDArray[Any]) -> TensorDescription:
        return TensorDescription(array.shape, TensorType[array.dtype.name.upper()], array)

    inputs = tuple(tensor(x) for x in (samples, *tables.operands()))
    return OpDescription(NAME, inputs, (tensor(np.zeros(FEATURES, np.int8)),))


def expected_features(samples: NDArray[np.int16]) -> list[NDArray[np.int8]]:
    """After each step, oldest row first."""
    operators = SignalOperators()
    padded = np.concatenate([np.zeros(tables.SIZE - tables.STEP, np.int16), samples])
    features = np.full((tables.ROWS, tables.CHANNELS), -128, np.int8)
    found = []
    for start in range(0, len(samples), tables.STEP):
        row = operators.row(padded[start : start + tables.SIZE])
        features = np.concatenate([features[1:], row[None]])
        found.append(features)
    return found


@pytest.mark.parametrize("name", streams())
def test_features_are_those_of_the_signal_operators(name: str) -> None:
    samples = streams()[name]
    use = description(samples[None, : tables.STEP])
    state = np.zeros(host().state_bytes(NAME, use), np.uint8)
    use = replace(use, state=state)
    assert host().init(NAME, use) == 0
    for number, features in enumerate(expected_features(samples)):
        step = np.ascontiguousarray(samples[None, number * tables.STEP :][:, : tables.STEP])
        use = replace(use, inputs=(replace(use.inputs[0], data=step), *use.inputs[1:]))
        assert host().call(NAME, use) == 0
        output = use.outputs[0].data
        assert isinstance(output, np.ndarray)
        np.testing.assert_array_equal(
            output.reshape(features.shape), features, f"WEFT_SEED={BASE_SEED}, frame {number}"
        )


def roomy() -> Params:
    core = {"imem_kib": 16, "dmem_kib": 32}
    return Params(parse_config({"name": "audio", "rows": 8, "cols": 8, "lanes": 4, "core": core}))


def test_a_frame_takes_under_110_000_instructions_on_the_core() -> None:
    """The most of some loud and some quiet frames, on RV32, with the same results."""
    machine = Machine(roomy(), build_firmware(roomy(), [SOURCE], []))
    samples = np.concatenate([streams()[name][: 3 * tables.STEP] for name in ("levels", "chirp")])
    first = description(samples[None, : tables.STEP])
    use = replace(
        first,
        inputs=(replace(first.inputs[0], data=SCRATCHPAD_BASE), *first.inputs[1:]),
        outputs=(replace(first.outputs[0], data=SCRATCHPAD_BASE + 1024),),
        state_bytes=host().state_bytes(NAME, first),
        scratch_bytes=host().scratch_bytes(NAME, first),
    )
    layout = layout_descriptors(machine.image, [use])
    machine.load(layout)
    machine.write(layout.state.start, bytes(layout.state.n_bytes))
    functions = machine.image.functions[NAME]
    assert functions.init is not None
    assert machine.call(functions.init, layout.arguments[0]) == 0
    most = 0
    for number, features in enumerate(expected_features(samples)):
        step = samples[number * tables.STEP : (number + 1) * tables.STEP]
        machine.write(SCRATCHPAD_BASE, step.tobytes())
        assert machine.call(functions.eval, layout.arguments[0]) == 0
        assert machine.read(SCRATCHPAD_BASE + 1024, features.size) == features.tobytes()
        most = max(most, machine.instructions)
    print(f"{NAME}: at most {most:,} instructions for a frame of 20 ms")
    assert most < 110_000


def test_what_it_cannot_do_is_refused_while_the_model_is_compiled() -> None:
    use = description(np.zeros((1, tables.STEP), np.int16))
    with pytest.raises(RefusedUseError, match="a tensor's shape is not supported"):
        host().state_bytes(NAME, replace(use, inputs=use.inputs[:-1]))
    wrong = replace(use.inputs[0], type=TensorType.UINT16)
    with pytest.raises(RefusedUseError, match="a tensor's type is not supported"):
        host().state_bytes(NAME, replace(use, inputs=(wrong, *use.inputs[1:])))


@cache
def model() -> bytes:
    return (SOURCE.parent / FILE).read_bytes()


def test_the_keyword_network_takes_the_front_ends_constants() -> None:
    """The file is older than the tables if not."""
    graph = read_model(model(), FILE)
    assert [op.custom_name or op.kind.name for op in graph.operators][0] == NAME
    for tensor, table in zip(graph.operators[0].inputs[1:], tables.operands(), strict=True):
        assert tensor is not None
        np.testing.assert_array_equal(tensor.data, table)


def test_words_are_told_apart() -> None:
    rng = np.random.default_rng(BASE_SEED)
    features = [last_features(example(label, rng))[None, ..., None] for label in range(len(WORDS))]
    given = iter(features)
    reference = Reference(model(), {NAME: lambda op, operands: [next(given)]}, FILE)
    samples = np.zeros((1, tables.STEP), np.int16)
    answers = [reference.run([samples])[0].argmax() for _ in features]
    assert answers == list(range(len(WORDS)))


def test_a_word_is_found_in_a_stream() -> None:
    """On the functional model: front end, its state, network."""
    config = parse_config({**load_config("small").model_dump(), "name": "audio"})
    ready = prepare_bytes(model(), FILE, config, [SOURCE])
    samples = example(2, np.random.default_rng(BASE_SEED))
    outcomes = run_functional(ready, [[x[None]] for x in samples.reshape(-1, tables.STEP)]).outcomes
    assert all(outcome.mismatch is None for outcome in outcomes)
    assert outcomes[QUIET_STEPS].outputs[0][0].argmax() == 0
    assert outcomes[-1].outputs[0][0].argmax() == 2
