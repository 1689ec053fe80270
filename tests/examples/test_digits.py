"""The digits example: the committed network, how it was made, how it is shown."""

from __future__ import annotations

import io
import os
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from arch.config import load_config
from arch.params import Params
from compiler.compile import compile_graph
from compiler.program import Program
from compiler.tflite_reader import read_model
from examples.digits import network
from examples.digits.demo import show
from firmware.builder import FirmwareBuilder
from firmware.describe import host_custom_op
from firmware.host import HostOps
from firmware.host_core import HostCore
from sim.model import FunctionalModel, Region
from sim.reference import Reference, extreme_inputs

FOLDER = Path(__file__).parents[2] / "examples" / "digits"
SOURCE = FOLDER / "soft_knee.cc"
N_IMAGES = 50  # of the test images, for what is slower than the reference


def model() -> bytes:
    return (FOLDER / "digits.tflite").read_bytes()


@cache
def test_images() -> tuple[NDArray[np.int8], NDArray[np.uint8]]:
    with np.load(FOLDER / "test_images.npz") as file:
        return file["images"], file["labels"]


test_images.__test__ = False  # type: ignore[attr-defined]  # not a test, though named like one


@cache
def reference() -> Reference:
    return Reference(model(), {"SoftKnee": host_custom_op(HostOps([SOURCE], []))}, "digits")


def test_test_images_are_what_the_network_takes() -> None:
    images, labels = test_images()
    (x,) = reference().graph.inputs
    assert len(images) == len(labels) >= 300
    assert (images.shape[1:], images.dtype) == (x.shape[1:], np.int8)
    assert set(labels) == set(range(10))


def test_accuracy_is_that_of_the_readme() -> None:
    text = (FOLDER / "README.md").read_text()
    found = re.search(r"over (\d+) test images: float [\d.]+%, int8 ([\d.]+)%", text)
    assert found is not None
    images, labels = test_images()
    right = sum(
        int(reference().run([image[np.newaxis]])[0].argmax()) == label
        for image, label in zip(images, labels, strict=True)
    )
    assert int(found[1]) == len(labels)
    assert float(found[2]) == pytest.approx(100 * right / len(labels), abs=0.05)
    assert right >= 0.96 * len(labels)


def test_multiply_accumulates_are_those_of_the_readme() -> None:
    program = compiled("small")[0]
    text = (FOLDER / "README.md").read_text()
    found = re.search(r"([\d,]+) multiply-accumulates", text)
    assert found is not None
    assert int(found[1].replace(",", "")) == sum(layer.macs for layer in program.layers)


@cache
def compiled(config: str) -> tuple[Program, HostCore]:
    params = Params(load_config(config))
    builder = FirmwareBuilder(params, [SOURCE])
    program = compile_graph(read_model(model(), "digits"), params.config, builder)
    assert builder.host_core is not None
    return program, builder.host_core


@pytest.mark.parametrize("config", ["tiny", "small", "medium", "large"])
def test_functional_model_equals_the_reference(config: str) -> None:
    program, core = compiled(config)
    images, _ = test_images()
    (x,), (y,) = program.inputs, program.outputs
    inputs = [image[np.newaxis] for image in images[:N_IMAGES]]
    inputs += [array for (array,) in extreme_inputs(reference().graph)]
    for number, image in enumerate(inputs):
        data = bytearray(program.input_bytes)
        data[x.offset : x.offset + x.n_bytes] = image.tobytes()
        output = bytearray(program.output_bytes)
        accelerator = FunctionalModel(Params(load_config(config)), core)
        accelerator.regions = [
            Region(bytearray(program.image)),
            Region(data),
            Region(output, read=False, write=True),
            Region(bytearray(program.arena_bytes), write=True),
        ]
        accelerator.run(program.commands)
        (expected,) = reference().run([image])
        assert output[y.offset : y.offset + y.n_bytes] == expected.tobytes(), f"image {number}"


# ---- how it was made ---------------------------------------------------------------------------
def test_gradients_are_differences_of_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every kind of parameter and of the input, without the rounding to a grid."""
    for name in ("VALUE_BITS", "GRADIENT_BITS"):
        monkeypatch.setattr(network, name, 45)
    rng = np.random.default_rng(1)
    layers = network.digits_network(rng)
    x, weights = rng.random((3, 8, 8, 1)), rng.standard_normal((3, 10))

    def loss() -> float:
        return float((network.forward(layers, x) * weights).sum())

    loss()
    gradient = weights
    for layer in reversed(layers):
        gradient = layer.backward(gradient)
    step = 1e-6
    values = [(p.value, p.gradient.copy()) for layer in layers for p in layer.parameters]
    for value, expected in [*values, (x, gradient)]:
        for index in rng.integers(0, value.size, 8):
            at = np.unravel_index(index, value.shape)
            kept = value[at]
            value[at] = kept + step
            difference = loss()
            value[at] = kept - step
            difference -= loss()
            value[at] = kept
            assert difference / (2 * step) == pytest.approx(expected[at], rel=1e-3, abs=1e-4)


@pytest.mark.skipif("WEFT_SLOW" not in os.environ, reason="takes a minute; set WEFT_SLOW=1")
def test_training_again_gives_the_committed_files(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="needs scikit-learn for its digits")
    from examples.digits.train import main

    main(tmp_path)
    assert (tmp_path / "digits.tflite").read_bytes() == model()
    with np.load(tmp_path / "test_images.npz") as made:
        images, labels = test_images()
        np.testing.assert_array_equal(made["images"], images)
        np.testing.assert_array_equal(made["labels"], labels)


# ---- how it is shown ---------------------------------------------------------------------------
def shown(console: Console, n: int = 100) -> str:
    """What is printed of some images, the third of which is misread."""
    images, labels = test_images()
    predictions = labels[:n].astype(int)
    predictions[2] = (predictions[2] + 1) % 10
    probabilities = np.zeros((n, 10))
    probabilities[np.arange(n), predictions] = 0.25
    show(images[:n], labels[:n], predictions, probabilities, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [20, 80, 200])
@pytest.mark.parametrize("colours", [None, "truecolor"])
def test_digits_and_predictions_fit_the_terminal(width: int, colours: str | None) -> None:
    console = Console(
        file=io.StringIO(), width=width, color_system=colours, force_terminal=colours is not None
    )
    lines = re.sub(r"\x1b\[[\d;]*m", "", shown(console)).splitlines()
    assert max(map(len, lines)) <= width
    _, labels = test_images()
    wrong = f"{(labels[2] + 1) % 10}, not {labels[2]}"
    assert sum(wrong in line for line in lines) >= 1
    assert any("Misread, 1 of 100" in line for line in lines)
    assert any("25%" in line for line in lines)


def test_picture_without_colours_has_the_image_in_shades() -> None:
    image = np.full((8, 8, 1), -128, np.int8)
    image[1, 2], image[6, 0] = 127, 0
    console = Console(file=io.StringIO(), width=16, color_system=None)
    show(image[np.newaxis], np.array([3]), np.array([3]), np.array([0.5]), console)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    expected = [""] * 8
    expected[1], expected[6] = "    ██", "▒▒"
    assert [line.rstrip() for line in lines[:8]] == expected
    assert [line.strip() for line in lines[8:10]] == ["3", "50%"]
