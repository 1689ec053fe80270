"""The library's TFLite_Detection_PostProcess against TensorFlow Lite Micro's kernel."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from flatbuffers import flexbuffers
from numpy.typing import NDArray
from tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from arch.config import load_config, parse_config
from arch.op_interface import OpDescription, TensorDescription, TensorType
from arch.params import Params
from firmware.describe import DescriptionError
from firmware.host import HostOps, RefusedUseError
from firmware.image import build_firmware
from sim.run import Prepared, prepare_bytes, run_functional
from tests.firmware.helpers import BASE_SEED, on_core
from tests.firmware.machine import Machine
from tests.model_builder import DType, Kind, ModelBuilder

NAME = "TFLite_Detection_PostProcess"


@cache
def host() -> HostOps:
    return HostOps([], [NAME])


def options(n_classes: int, is_regular: bool = False, **other: float) -> bytes:
    values: dict[str, float] = {
        "max_detections": 10,
        "max_classes_per_detection": 1,
        "num_classes": n_classes,
        "nms_score_threshold": 0.3,
        "nms_iou_threshold": 0.6,
        "y_scale": 10.0,
        "x_scale": 10.0,
        "h_scale": 5.0,
        "w_scale": 5.0,
        **other,
    }
    builder = flexbuffers.Builder()
    with builder.Map():
        for key, value in values.items():
            builder.Key(key)
            if isinstance(value, float):
                builder.Float(value)
            else:
                builder.Int(value)
        builder.Key("use_regular_nms")
        builder.Bool(is_regular)
    return bytes(builder.Finish())


class Case:
    """Random boxes around anchors that overlap, and scores of which few are high."""

    def __init__(
        self, seed: int, n: int, n_classes: int, unsigned: bool = False, likely: float = 0.1
    ):
        rng = np.random.default_rng((BASE_SEED, seed))
        dtype = np.uint8 if unsigned else np.int8
        low = np.iinfo(dtype).min
        self.encodings = rng.integers(low, low + 256, (1, n, 4)).astype(dtype)
        quiet = rng.integers(0, 30, (1, n, n_classes + 1))
        loud = rng.integers(0, 256, quiet.shape)
        is_loud = rng.random(quiet.shape) < likely / n_classes
        self.scores = (np.where(is_loud, loud, quiet) + low).astype(dtype)
        centres = rng.random((n, 2)) * 0.8 + 0.1
        sizes = rng.random((n, 2)) * 0.4 + 0.1
        self.anchors = np.concatenate([centres, sizes], 1).astype(np.float32)
        self.encoding_scale, self.encoding_zero = 0.0623, int(low + rng.integers(100, 150))
        self.score_scale, self.score_zero = 1 / 256, low
        self.n, self.n_classes = n, n_classes
        self.options = options(n_classes)
        self.n_results = 10

    def model(self, in_floats: bool = False) -> bytes:
        """The operator behind DEQUANTIZE, or its operands as floats."""
        b = ModelBuilder(1)
        dtype = DType.UINT8 if self.scores.dtype == np.uint8 else DType.INT8
        operands = []
        for array, scale, zero in (
            (self.encodings, self.encoding_scale, self.encoding_zero),
            (self.scores, self.score_scale, self.score_zero),
        ):
            y = b.tensor(array.shape, dtype=DType.FLOAT32)
            operands.append(y)
            if in_floats:
                b.subgraph.inputs.append(y)
                continue
            x = b.tensor(array.shape, dtype=dtype, scale=scale, zero_point=zero)
            b.subgraph.inputs.append(x)
            b.operator(Kind.DEQUANTIZE, [x], [y], schema.DequantizeOptionsT())
        operands.append(b.constant(self.anchors))
        outputs = [b.tensor(shape, dtype=DType.FLOAT32) for shape in self.shapes]
        b.operator(Kind.CUSTOM, operands, outputs, custom_name=NAME, custom_options=self.options)
        return b.build(*outputs)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [(1, self.n_results, 4), (1, self.n_results), (1, self.n_results), (1,)]

    def reference(self, n_classes: int = 1) -> list[NDArray[np.float32]]:
        """Of detections with so many classes each."""
        interpreter = runtime.Interpreter.from_bytes(self.model(), arena_size=1 << 25)
        interpreter.set_input(self.encodings, 0)
        interpreter.set_input(self.scores, 1)
        interpreter.invoke()
        boxes, classes, scores, count = (interpreter.get_output(i) for i in range(4))
        k, n = n_classes, int(count[0])
        written = np.zeros(self.n_results, bool)
        written[[k * i + i % k for i in range(n)]] = True
        for array in (boxes[0], classes[0], scores[0]):
            array[~written] = 0  # the kernel leaves them as they were
        return [boxes, classes, scores, count]

    def floats(self) -> list[NDArray[np.float32]]:
        """Encodings and scores as DEQUANTIZE gives them."""
        return [
            (array.astype(np.float32) - np.float32(zero)) * np.float32(scale)
            for array, scale, zero in (
                (self.encodings, self.encoding_scale, self.encoding_zero),
                (self.scores, self.score_scale, self.score_zero),
            )
        ]

    def description(self) -> OpDescription:
        def quantised(array: NDArray[Any], scale: float, zero: int) -> TensorDescription:
            kind = TensorType[array.dtype.name.upper()]
            return TensorDescription(array.shape, kind, array, scale, zero)

        def floats(shape: tuple[int, ...]) -> TensorDescription:
            return TensorDescription(shape, TensorType.FLOAT32, np.full(shape, 7, np.float32))

        return OpDescription(
            NAME,
            (
                quantised(self.encodings, self.encoding_scale, self.encoding_zero),
                quantised(self.scores, self.score_scale, self.score_zero),
                TensorDescription(self.anchors.shape, TensorType.FLOAT32, self.anchors),
            ),
            tuple(floats(shape) for shape in self.shapes),
            params=self.options,
        )


def assert_equal(use: OpDescription, expected: list[NDArray[np.float32]], label: str) -> None:
    for i, (output, wanted) in enumerate(zip(use.outputs, expected, strict=True)):
        assert isinstance(output.data, np.ndarray)
        np.testing.assert_array_equal(output.data, wanted, f"{label}, output {i}")


def checked_on_host(case: Case, seed: int) -> int:
    """How many detections there are, when all of them are the kernel's."""
    use = case.description()
    assert host().call(NAME, use) == 0
    expected = case.reference()
    assert_equal(use, expected, f"WEFT_SEED={BASE_SEED}, case {seed}")
    return int(expected[3][0])


@pytest.mark.parametrize("unsigned", [False, True])
def test_results_are_those_of_the_kernel(unsigned: bool) -> None:
    found = 0
    for seed in range(20):
        case = Case(seed, 100 + 7 * seed, 1 + 3 * (seed % 5), unsigned, likely=(seed % 4) / 3)
        found += checked_on_host(case, seed)
    assert found > 100


def regular(seed: int) -> Case:
    """Class by class, also with a threshold that everything reaches."""
    case = Case(seed, 60 + 7 * seed, 1 + 2 * (seed % 5), seed % 4 > 1, likely=(seed % 4) / 3)
    limits = {"detections_per_class": (1, 3, 100)[seed % 3]} if seed else {}
    threshold = (0.1, 0.3, 1e-8)[seed % 3]
    case.options = options(case.n_classes, True, nms_score_threshold=threshold, **limits)
    return case


def test_suppression_class_by_class_is_that_of_the_kernel() -> None:
    found = 0
    for seed in range(12):
        case = regular(seed)
        found += checked_on_host(case, seed)
    assert found > 50


def test_suppression_class_by_class_on_the_core() -> None:
    case = regular(8)
    use = case.description()
    use = replace(use, scratch_bytes=host().scratch_bytes(NAME, use))
    machine = Machine(detector_params(), build_firmware(detector_params(), [], [NAME]))
    status, outputs = on_core(machine, use, np.random.default_rng(1), alignment=4)
    assert status == 0
    for data, wanted in zip(outputs, case.reference(), strict=True):
        np.testing.assert_array_equal(np.frombuffer(data, np.float32), wanted.reshape(-1))


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_several_classes_of_a_detection_are_where_the_kernel_puts_them(n_classes: int) -> None:
    """Five are all classes; the outputs have room for what it writes beyond their usual ones."""
    case = Case(n_classes, 90, 5, n_classes == 3, likely=0.4)
    case.options = options(5, max_classes_per_detection=n_classes + n_classes // 5)
    case.n_results = 10 * n_classes**2
    use = case.description()
    assert host().call(NAME, use) == 0
    expected = case.reference(n_classes)
    assert expected[3][0] == 10 * n_classes
    assert_equal(use, expected, f"WEFT_SEED={BASE_SEED}")
    # Where there is no room nothing is written.
    case.n_results = 10 * n_classes
    few = case.description()
    assert host().call(NAME, few) == 0
    for less, more in zip(few.outputs[:3], use.outputs[:3], strict=True):
        np.testing.assert_array_equal(less.data[0], more.data[0, : case.n_results])


def detector_params() -> Params:
    text = {"name": "detector", "rows": 8, "cols": 8, "lanes": 4, "scratchpad_kib": 256}
    return Params(parse_config({**text, "core": {"imem_kib": 32, "dmem_kib": 32}}))


def test_ssd_with_91_classes_takes_under_three_million_instructions() -> None:
    """1,917 anchors, as SSD MobileNet has them."""
    case = Case(1, 1917, 91, likely=0.2)
    use = case.description()
    image = build_firmware(detector_params(), [], [NAME])
    use = replace(use, scratch_bytes=host().scratch_bytes(NAME, use))
    machine = Machine(detector_params(), image)
    status, outputs = on_core(machine, use, np.random.default_rng(1), alignment=4)
    print(f"{NAME}, 1,917 anchors, 91 classes: {machine.instructions:,} instructions,"
          f" {len(image.imem):,} bytes of code")  # fmt: skip
    assert status == 0
    for data, wanted in zip(outputs, case.reference(), strict=True):
        np.testing.assert_array_equal(np.frombuffer(data, np.float32), wanted.reshape(-1))
    assert machine.instructions < 3_000_000


def prepared(case: Case, in_floats: bool) -> Prepared:
    text = {**load_config("small").model_dump(), "scratchpad_kib": 256}
    text["core"] = {"imem_kib": 32, "dmem_kib": 32}
    return prepare_bytes(case.model(in_floats), "ssd", parse_config(text))


def test_a_detector_runs_as_it_is_and_its_scores_stay_codes() -> None:
    for seed in range(2):
        case = Case(seed, 120, 4, seed == 1, likely=0.3)
        ready = prepared(case, in_floats=False)
        assert [layer.op for layer in ready.program.layers] == [NAME]
        outcome = run_functional(ready, [[case.encodings, case.scores]]).outcomes[0]
        assert outcome.mismatch is None
        for output, expected in zip(outcome.outputs, case.reference(), strict=True):
            np.testing.assert_array_equal(output, expected, f"WEFT_SEED={BASE_SEED}, case {seed}")
        assert outcome.outputs[3][0] > 0


def test_float_scores_give_the_same() -> None:
    case = Case(3, 150, 6, likely=0.3)
    outcome = run_functional(prepared(case, in_floats=True), [case.floats()]).outcomes[0]
    assert outcome.mismatch is None
    for output, expected in zip(outcome.outputs, case.reference(), strict=True):
        np.testing.assert_array_equal(output, expected)


@pytest.mark.parametrize("likely", [0.02, 0.6])
def test_float_scores_on_the_core(likely: float) -> None:
    """Negative scores and ties among them."""
    case = Case(4, 70, 5, likely=likely)
    case.options = options(5, nms_score_threshold=-0.45)
    encodings, scores = case.floats()
    use = case.description()
    floats = [TensorDescription(x.shape, TensorType.FLOAT32, x) for x in (encodings, scores - 0.5)]
    use = replace(use, inputs=(*floats, use.inputs[2]))
    interpreter = runtime.Interpreter.from_bytes(case.model(in_floats=True), arena_size=1 << 25)
    for i, x in enumerate(floats):
        interpreter.set_input(x.data, i)
    interpreter.invoke()
    use = replace(use, scratch_bytes=host().scratch_bytes(NAME, use))
    machine = Machine(detector_params(), build_firmware(detector_params(), [], [NAME]))
    status, outputs = on_core(machine, use, np.random.default_rng(1), alignment=4)
    assert status == 0
    n = int(np.frombuffer(outputs[3], np.float32)[0])
    assert n > 3
    for i, data in enumerate(outputs[:3]):
        wanted = interpreter.get_output(i)[0, :n]
        got = np.frombuffer(data, np.float32).reshape(interpreter.get_output(i)[0].shape)[:n]
        np.testing.assert_array_equal(got, wanted)


def test_what_is_not_there_is_refused_while_the_model_is_compiled() -> None:
    case = Case(2, 20, 3)
    for changed, reason in (
        (options(3, max_classes_per_detection=0), "an option is missing or out of range"),
        (options(3, True, detections_per_class=0), "an option is missing or out of range"),
        (options(5), "num_classes is not that of the scores"),
        (options(3, nms_iou_threshold=0.0), "an option is missing or out of range"),
        (b"", "an option is missing or out of range"),
    ):
        use = replace(case.description(), params=changed)
        with pytest.raises(RefusedUseError, match=reason):
            host().scratch_bytes(NAME, use)
    use = case.description()
    with pytest.raises(RefusedUseError, match="a tensor's shape is not supported"):
        host().scratch_bytes(NAME, replace(use, inputs=use.inputs[:2]))
    case.options = options(3, max_detections=0)
    with pytest.raises(DescriptionError, match=r"operator 2 CUSTOM .*an option is missing"):
        prepared(case, in_floats=False)
